import { X509Certificate } from 'node:crypto';
import { Inject } from '@nestjs/common';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import type { Clock, Registry } from '#libs/platform';
import { type RegistryReader, RegistryUnavailable } from '#libs/registry';
import type { Configuration } from '../config.ts';
import { CLOCK, CONFIGURATION, METRICS } from '../core/tokens.ts';
import type { Principal } from '../http/auth/principal.ts';
import { About } from './about.ts';
import type { CertificateStatus, RegistryStatus, Status, TopicLag } from './status.views.ts';
import { REGISTRY } from './tokens.ts';

const LAG = 'trunkline_consumer_lag';
const SOFTWARE_VERSION = 'trunkline-central-controller/0.1.0';

export class GetStatus extends Query<Status> {
  constructor(readonly by: Principal) {
    super();
  }
}
@QueryHandler(GetStatus)
export class GetStatusHandler implements IQueryHandler<GetStatus> {
  private readonly certificates: CertificateStatus[];

  constructor(
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
    @Inject(REGISTRY) private readonly registry: RegistryReader,
    @Inject(METRICS) private readonly metrics: Registry,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly about: About,
  ) {
    this.certificates = certificatesOf(configuration.tls);
  }

  /** Answers whatever is away: it is asked when something is. */
  async execute({ by }: GetStatus): Promise<Status> {
    const { region, regions } = this.configuration.config;
    const nowMs = this.clock.wallMs();
    return {
      now: new Date(nowMs).toISOString(),
      started_at: new Date(nowMs - Math.round(process.uptime() * 1_000)).toISOString(),
      region,
      regions: [...regions],
      software_version: SOFTWARE_VERSION,
      node_version: process.version,
      parts: this.about.parts(),
      lag: await lagOf(this.metrics),
      registry: await registryOf(this.registry),
      certificates: this.certificates,
      access: this.about.whoMay(),
      asked_by: { subject: by.subject, roles: [...by.roles], named: by.named },
    };
  }
}

export const STATUS_PROVIDERS = [GetStatusHandler, About];

async function lagOf(metrics: Registry): Promise<TopicLag[]> {
  const { values } = (await metrics.getSingleMetric(LAG)?.get()) ?? { values: [] };
  const topics = new Map<string, TopicLag>();
  for (const { labels, value } of values) {
    const topic = String(labels.topic);
    const known = topics.get(topic) ?? { topic, partitions: 0, records: 0, worst: 0 };
    topics.set(topic, {
      topic,
      partitions: known.partitions + 1,
      records: known.records + value,
      worst: Math.max(known.worst, value),
    });
  }
  return [...topics.values()].sort((a, b) => (a.topic < b.topic ? -1 : 1));
}

async function registryOf(registry: RegistryReader): Promise<RegistryStatus> {
  try {
    const progress = await registry.missing();
    return progress === undefined ? { state: 'whole' } : { state: 'rebuilding', progress: { ...progress } };
  } catch (error) {
    if (error instanceof RegistryUnavailable) return { state: 'unavailable' };
    throw error;
  }
}

function certificatesOf(tls: Configuration['tls']): CertificateStatus[] {
  if (tls === undefined) return [];
  const files = [
    ['own', tls.cert],
    ['authority', tls.ca],
  ] as const;
  return files.map(([what, pem]) => {
    const certificate = new X509Certificate(pem);
    const uri = /URI:([^,]+)/.exec(certificate.subjectAltName ?? '')?.[1];
    return {
      what,
      name: uri ?? certificate.subject,
      not_before: new Date(certificate.validFrom).toISOString(),
      not_after: new Date(certificate.validTo).toISOString(),
    };
  });
}
