import { randomUUID } from 'node:crypto';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { type HealthReport, TIMING, TOPIC, topicName } from '#libs/contracts';
import { KafkaLog } from '#libs/log';
import { createLogger, createRegistry, type Registry, systemClock } from '#libs/platform';
import { ControllerConfig, type Timings } from '../../../apps/central-controller/src/config.ts';
import { createApp } from '../../../apps/central-controller/src/http/create-app.ts';
import type { Part } from '../../../apps/central-controller/src/part-names.ts';
import { healthReport } from '../../support/health-reports.ts';
import { PeerCaller } from '../../support/peer-caller.ts';
import { type PeerPki, peerPki } from '../../support/peer-pki.ts';
import { freePort } from '../../support/servers.mjs';
import { waitFor } from '../../support/wait-for.ts';

const PARTITIONS = 3;
const BROKERS = (process.env.TRUNKLINE_KAFKA_BROKERS ?? '').split(',');

type Names = Record<
  'east' | 'west' | 'north' | 'sidecar',
  { region: string; kind: 'central-controller' | 'client-sidecar' }
>;

/** One process of the peer region's controller, with some of its parts. */
export interface Controller {
  readonly app: NestExpressApplication;
  readonly port: number;
  readonly metrics: Registry;
}

/** Two control regions on a real Kafka: the home, which asks, and the peer, whose controllers run here. */
export class PeerWorld {
  readonly home: string;
  readonly peer: string;
  readonly log: KafkaLog;
  pki!: PeerPki<Names>;
  private readonly endings: (() => unknown)[] = [];
  private readonly reports = new Map<string, HealthReport>();

  constructor(private readonly timings: Partial<Timings> = {}) {
    const unique = `t${randomUUID().slice(0, 8)}`;
    this.home = `${unique}-east`;
    this.peer = `${unique}-west`;
    this.log = new KafkaLog({ brokers: BROKERS, clientId: `${unique}-test` });
  }

  async open(): Promise<void> {
    for (const region of [this.home, this.peer])
      await this.log.ensureTopics(region, { partitions: PARTITIONS });
    this.pki = await peerPki<Names>({
      east: { region: this.home, kind: 'central-controller' },
      west: { region: this.peer, kind: 'central-controller' },
      north: { region: 'north', kind: 'central-controller' },
      sidecar: { region: this.home, kind: 'client-sidecar' },
    });
    const reporting = setInterval(() => void this.report(), 1_000);
    this.endings.push(() => clearInterval(reporting));
  }

  async close(): Promise<void> {
    for (const end of this.endings.toReversed()) await end();
    await this.log.close();
  }

  /** It reports from now on, until it is taken away. */
  async agent(changes: Partial<HealthReport> & Pick<HealthReport, 'agent_id'>): Promise<void> {
    const report = healthReport({ incarnation: 'first', capacity: 10, ...changes });
    this.reports.set(report.agent_id, report);
    await this.report();
  }

  server(agent_id: string, changes: Partial<HealthReport> = {}): Promise<void> {
    return this.agent({
      agent_id,
      kind: 'server-sidecar',
      control_region: this.peer,
      server_group: 'scheme',
      ...changes,
    });
  }

  client(agent_id: string): Promise<void> {
    return this.agent({ agent_id, kind: 'client-sidecar', control_region: this.home });
  }

  /** Ready when this resolves. */
  async controller(parts: readonly Part[], given: { readonly port?: number } = {}): Promise<Controller> {
    const controller = await this.unready(parts, given);
    await this.begin(controller);
    return controller;
  }

  /** Listens for gRPC, and none of its parts has begun. */
  async unready(parts: readonly Part[], { port }: { readonly port?: number } = {}): Promise<Controller> {
    const grpcPort = port ?? (await freePort());
    const metrics = createRegistry('test');
    const config = Object.assign(new ControllerConfig(), {
      region: this.peer,
      regions: [this.home, this.peer],
      kafkaBrokers: BROKERS,
      parts,
      partitions: PARTITIONS,
      httpPort: 0,
      grpcPort,
    });
    const app = await createApp({
      configuration: {
        config,
        timings: { ...TIMING, ...this.timings },
        token: undefined,
        peers: [],
        tls: this.pki.of('west'),
      },
      logger: createLogger({ name: 'test', level: 'silent' }),
      metrics,
      clock: systemClock,
    });
    await app.startAllMicroservices();
    this.endings.push(() => app.close());
    return { app, port: grpcPort, metrics };
  }

  async begin({ app }: Controller): Promise<void> {
    await app.listen(0);
    const url = await app.getUrl();
    await waitFor(async () => (await fetch(`${url}/health/ready`)).status === 200, {
      what: 'a ready controller',
      withinMs: 30_000,
    });
  }

  /** @param as whose certificate it shows; absent: none. */
  caller(port: number, as?: keyof Names): PeerCaller {
    return this.callerWith(port, as && this.pki.of(as));
  }

  callerWith(port: number, tls: ConstructorParameters<typeof PeerCaller>[2]): PeerCaller {
    const caller = new PeerCaller(port, this.pki.of('west').ca, tls);
    this.endings.push(() => caller.close());
    return caller;
  }

  /** Every decision of the peer's loop on a connection, oldest first: its name, epoch and reason. */
  async decisions(connectionId: string): Promise<string[]> {
    const found: string[] = [];
    const tail = await this.log.tail({
      topics: [topicName(this.peer, TOPIC.controllerEvents)],
      from: 'earliest',
      onBatch: async ({ records }) => {
        for (const record of records) {
          if (!record.readable || record.key !== connectionId) continue;
          const { epoch, reason } = record.data as { epoch: number; reason: string };
          found.push(`${record.name} e${epoch} ${reason}`);
        }
      },
    });
    await tail.caughtUp();
    await tail.stop();
    return found;
  }

  private async report(): Promise<void> {
    const events = [...this.reports.values()].map((report) => ({
      topic: topicName(report.control_region, TOPIC.healthReports),
      key: report.agent_id,
      id: randomUUID(),
      type: 'health-report',
      source: '/test',
      data: { ...report, sequence: Date.now() },
    }));
    await this.log.publish(events);
  }
}
