import { type Fact, type Input, link, type Outcome } from '../src/index.ts';
import { Scenario } from './scenario.ts';
import { blast, damping, freeze, settings } from './settings.ts';
import {
  closed,
  established,
  inTurn,
  lostByServer,
  planned,
  slow,
  swallowed,
  unplanned,
  WAYS,
} from './ways.ts';

/** What may come of one input in one phase: decisions with the phase they lead to, and reasons why nothing changes. */
export interface Cell {
  readonly decisions: ReadonlySet<string>;
  readonly ignored: ReadonlySet<string>;
}

export const UNKNOWN = 'unknown';

/** The name of an outcome as the table of states writes it. */
export function labelOf(outcome: Outcome<string, { phase: string }>): string {
  switch (outcome.kind) {
    case 'append':
      return `\`${outcome.name}\` → ${outcome.data.phase}`;
    case 'ignore':
      return outcome.reason;
    case 'reject':
      return `${outcome.reason} (dead letter)`;
    default:
      return outcome satisfies never;
  }
}

/** The input's row: a fact's name, or which kind of time. */
export function rowOf(state: link.LinkState | undefined, input: Input): string {
  if (input.kind === 'fact') return input.fact.name;
  const dueMs = state && link.nextDueMs(state);
  return dueMs !== undefined && input.nowMs >= dueMs ? 'time: due' : 'time: fleet changed';
}

/** A link that its client had and gave up, in an earlier life. */
function veteran(): Scenario {
  const given = new Scenario().server('server-1').client({ incarnation: 'c0' });
  given.request({ incarnation: 'c0' });
  inTurn(established, lostByServer, established, closed())(given);
  return given.pass(600_000).without('server-1').client();
}

const STARTS = [
  { start: () => new Scenario(), fleets: 9 },
  // An earlier life makes no difference to the fleet.
  { start: veteran, fleets: 2 },
];

/** What the fleet may have become since. */
const FLEETS: readonly ((given: Scenario) => unknown)[] = [
  () => undefined,
  (given) => given.server('server-9', { carried: 0 }),
  (given) => given.without('server-2').without('server-3'),
  (given) => given.without('server-1').without('server-2').without('server-3'),
  (given) => given.without('client-1'),
  (given) => given.client({ incarnation: 'c3' }),
  (given) => damping(given.server('server-9', { carried: 0 })),
  (given) => blast(given.server('server-9', { carried: 0 })),
  (given) => freeze(given.server('server-9', { carried: 0 })),
];

/** Every way, gone by a link that nobody knew and by one that has been before, and then the fleet changed. */
export const BASES: readonly (() => Scenario)[] = STARTS.flatMap(({ start, fleets }) =>
  WAYS.flatMap((way) =>
    FLEETS.slice(0, fleets).map((change) => () => {
      const given = start();
      way(given);
      change(given);
      return given;
    }),
  ),
);

const EPOCHS = [-1, 0, 1];
/** Epochs of an earlier request of the client lie further back. */
const LONG_AGO = -3;
const AGENTS = [
  { agent_id: 'client-1', incarnation: 'c0' },
  { agent_id: 'client-1', incarnation: 'c1' },
  { agent_id: 'client-1', incarnation: 'c2' },
  { agent_id: 'client-1', incarnation: 'c3' },
  { agent_id: 'dr-1', incarnation: 'd1' },
  { agent_id: 'dr-1', incarnation: 'd2' },
  { agent_id: 'server-1', incarnation: 'a' },
  { agent_id: 'server-1', incarnation: 'b' },
  { agent_id: 'server-2', incarnation: 'a' },
  { agent_id: 'stranger', incarnation: 'x' },
];

/** Inputs of every kind, right ones and wrong ones, for a link as it is now. */
export function* inputsFor(given: Scenario): Iterable<Input> {
  yield { kind: 'time', nowMs: given.nowMs, fleet: given.fleet };
  const due = given.state && link.nextDueMs(given.state);
  if (due !== undefined) yield { kind: 'time', nowMs: Math.max(due, given.nowMs), fleet: given.fleet };
  for (const [name, data] of factsFor(given)) yield given.fact(name, data);
  for (const [name, data] of settings(given)) yield given.setting(name, data);
}

function* factsFor(given: Scenario): Iterable<[Fact['name'], object]> {
  const epochNow = given.state?.epoch ?? 1;
  yield* requests();
  for (const agent of AGENTS) {
    yield ['agent-silent', agent];
    yield ['agent-returned', agent];
    yield ['agent-drain-requested', { ...agent, ...unplanned }];
  }
  for (const by of EPOCHS) {
    const epoch = Math.max(1, epochNow + by);
    for (const wish of [planned, unplanned, { ...unplanned, force: true }]) {
      yield ['failover-requested', wish];
      yield ['failover-requested', { ...wish, epoch }];
    }
    yield* peers(epoch);
    yield ['connection-degraded', { epoch, ...slow }];
    yield ['connection-degraded', { epoch, ...swallowed }];
    yield ['connection-recovered', { epoch, health_score: 95, terms: {} }];
    yield ['backend-changed', { epoch, to: 'pod:1', reason: 'r' }];
    yield* ends(epoch);
    yield* answers(given, epoch);
  }
  const agent = { agent_id: 'client-1', incarnation: 'c1' };
  yield ['connection-closed', { epoch: Math.max(1, epochNow + LONG_AGO), reason: 'r', ...agent }];
}

function* peers(epoch: number): Iterable<[Fact['name'], object]> {
  const answer = { epoch, peer_region: 'west', took_ms: 9 };
  for (const server_id of ['server-1', 'server-2', 'server-9', 'stranger']) {
    yield ['peer-answered', { ...answer, outcome: 'assigned', server_id }];
  }
  yield ['peer-answered', { ...answer, outcome: 'refused', reason: 'no-capacity' }];
  yield ['peer-answered', { ...answer, outcome: 'timeout' }];
  const asked = { client_id: 'client-1', server_group: 'scheme', reason: 'server-lost' };
  yield ['server-requested', { ...asked, epoch, requesting_region: 'west' }];
}

function* ends(epoch: number): Iterable<[Fact['name'], object]> {
  for (const agent of AGENTS) {
    yield ['new-connection-established', { epoch, client_id: 'client-1', server_id: 'server-1', ...agent }];
    yield ['connection-closed', { epoch, reason: 'r', ...agent }];
    for (const reason of ['peer-reset', 'keepalive-timeout', 'application-closed', 'shutdown']) {
      yield ['connection-lost', { epoch, reason, observed_by: 'sidecar', ...agent }];
    }
  }
}

function* requests(): Iterable<[Fact['name'], object]> {
  const valid = { kind: 'link', client_id: 'client-1', server_group: 'scheme' };
  for (const incarnation of ['c0', 'c1', 'c2', 'c3', undefined]) {
    const said = incarnation === undefined ? {} : { agent_id: 'client-1', incarnation };
    yield ['connection-request', { ...valid, ...said }];
    yield ['connection-request', { ...valid, ...said, preferred_server: 'server-2' }];
  }
  yield ['connection-request', { ...valid, client_id: 'other' }];
}

/** Commands whose answers are tried, the latest ones. */
const LATEST_COMMANDS = 9;

function* answers(given: Scenario, epoch: number): Iterable<[Fact['name'], object]> {
  const known = given.decisions.flatMap(({ data }) => data.commands).slice(-LATEST_COMMANDS);
  const invented = { command_id: `${given.id}/99/connect/client-1`, agent_id: 'client-1', incarnation: 'c1' };
  for (const { command_id, agent_id, incarnation } of [...known, invented]) {
    const answer = { command_id, agent_id, epoch };
    yield ['command-succeeded', { ...answer, incarnation }];
    for (const reason of ['dial-failed', 'internal-error']) {
      yield ['command-failed', { ...answer, incarnation, reason }];
    }
    for (const life of [incarnation, 'another']) {
      yield ['command-refused', { ...answer, incarnation: life, reason: 'other-incarnation' }];
    }
    yield ['command-refused', { ...answer, incarnation, reason: 'expired' }];
    for (const how of ['succeeded', 'failed', 'refused'] as const) {
      yield [`command-${how}`, { ...answer, agent_id: 'stranger', incarnation, reason: 'expired' }];
    }
  }
}
