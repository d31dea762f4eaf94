import { Inject } from '@nestjs/common';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { TOPIC, topicName } from '#libs/contracts';
import { explain } from '#libs/domain';
import { type LogRecord, LogUnavailable, type OffsetRange } from '#libs/log';
import type { Clock } from '#libs/platform';
import { type ConnectionView, type EventView, REGISTRY_LIMITS, type RegistryReader } from '#libs/registry';
import { CLOCK } from '../core/tokens.ts';
import { Problem } from '../http/problem.ts';
import { momentOf } from './at.ts';
import { EXPLAIN_READS } from './explain.limits.ts';
import { LogLooks } from './log-looks.ts';
import { found } from './queries.ts';
import { REGISTRY } from './tokens.ts';

/** An explanation, and the moment that it is of. */
export interface ExplanationView extends explain.Explanation {
  /** RFC 3339. */
  readonly at: string;
}

export class ExplainConnection extends Query<ExplanationView> {
  constructor(
    readonly id: string,
    /** RFC 3339; absent: now. */
    readonly at?: string,
  ) {
    super();
  }
}

@QueryHandler(ExplainConnection)
export class ExplainConnectionHandler implements IQueryHandler<ExplainConnection> {
  constructor(
    @Inject(REGISTRY) private readonly registry: RegistryReader,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly looks: LogLooks,
  ) {}

  async execute({ id, at }: ExplainConnection): Promise<ExplanationView> {
    const nowMs = this.clock.wallMs();
    const atMs = at === undefined ? nowMs : momentOf(at, nowMs);
    const events = at === undefined ? await this.newest(id) : await this.upTo(id, atMs, at);
    const explained = found(
      explain.explain(events as unknown as explain.ExplainedEvent[]),
      'connection-not-found',
    );
    const facts = await this.factsOf(explained);
    const causes = explained.causes.map((step) => ({
      ...step,
      evidence: step.evidence.map((each) => ({ ...each, ...facts.get(placeOf(each)) })),
    }));
    return { ...explained, causes, at: new Date(atMs).toISOString() };
  }

  /** Its newest decisions that the registry keeps, the oldest first. */
  private async newest(id: string): Promise<EventView[]> {
    const events: EventView[] = [];
    let cursor: string | undefined;
    do {
      const limit = REGISTRY_LIMITS.pageSize;
      const request = cursor === undefined ? { limit } : { limit, cursor };
      const page = found(await this.registry.connectionEvents(id, request), 'connection-not-found');
      events.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor !== undefined && events.length < 2 * EXPLAIN_READS.decisions);
    return events.slice(-EXPLAIN_READS.decisions);
  }

  /** The decisions up to the one that stood at that moment. */
  private async upTo(id: string, atMs: number, at: string): Promise<EventView[]> {
    const row = found(
      await this.registry.connectionAt(id, atMs),
      'connection-not-found',
      `nothing was decided on it until ${at}`,
    );
    const kept = await this.newest(id);
    const upTo = kept.filter(({ data }) => Number(data.version) <= row.version);
    const newestKept = Number(upTo.at(-1)?.data.version ?? 0);
    return newestKept === row.version ? upTo : this.fromLog(id, row);
  }

  /** So long ago that only the log has it: the places of its decisions are known, and are read there. */
  private async fromLog(id: string, { version, home_region }: ConnectionView): Promise<EventView[]> {
    const fromVersion = Math.max(1, version - EXPLAIN_READS.decisionsFromLog + 1);
    const entries =
      (await this.registry.historyOf(id, {
        fromVersion,
        toVersion: version,
        limit: EXPLAIN_READS.decisionsFromLog,
      })) ?? [];
    const topic = topicName(home_region, TOPIC.controllerEvents);
    const records = new Map<string, LogRecord>();
    const whole = await this.looks.read(
      entries.map(({ partition, offset }) => one({ topic, partition, offset })),
      EXPLAIN_READS.decisionsMs,
      (record) => records.set(placeOf(record), record),
    );
    if (!whole) throw new LogUnavailable('the log did not give the decisions in time');
    const events = entries.map(({ event_id, type, time, partition, offset }): EventView | undefined => {
      const record = records.get(placeOf({ topic, partition, offset }));
      if (!record?.readable || record.id !== event_id) return undefined;
      return { event_id, type, time, partition, offset, data: record.data as EventView['data'] };
    });
    // Without gaps up to the one that is asked for: what is missing before is only not known.
    const rest = events.slice(events.lastIndexOf(undefined) + 1) as EventView[];
    if (rest.length > 0) return rest;
    throw new Problem('before-retention', { detail: 'the log no longer has the decisions of that time' });
  }

  /** The facts that the steps cite, by their place, as far as the log has them and gives them in time. */
  private async factsOf({ causes }: explain.Explanation): Promise<Map<string, Resolved>> {
    const cited = new Map<string, string | undefined>();
    const ranges: OffsetRange[] = [];
    for (const evidence of causes.flatMap((step) => step.evidence).reverse()) {
      const { topic, partition, offset, event_id } = evidence;
      if (topic === undefined || partition === undefined || offset === undefined) continue;
      const place = placeOf(evidence);
      if (cited.has(place) || ranges.length >= EXPLAIN_READS.facts) continue;
      cited.set(place, event_id);
      ranges.push(one({ topic, partition, offset }));
    }
    const facts = new Map<string, Resolved>();
    const take = (record: LogRecord) => {
      const place = placeOf(record);
      // Another log under the same name has other records there.
      if (!record.readable || cited.get(place) !== record.id) return;
      const data = record.data as Record<string, unknown>;
      const { agent_id } = data;
      facts.set(place, typeof agent_id === 'string' ? { agent_id, data } : { data });
    };
    try {
      await this.looks.read(ranges, EXPLAIN_READS.factsMs, take);
    } catch (error) {
      // The explanation stands without them: their places are told.
      if (!(error instanceof LogUnavailable)) throw error;
    }
    return facts;
  }
}

type Resolved = Pick<explain.ExplainedEvidence, 'agent_id' | 'data'>;
type Place = { readonly topic?: string; readonly partition?: number; readonly offset?: number };

const placeOf = ({ topic, partition, offset }: Place): string => `${topic}/${partition}@${offset}`;
const one = ({ offset, ...at }: { topic: string; partition: number; offset: number }): OffsetRange => ({
  ...at,
  from: offset,
  to: offset + 1,
});
