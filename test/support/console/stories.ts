import type { ConnectionView } from '#libs/registry';
import { Scenario } from '../../../libs/domain/testing/scenario.ts';
import type { Random } from '../../simulation/random.ts';
import { DEAD_SERVER, DR_CLIENT, GROUP, SMALL_GROUP, SMALL_SERVER, serverName } from './fleet.ts';

/**
 * Histories of links, each decided by the product's own rules: what the stage shows is what a control loop would
 * have written. Times are milliseconds since 1970.
 */

export interface Cast {
  readonly id: string;
  readonly clientId: string;
  readonly location: string;
  /** Number of the server that the link is to stand on. */
  readonly server: number;
  readonly servers: number;
  /** When it is asked for. */
  readonly sinceMs: number;
  /** How long after that its path stands, in milliseconds. */
  readonly upAfterMs: number;
  /** When something happens to it, if anything does. */
  readonly atMs: number;
  readonly random: Random;
}

/** How many links each server carries that a link knows of: the first is chosen, the second is the one to go to. */
const CARRIED = [20, 110, 170, 230];
const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** A link of this cast of which nothing was decided yet. */
function scene({ id, clientId, location, server, servers, sinceMs, random }: Cast): Scenario {
  const given = new Scenario(id, clientId);
  given.nowMs = sinceMs;
  given.client({ location });
  for (const [n, each] of neighbours(server, servers).entries()) {
    const zone = `west-2${'abc'[each % 3]}`;
    // What the one that is to die leaves behind does not all go to one other.
    const carried = server === DEAD_SERVER && n > 0 ? random.between(60, 240) : (CARRIED[n] ?? 0);
    given.server(serverName(each), { capacity: 400, carried, location: zone });
  }
  return given;
}

/** The servers that a link knows of, the one that it is to stand on first; nothing goes to the one that is to die. */
function neighbours(server: number, servers: number): number[] {
  const others = Array.from({ length: servers - 1 }, (_none, n) => (server + 1 + n) % servers);
  return [server, ...others.filter((each) => each !== DEAD_SERVER)].slice(0, CARRIED.length);
}

function standing(cast: Cast, over: object = {}): Scenario {
  const given = scene(cast);
  given.request({ server_group: GROUP, metadata: { purpose: 'cards' }, ...over });
  given.pass(cast.upAfterMs).established();
  return given;
}

/** Time goes on to that moment, if it is not past. */
function until(given: Scenario, ms: number): Scenario {
  if (ms > given.nowMs) given.nowMs = ms;
  return given;
}

/** An end says that the path is lost, and is heard a little later. */
export function lost(given: Scenario, by: 'client' | 'server', reason: string, heardMs: number): void {
  const { placement } = given.known();
  const ends = {
    client: { agent_id: placement?.client_id, incarnation: placement?.client_incarnation },
    server: { agent_id: placement?.server_id, incarnation: placement?.server_incarnation },
  };
  const said = { epoch: placement?.epoch, reason, observed_by: `${by}-sidecar`, ...ends[by] };
  const input = given.fact('connection-lost', said);
  given.pass(heardMs);
  given.take({ ...input, nowMs: given.nowMs });
}

/** What obedient agents do until the link stands again: every stop is confirmed, every path comes up. */
export function settle(given: Scenario, random: Random): void {
  for (let turn = 0; turn < 6; turn++) {
    const { phase } = given.known();
    if (phase === 'draining') {
      given.pass(random.between(120, 700));
      given.answer('drain', 'succeeded');
    } else if (phase === 'stopping') {
      given.pass(random.between(4, 40));
      const stop = given.decisions.at(-1)?.data.commands.findLast(({ name }) => name !== 'connect');
      given.answer(stop?.name ?? 'disconnect', 'succeeded');
    } else if (phase === 'activating' || phase === 'assigned') {
      const commanded_at = new Date(given.nowMs + random.between(1, 6)).toISOString();
      given.pass(random.between(14, 180)).established({ commanded_at });
    } else {
      return;
    }
  }
}

export type Story = (cast: Cast) => Scenario;

export const steady: Story = (cast) => standing(cast);

/** The row that `steady` leaves, without the trouble of deciding it: a large world has thousands of them. */
export function steadyRow({ id, clientId, server, servers, sinceMs, upAfterMs }: Cast): ConnectionView {
  return {
    connection_id: id,
    kind: 'link',
    status: 'active',
    phase: 'active',
    epoch: 1,
    version: 2,
    home_region: 'east',
    client_id: clientId,
    server_id: serverName(server),
    failover_target: serverName(neighbours(server, servers)[1] ?? server),
    updated_at: new Date(sinceMs + upAfterMs).toISOString(),
  };
}

/** The server is killed, and the link goes elsewhere. */
export const moved: Story = (cast) => {
  const given = until(standing(cast), cast.atMs);
  lost(given, 'client', 'peer-reset', cast.random.between(3, 25));
  settle(given, cast.random);
  return given;
};

/** The same, and the server stays away. */
export const bereft: Story = (cast) => moved(cast).without(serverName(cast.server));

/** Keepalives stay away, and the link goes elsewhere. */
export const timedOut: Story = (cast) => {
  const given = until(standing(cast), cast.atMs);
  lost(given, 'client', 'keepalive-timeout', cast.random.between(3, 25));
  settle(given, cast.random);
  return given;
};

/** It answers late, and nothing better is there. */
export const degraded: Story = (cast) => {
  const given = scene(cast);
  for (const each of neighbours(cast.server, cast.servers).slice(1)) given.without(serverName(each));
  given.request({ server_group: GROUP });
  given.pass(30).established();
  until(given, cast.atMs);
  given.tell('connection-degraded', {
    epoch: given.known().epoch,
    health_score: 47,
    terms: { response_time: 38, rtt: 15 },
  });
  return given;
};

/** It was moved so lately that it is held back. */
export const damped: Story = (cast) => {
  const given = until(standing(cast).policy({ damping_max_moves: 1 }), cast.atMs - 20 * SECOND);
  lost(given, 'client', 'peer-reset', 12);
  settle(given, cast.random);
  until(given, cast.atMs);
  lost(given, 'client', 'keepalive-timeout', 9);
  return given;
};

/** Too many links failed for one cause: an operator is to say whether they move. */
export const held: Story = (cast) => {
  const given = until(standing(cast), cast.atMs);
  given.policy({ blast_free_links: 0, blast_share: 0 }, { name: 'careful' });
  lost(given, 'client', 'peer-reset', cast.random.between(10, 30));
  return given;
};

/** Its only server is full of others. */
export const waiting: Story = (cast) => {
  const given = scene(cast).server(SMALL_SERVER, { group: SMALL_GROUP, capacity: 10 });
  given.request({ server_group: SMALL_GROUP });
  given.pass(20).established();
  until(given, cast.atMs);
  given.server(SMALL_SERVER, { group: SMALL_GROUP, capacity: 10, draining: true });
  lost(given, 'server', 'backend-lost', 15);
  return given;
};

/** Its client died, and the DR client carries it. */
export const onDr: Story = (cast) => {
  const given = scene(cast).dr({}, DR_CLIENT);
  given.request({ server_group: GROUP, dr_client_id: DR_CLIENT });
  given.pass(20).established();
  until(given, cast.atMs);
  lost(given, 'client', 'shutdown', 8);
  settle(given, cast.random);
  return given;
};

/** An operator moves it, planned: it drains first. */
export const asked: Story = (cast) => {
  const given = until(standing(cast), cast.atMs);
  given.tell('failover-requested', { reason: 'patch of the kernel', requested_by: 'ann', planned: true });
  settle(given, cast.random);
  return given;
};

/** Its application closed it. */
export const ended: Story = (cast) => {
  const given = until(standing(cast), cast.atMs);
  given.tell('connection-closed', {
    epoch: given.known().epoch,
    reason: 'no-longer-needed',
    agent_id: cast.clientId,
    incarnation: 'c1',
  });
  return given;
};

/** How many of a hundred links each story is told of; all others are steady. */
export const SHARES: readonly (readonly [Story, number, from: number, to: number])[] = [
  [moved, 5, 3 * MINUTE, 300 * MINUTE],
  [timedOut, 3, 3 * MINUTE, 200 * MINUTE],
  [asked, 2, 10 * MINUTE, 300 * MINUTE],
  [degraded, 1.5, MINUTE, 30 * MINUTE],
  [onDr, 0.7, 5 * MINUTE, 90 * MINUTE],
  [damped, 0.5, 5 * SECOND, 40 * SECOND],
  [waiting, 0.5, MINUTE, 20 * MINUTE],
  [held, 0.7, 20 * SECOND, 3 * MINUTE],
  [ended, 1, 10 * MINUTE, 200 * MINUTE],
];

/** One of each, the first that the shares name, so that a small world has them all. */
export function storyOf(n: number, random: Random): (typeof SHARES)[number] | undefined {
  if (n % 7 === 3 && n < 7 * SHARES.length) return SHARES[(n - 3) / 7];
  let left = random.next() * 100;
  for (const share of SHARES) {
    left -= share[1];
    if (left < 0) return share;
  }
  return undefined;
}
