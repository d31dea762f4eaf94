import type { DecisionReason, FailoverLedger, Placement, Suppression } from '#libs/contracts';
import { ignore } from '../decider.ts';
import type { FleetAgent } from '../fleet.ts';
import { iso } from '../ids.ts';
import type { Choice } from '../placement/index.ts';
import { ask, peerOf } from './ask.ts';
import { remembered } from './backoff.ts';
import { chooseFor, verdict } from './choice.ts';
import { type ClientView, lifeOf, type Picked, pickClient } from './client.ts';
import { openPath, standBy } from './commands.ts';
import { decided, type Standing, type Step } from './draft.ts';
import { flappingHold, isSameHold, JUDGED_STANDING, judge } from './judge.ts';
import type { Plan } from './plan.ts';
import { probeMs } from './probing.ts';
import { type BackoffState, isClosed, type LinkOutcome, type LinkState, livesOf, NO_LIFE } from './state.ts';

/** Decides the next placement, with the next epoch, or that the link must wait for one. */
export function placeNext(given: Step, plan: Plan): LinkOutcome {
  const state = plan.request ? { ...given.state, request: plan.request } : given.state;
  const step = { ...given, state };
  const backoffs = remembered(plan.backoffs ?? state.backoffs, step.input.nowMs);
  const found = find(step, plan, backoffs, given.state.request.dr_client_id);
  const { client } = found;
  const { moves, hold } = judgeNext(step, plan, client);
  if (client.view.ok && hold) {
    return held(step, plan, { ...found, choice: chooseFor(step, client.clientId, backoffs, plan), hold });
  }
  // It counts from the moment on in which it begins, so that of many at once none is overlooked.
  const counted = { ...step, state: { ...state, moves } };
  const peerRegion = plan.over && client.view.ok ? peerOf(step, plan.over) : undefined;
  const unaskable = peerRegion === undefined ? undefined : step.input.fleet.unaskable?.(peerRegion);
  if (plan.over && peerRegion !== undefined && unaskable === undefined) {
    return ask(counted, plan, { over: plan.over, peerRegion, client, backoffs });
  }
  // A question that nobody would answer in time costs the link that time, and its peer the work.
  const unasked = unaskable && { outcome: unaskable, unasked: peerRegion };
  return goOn({ step, counted }, unasked ? { ...plan, peer: unasked } : plan, found);
}

/** The best server that fits, or the wait for one, which is no move yet. */
function goOn(
  { step, counted }: { readonly step: Step; readonly counted: Step },
  plan: Plan,
  found: Found,
): LinkOutcome {
  const { client, backoffs } = found;
  const choice = client.view.ok ? chooseFor(step, client.clientId, backoffs, plan) : undefined;
  if (choice?.chosen) return placed(counted, plan, { ...found, choice });
  const flapping = choice && !isFirst(step.state) ? flappingHold(choice) : undefined;
  if (flapping) return held(step, plan, { ...found, choice, hold: flapping });
  if (plan.onlyIfPlaced) return ignore(client.view.ok ? 'no-better-server' : 'no-change');
  return waiting(step, plan, { ...found, choice });
}

/** The client to place. Of a DR client that was not the one before nothing is known. */
function find(
  step: Step,
  plan: Plan,
  backoffs: readonly BackoffState[],
  drBefore: string | undefined,
): Found {
  const { state } = step;
  const known = plan.lives ?? livesOf(state);
  const lives = state.request.dr_client_id === drBefore ? known : { ...known, dr: NO_LIFE };
  const wish = { lives, preferred: plan.preferred, first: isFirst(state) };
  const client = pickClient(step, { ...wish, backoffs: plan.insist ? [] : backoffs });
  return { client, choice: undefined, backoffs };
}

/** Whether the rules let the link move now; what an operator asked for, and what is judged already, they do. */
function judgeNext(step: Step, plan: Plan, client: Picked): ReturnType<typeof judge> {
  const { state } = step;
  const reason = plan.failover?.reason ?? plan.reason;
  const asked = state.asking?.client_id;
  // Whoever is to carry it may be another by now than who did.
  const carried = plan.over?.client_id ?? asked ?? plan.failover?.from_client ?? state.request.client_id;
  const sameClient = client.clientId === carried;
  const judged = sameClient && (asked !== undefined || JUDGED_STANDING.has(reason));
  const free = judged || isReturn(state, client.clientId) || plan.insist === true || isFirst(state);
  if (free) return { moves: state.moves ?? [] };
  return judge(step, {
    reason,
    clientGone:
      !sameClient || lifeOf(step, client.clientId, plan.lives).gone || lifeOf(step, client.clientId).gone,
    sameClient,
    approved: plan.approved ?? false,
    anew: plan.anew ?? false,
  });
}

/** A failback, which was asked for and held nothing back, came to nothing: the stand-in has the link again. */
function isReturn({ phase, failover }: LinkState, clientId: string): boolean {
  return phase === 'activating' && failover?.reason === 'failback' && failover.from_client === clientId;
}

function held(step: Step, plan: Plan, found: Found & { hold: Suppression }): LinkOutcome {
  const { suppressed } = step.state;
  if (plan.onlyIfPlaced && suppressed?.reason === found.hold.reason) return ignore('no-change');
  if (plan.anew && isSameHold(suppressed, found.hold)) return ignore('no-change');
  return waiting(step, plan, found);
}

interface Found {
  readonly client: Picked;
  readonly choice: Choice | undefined;
  readonly backoffs: readonly BackoffState[];
  /** What holds the link back, though its client is there. */
  readonly hold?: Suppression;
}

function placed(step: Step, plan: Plan, found: Found & { choice: Choice }): LinkOutcome {
  const { state, input } = step;
  const { client, choice, backoffs } = found;
  const { chosen, target } = choice;
  if (chosen === undefined || !client.view.ok) return ignore('no-better-server');
  const peer = verdict(step, plan, chosen.agent_id);
  // The epoch that the peer was asked for is its server's alone.
  const epoch = peer?.went === 'peer' ? state.epoch : state.epoch + 1;
  const placement = placementOn(step, client.clientId, client.view.incarnation, chosen, epoch);
  const first = isFirst(state);
  const aside = asideOf(state, placement, client);
  return decided(step, first ? 'connection-assigned' : 'failover-decided', {
    phase: first ? 'assigned' : 'activating',
    reason: plan.reason,
    after: {
      placement,
      ...carriedBy(state, client, aside),
      backoffs,
      failover_target: target?.agent_id,
      health_score: undefined,
      leave: undefined,
    },
    commands: [
      ...openPath(placement, state.request),
      ...(plan.release?.(chosen.agent_id) ?? []),
      ...(aside ? [standBy(epoch, aside.agent_id, aside.incarnation)] : []),
    ],
    candidates: choice.candidates,
    dueMs: input.nowMs + probeMs(step, plan, client, backoffs),
    ...(plan.request ? { request: plan.request } : {}),
    failover: first ? undefined : ledgerTo(plan.failover, chosen.agent_id, input.nowMs),
    peer,
    values: plan.values,
  });
}

function placementOn(
  { input }: Step,
  clientId: string,
  incarnation: string,
  server: FleetAgent,
  epoch: number,
): Placement {
  const client = input.fleet.agents.get(clientId);
  return {
    epoch,
    client_id: clientId,
    client_incarnation: incarnation,
    server_id: server.agent_id,
    server_incarnation: server.incarnation,
    address: server.address,
    server_region: server.region,
    leased: server.leaseMs !== undefined || client?.leaseMs !== undefined,
    ...(client?.leaseMs === undefined ? {} : { client_lease_ms: client.leaseMs }),
    ...(server.leaseMs === undefined ? {} : { server_lease_ms: server.leaseMs }),
  };
}

/** The client that asked is there, and its DR client is about to carry the link: it is told, once in each of its lives. */
function asideOf(state: LinkState, { client_id }: Placement, { other }: Picked): LinkState['standby'] {
  if (client_id === state.request.client_id || !other?.isAlive) return undefined;
  const { clientId: agent_id, view } = other;
  const incarnation = view.life.incarnation ?? '';
  const told = state.standby?.agent_id === agent_id && state.standby.incarnation === incarnation;
  return told ? undefined : { agent_id, incarnation };
}

/** Which client carries the link from now on, and which stands by. */
function carriedBy(
  state: LinkState,
  { clientId, lives }: Picked,
  aside: LinkState['standby'],
): Pick<Standing, 'client' | 'dr' | 'carrier' | 'standby' | 'failbackAtMs'> {
  const isAsker = clientId === state.request.client_id;
  const before = state.standby?.agent_id === clientId ? undefined : state.standby;
  return {
    ...lives,
    carrier: isAsker ? undefined : clientId,
    standby: aside ?? before,
    failbackAtMs: undefined,
  };
}

function waiting(step: Step, plan: Plan, { client, choice, backoffs, hold }: Found): LinkOutcome {
  const { state } = step;
  const { view } = client;
  const first = isFirst(state);
  const name = hold ? 'failover-suppressed' : 'failover-failed';
  return decided(step, first ? 'connection-requested' : name, {
    phase: first ? 'requested' : hold ? 'suppressed' : 'waiting-for-capacity',
    reason: hold?.reason ?? waitReason(view, plan),
    after: {
      placement: undefined,
      ...carriedBy(state, client, undefined),
      backoffs,
      failover_target: undefined,
      health_score: undefined,
      leave: undefined,
    },
    commands: plan.release?.(undefined) ?? [],
    candidates: choice?.candidates,
    // Without a time the fleet wakes it: a server or its client is heard again.
    dueMs: view.ok ? choice?.retryAtMs : view.untilMs,
    ...(plan.request ? { request: plan.request } : {}),
    failover: first ? undefined : plan.failover,
    peer: verdict(step, plan, undefined),
    suppressed: hold,
    values: plan.values,
  });
}

function waitReason(view: ClientView, plan: Plan): DecisionReason {
  if (view.ok) return 'no-capacity';
  return view.why === 'backing-off' ? plan.reason : view.why;
}

/** Whether it is still the first placement that is looked for, so that nothing fails over. */
const isFirst = (state: LinkState): boolean => state.phase === 'requested' || isClosed(state);

function ledgerTo(ledger: FailoverLedger | undefined, to: string, nowMs: number): FailoverLedger | undefined {
  return ledger && { ...ledger, to, decided_at: iso(nowMs) };
}
