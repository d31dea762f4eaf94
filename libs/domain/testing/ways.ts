import type { Fact } from '../src/index.ts';
import type { Scenario } from './scenario.ts';
import { blast, damping, flaps, freeze } from './settings.ts';

export const planned = { reason: 'r', requested_by: 'o', planned: true };
export const unplanned = { reason: 'r', requested_by: 'o' };
export const slow = { health_score: 55, terms: { rtt: 20 } };
export const swallowed = { health_score: 40, terms: { unanswered: 60 } };

/** A way to a phase, from a link that is unknown, or that has been through all this before. */
type Way = (start: Scenario) => unknown;

const fresh: Way = (given) => given.server('server-1').server('server-2', { carried: 5 });
const active: Way = (given) => given.server('server-1').server('server-2', { carried: 5 }).active();
const alone: Way = (given) => given.server('server-1').active();
const unleased: Way = (given) =>
  given
    .client({ leaseMs: undefined })
    .server('server-1', { leaseMs: undefined })
    .server('server-2', { leaseMs: undefined, carried: 5 });
const unleasedActive: Way = (given) => {
  unleased(given);
  given.active();
};

export const inTurn =
  (...steps: Way[]): Way =>
  (given) => {
    for (const step of steps) step(given);
  };
const told =
  (name: Fact['name'], data: object): Way =>
  (given) =>
    given.tell(name, data);
const wish = (data: object): Way => told('failover-requested', data);
const request: Way = (given) => given.request();
const due: Way = (given) => given.due();
/** The controller of the servers' region can be asked; its servers are those of the way after it. */
const withPeer: Way = (given) => given.withPeer();
const answered =
  (over: object): Way =>
  (given) =>
    given.peerAnswered(over);
export const established: Way = (given) => given.established();
const lostByClient: Way = (given) => given.lost('client', 'peer-reset');
export const lostByServer: Way = (given) => given.lost('server', 'peer-reset');
const disconnected: Way = (given) => given.answer('disconnect', 'succeeded');
const clientUnheard: Way = (given) => given.without('client-1');
const drainFirst: Way = (given) => given.server('server-1', { draining: true });
const drain = told('agent-drain-requested', { agent_id: 'server-1', incarnation: 'a', ...unplanned });
const degraded =
  (how: object): Way =>
  (given) =>
    given.tell('connection-degraded', { epoch: given.known().epoch, ...how });
export const closed =
  (behind = 0): Way =>
  (given) => {
    const { epoch, client } = given.known();
    const self = { agent_id: 'client-1', incarnation: client.incarnation };
    given.tell('connection-closed', { epoch: epoch - behind, reason: 'r', ...self });
  };

const twice = inTurn(lostByClient, established, lostByClient);

const withDr: Way = (given) => given.dr().server('server-1').server('server-2', { carried: 5 });
const activeWithDr = inTurn(withDr, (given) => {
  given.request({ dr_client_id: 'dr-1' });
  given.established();
});
const clientGoes: Way = (given) => given.lost('client', 'shutdown');
const comesBack: Way = (given) => {
  given.client({ incarnation: 'c2' });
  given.request({ dr_client_id: 'dr-1', incarnation: 'c2' });
};
const byDr = inTurn(activeWithDr, clientGoes, established);
const goesBack = inTurn(byDr, comesBack, told('failover-requested', planned));
const byItself: Way = (given) => given.policy({ failback: 'automatic' });

/** Its client is to be emptied while nobody can take over, and then somebody can. */
const clientDrains = inTurn(
  (given) => given.client({ draining: true }).dr({ suspect: true }),
  told('agent-drain-requested', { agent_id: 'client-1', incarnation: 'c1', ...unplanned }),
);
const drWell: Way = (given) => given.dr();

/** Its client slept, and is told nothing yet. */
const slept = inTurn(
  activeWithDr,
  lostByServer,
  clientUnheard,
  due,
  (given) => given.answer('stop-sending-to-client', 'succeeded'),
  established,
);

/** Ways of a link whose servers' controller can be asked. */
const PEER_WAYS: readonly Way[] = [
  inTurn(withPeer, fresh, request),
  inTurn(withPeer, active),
  inTurn(withPeer, active, degraded(slow)),
  inTurn(withPeer, active, wish(planned)),
  inTurn(withPeer, active, wish(unplanned)),
  inTurn(withPeer, unleased, request),
  inTurn(withPeer, unleasedActive),
  inTurn(withPeer, unleasedActive, degraded(slow)),
  inTurn(withPeer, unleasedActive, wish(unplanned)),
  inTurn(withPeer, unleasedActive, lostByClient, due),
  inTurn(withPeer, damping, alone, lostByServer, flaps('server-1')),
  inTurn(withPeer, active, lostByClient),
  inTurn(withPeer, active, lostByServer, (given) => given.remember('client-1', 'c1')),
  inTurn(withPeer, active, lostByClient, answered({ server_id: 'server-2' })),
  inTurn(withPeer, active, lostByClient, answered({ outcome: 'refused', reason: 'no-capacity' })),
  inTurn(withPeer, active, lostByClient, due),
  inTurn(withPeer, alone, lostByClient, due),
];

/** Ways of a link that has a DR client. */
const DR_WAYS: readonly Way[] = [
  inTurn(activeWithDr, clientGoes),
  byDr,
  inTurn(byDr, comesBack),
  inTurn(activeWithDr, clientGoes, comesBack, (given) =>
    given.answer('disconnect', 'refused', { reason: 'expired' }),
  ),
  goesBack,
  inTurn(goesBack, (given) => given.answer('drain', 'succeeded')),
  inTurn(goesBack, (given) => given.answer('drain', 'succeeded'), disconnected),
  inTurn(byItself, byDr, comesBack),
  inTurn(byItself, byDr, comesBack, freeze),
  inTurn(activeWithDr, lostByServer),
  inTurn(activeWithDr, lostByServer, due),
  inTurn(activeWithDr, lostByServer, due, (given) => given.answer('stop-sending-to-client', 'succeeded')),
  inTurn(withPeer, activeWithDr, lostByServer),
  inTurn(byDr, clientUnheard, clientGoes),
  inTurn(byDr, comesBack, degraded(slow)),
  inTurn(byDr, comesBack, closed()),
  inTurn(activeWithDr, lostByServer, (given) => given.without('dr-1')),
  inTurn(
    byDr,
    comesBack,
    closed(),
    (given) => given.answer('stop-sending-to-client', 'succeeded'),
    (given) => given.request({ dr_client_id: 'dr-1', incarnation: 'c2' }),
  ),
  inTurn(activeWithDr, clientDrains, drWell),
  inTurn(activeWithDr, degraded(slow), clientDrains, drWell),
  slept,
  inTurn(slept, degraded(slow)),
  inTurn(slept, wish(planned)),
  inTurn(slept, wish(unplanned)),
];

/** Ways to come to each phase; each is gone anew for each input. */
export const WAYS: readonly Way[] = [
  () => undefined,
  fresh,
  request,
  inTurn(fresh, clientUnheard, (given) => given.request({ agent_id: undefined, incarnation: undefined })),
  inTurn(fresh, request),
  inTurn(unleased, request),
  active,
  alone,
  unleasedActive,
  inTurn(alone, drainFirst, drain),
  inTurn(fresh, request, drainFirst, established),
  inTurn(alone, degraded(slow), drainFirst, drain),
  inTurn(active, degraded(slow)),
  inTurn(active, (given) => given.server('server-3'), degraded(slow)),
  inTurn(alone, degraded(swallowed)),
  inTurn(unleasedActive, degraded(slow)),
  inTurn(active, degraded(swallowed), disconnected, established, degraded(swallowed)),
  inTurn(active, wish(planned)),
  inTurn(active, wish(planned), (given) => given.answer('drain', 'succeeded')),
  inTurn(unleasedActive, wish(planned)),
  inTurn(active, wish(unplanned)),
  inTurn(unleasedActive, wish(unplanned)),
  inTurn(active, (given) => given.request({ incarnation: 'c2' })),
  inTurn(fresh, request, due),
  inTurn(active, lostByServer, closed(1)),
  inTurn(active, lostByClient),
  inTurn(unleasedActive, lostByClient),
  inTurn(alone, lostByClient),
  inTurn(active, told('agent-silent', { agent_id: 'client-1', incarnation: 'c1' })),
  inTurn(active, clientUnheard, lostByServer),
  inTurn(active, closed()),
  inTurn(active, lostByClient, established, closed()),
  inTurn(damping, active, twice),
  inTurn(blast, active, lostByClient),
  inTurn(damping, alone, flaps('server-1'), lostByClient),
  inTurn(active, lostByServer, established, blast, lostByClient),
  inTurn(blast, active, degraded(swallowed)),
  inTurn(damping, active, lostByServer, established, degraded(swallowed)),
  inTurn(active, freeze, wish(planned)),
  inTurn(active, freeze, drainFirst, drain),
  inTurn(damping, fresh, flaps('server-1'), flaps('server-2'), request),
  inTurn(active, freeze, degraded(slow), drainFirst, drain),
  inTurn(fresh, (given) => given.request({ agent_id: 'other' })),
  ...PEER_WAYS,
  ...DR_WAYS,
];
