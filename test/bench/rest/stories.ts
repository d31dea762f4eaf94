import { randomUUID } from 'node:crypto';
import { TOPIC, topicName } from '#libs/contracts';
import type { Log, OutgoingEvent } from '#libs/log';
import type { DecisionRecord } from '#libs/registry';
import { Scenario } from '../../../libs/domain/testing/scenario.ts';

/** Decisions of a link that was assigned, stood, lost its server, stands again, and is degraded. */
export const STORY = 5;
/** Servers of the group, two of which a link gets to know. */
export const SERVERS = 200;
export const FIRST_MS = Date.parse('2026-01-01T00:00:00Z');
/** Stories begin within so long, in milliseconds. */
export const SPREAD_MS = 3_600_000;
const BETWEEN_MS = 60_000;
/** A server is killed and another one found, that long apart on the link that moves all the time, in milliseconds. */
const MOVE_EVERY_MS = 61_000;
const DEGRADED = { health_score: 58, terms: { rtt: 20, response: 20 } };

export const serverOf = (n: number): string => `server-${n % SERVERS}`;
export const linkOf = (n: number): string => `client-${n}:primary`;

/** When its first decision is made, in milliseconds since 1970. */
export const beginOf = (n: number): number => FIRST_MS + ((n * 7_919) % SPREAD_MS);
/** How long a story takes, in milliseconds. */
export const STORY_MS = 2 * BETWEEN_MS;

/** A link that remembers what it was told, so that the log can hold it as well. */
class Told extends Scenario {
  readonly facts: OutgoingEvent[] = [];

  override fact(...given: Parameters<Scenario['fact']>): ReturnType<Scenario['fact']> {
    const input = super.fact(...given);
    if (input.kind === 'fact') {
      const { fact } = input;
      const time = new Date(fact.timeMs).toISOString();
      const event = { key: this.id, id: fact.id, type: fact.name, source: fact.source, time };
      this.facts.push({ ...event, topic: '', data: fact.data });
    }
    return input;
  }
}

/** What the deciders made of the n-th link. */
export function storyOf(n: number): Told {
  const told = new Told(linkOf(n), `client-${n}`);
  told.nowMs = beginOf(n);
  told
    .server(serverOf(n))
    .server(serverOf(n + 1), { carried: 5 })
    .active()
    .pass(BETWEEN_MS);
  told.lost('client', 'peer-reset');
  told.pass(8).established();
  told.pass(BETWEEN_MS).tell('connection-degraded', { epoch: told.known().epoch, ...DEGRADED });
  if (told.decisions.length !== STORY) throw new Error(`a story of ${told.decisions.length} decisions`);
  return told;
}

/** Puts what a link was told into the log, and its decisions' evidence where that stands now. */
export async function publishFacts(log: Log, region: string, told: readonly Told[]): Promise<void> {
  const topic = topicName(region, TOPIC.connectionStatus);
  const facts = told.flatMap(({ facts: own }) => own.map((fact) => ({ ...fact, topic, id: randomUUID() })));
  const places = await log.publish(facts);
  let from = 0;
  for (const { facts: own, decisions } of told) {
    for (const evidence of decisions.flatMap(({ data }) => data.evidence)) {
      const at = from + own.findIndex(({ id }) => id === evidence.event_id);
      const { partition, offset } = places[at] ?? {};
      Object.assign(evidence, { topic, partition, offset, event_id: facts[at]?.id });
    }
    from += own.length;
  }
}

/** A link's decisions as the projector hands them over, made for a control region. */
export function recordsOf({ id, decisions }: Scenario, region: string): DecisionRecord[] {
  return decisions.map(({ name, data: decided }) => {
    const data = { ...decided, home_region: region };
    const { version } = data;
    const place = { partition: 0, offset: version, timeMs: Date.parse(data.decided_at) };
    return {
      key: id,
      event_id: `${id}/${version}`,
      name,
      version,
      ...place,
      data,
      dataJson: JSON.stringify(data),
    };
  });
}

/** A link that moves all the time: its decisions, some at a time. */
export function* movingAllTheTime(
  id: string,
  region: string,
  decisions: number,
): Generator<DecisionRecord[]> {
  const portion = 700;
  const moving = new Scenario(id, id.split(':')[0])
    .server('server-1')
    .server('server-2', { carried: 5 })
    .active();
  for (let left = decisions; left > 0; ) {
    while (moving.decisions.length < Math.min(portion, left)) {
      moving.pass(MOVE_EVERY_MS).lost('client', 'peer-reset');
      moving.pass(8).established();
    }
    const some = recordsOf(moving, region).slice(0, left);
    moving.decisions.length = 0;
    left -= some.length;
    yield some;
  }
}
