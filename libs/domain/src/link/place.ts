import type {
  DecisionReason,
  Evidence,
  FailoverLedger,
  LinkRequest,
  PeerVerdict,
  Placement,
  Suppression,
} from '#libs/contracts';
import { ignore } from '../decider.ts';
import { iso } from '../ids.ts';
import { type Choice, choose, type Need } from '../placement/index.ts';
import { LINK_POLICY } from '../policy.ts';
import { ask, peerOf } from './ask.ts';
import { remembered, serverUntilMs } from './backoff.ts';
import { type ClientView, viewClient } from './client.ts';
import { type CommandSpec, openPath } from './commands.ts';
import { decided, type Step } from './draft.ts';
import { flappingHold, flappingOf, isSameHold, JUDGED_STANDING, judge } from './judge.ts';
import { type BackoffState, type ClientLife, isClosed, type LinkOutcome, type LinkState } from './state.ts';

/** Moves that were asked for or thought better: the server that is left is tried last. */
export const LEAVING: ReadonlySet<string> = new Set([
  'operator-request',
  'operator-force',
  'agent-draining',
  'better-capacity',
  'unanswered-requests',
]);

/** How a question to the peer ended; not yet whither the link went. */
export type PeerEnd = Pick<PeerVerdict, 'outcome' | 'reason' | 'server_id'> & {
  /** What it named is held no longer. */
  readonly isOver?: boolean;
};

/** How a link without a placement, or whose placement is over, is to be placed next. */
export interface Plan {
  readonly reason: DecisionReason;
  /** The move that this is part of; absent: the link never stood. */
  readonly failover?: FailoverLedger | undefined;
  readonly client?: ClientLife;
  readonly backoffs?: readonly BackoffState[];
  /** What lets the ends of the old placement go; `(server chosen) → commands`. */
  readonly release?: (chosenServer: string | undefined) => readonly CommandSpec[];
  /** The placement that is over just now: its server's control region may be asked for the next server. */
  readonly over?: Placement;
  /** How the open question ended; the link goes on with it, or without. */
  readonly peer?: PeerEnd;
  /** A server to leave, if any other fits. */
  readonly avoid?: string | undefined;
  readonly request?: LinkRequest;
  /** Back-offs do not count: somebody asked for it. */
  readonly insist?: boolean;
  /** Nothing is decided unless a server fits. */
  readonly onlyIfPlaced?: boolean;
  /** An operator agreed to it. */
  readonly approved?: boolean;
  /** What held it back changed: held as before, nothing is decided. */
  readonly anew?: boolean;
  readonly values?: Evidence['values'] | undefined;
}

/** Decides the next placement, with the next epoch, or that the link must wait for one. */
export function placeNext(given: Step, plan: Plan): LinkOutcome {
  const state = plan.request ? { ...given.state, request: plan.request } : given.state;
  const step = { ...given, state };
  const backoffs = remembered(plan.backoffs ?? state.backoffs, step.input.nowMs);
  const view = viewClient(step, plan.client ?? state.client, plan.insist ? [] : backoffs);
  const { moves, hold } = judgeNext(step, plan);
  if (view.ok && hold) {
    return held(step, plan, { view, choice: chooseFor(step, backoffs, plan), backoffs, hold });
  }
  // It counts from the moment on in which it begins, so that of many at once none is overlooked.
  const counted = { ...step, state: { ...state, moves } };
  const peerRegion = plan.over && view.ok ? peerOf(step, plan.over) : undefined;
  if (plan.over && peerRegion !== undefined) {
    const clientId = state.request.client_id;
    return ask(counted, plan, { over: plan.over, peerRegion, clientId, client: view.life, backoffs });
  }
  const choice = view.ok ? chooseFor(step, backoffs, plan) : undefined;
  if (view.ok && choice?.chosen) return placed(counted, plan, { view, choice, backoffs });
  const flapping = choice && !isFirst(state) ? flappingHold(choice) : undefined;
  if (flapping) return held(step, plan, { view, choice, backoffs, hold: flapping });
  if (plan.onlyIfPlaced) return ignore(view.ok ? 'no-better-server' : 'no-change');
  return waiting(step, plan, { view, choice, backoffs });
}

/** Whether the rules let the link move now; what an operator asked for, and what is judged already, they do. */
function judgeNext(step: Step, plan: Plan): ReturnType<typeof judge> {
  const { state } = step;
  const reason = plan.failover?.reason ?? plan.reason;
  const judged = state.asking !== undefined || JUDGED_STANDING.has(reason);
  if (judged || plan.insist || isFirst(state)) return { moves: state.moves ?? [] };
  return judge(step, {
    reason,
    clientGone: state.client.gone || (plan.client?.gone ?? false),
    sameClient: true,
    approved: plan.approved ?? false,
    anew: plan.anew ?? false,
  });
}

function held(step: Step, plan: Plan, found: Found & { hold: Suppression }): LinkOutcome {
  const { suppressed } = step.state;
  if (plan.onlyIfPlaced && suppressed?.reason === found.hold.reason) return ignore('no-change');
  if (plan.anew && isSameHold(suppressed, found.hold)) return ignore('no-change');
  return waiting(step, plan, found);
}

/** What this link needs of a server now. */
export function needOf({ state, input }: Step, backoffs: readonly BackoffState[] = state.backoffs): Need {
  const { server_group, preferred_server, link_group, client_id } = state.request;
  const location = input.fleet.agents.get(client_id)?.location;
  return {
    connectionId: state.connection_id,
    serverGroup: server_group,
    ...(preferred_server === undefined ? {} : { preferredServer: preferred_server }),
    ...(link_group === undefined ? {} : { linkGroup: link_group }),
    ...(location === undefined ? {} : { location }),
    nowMs: input.nowMs,
    holder: state.placement?.server_id,
    backoffUntilMs: serverUntilMs(backoffs, client_id),
    flapping: flappingOf({ state, input }),
  };
}

function chooseFor(step: Step, backoffs: readonly BackoffState[], plan: Plan): Choice {
  const { flapping, ...without } = needOf(step, plan.insist ? [] : backoffs);
  const need: Need = plan.insist ? without : { ...without, flapping };
  if (plan.peer) return chooseAfterAsking(step, plan, plan.peer, need);
  if (plan.avoid === undefined) return choose(need, step.input.fleet);
  const choice = choose({ ...need, without: new Map([[plan.avoid, 'left']]) }, step.input.fleet);
  return choice.chosen ? choice : choose(need, step.input.fleet);
}

/** The peer's server, if this side too would take it; else the failover target; else the best. */
function chooseAfterAsking({ state, input }: Step, { avoid }: Plan, peer: PeerEnd, need: Need): Choice {
  const without = avoid === undefined ? {} : { without: new Map([[avoid, 'left']]) };
  // The peer holds a place there, which may be what makes the server look full.
  const named = peer.isOver ? undefined : peer.server_id;
  if (named !== undefined) {
    const first = { agent_id: named, evenIfFull: true };
    const choice = choose({ ...need, ...without, first }, input.fleet);
    if (choice.chosen?.agent_id === named) return choice;
  }
  const first = state.failover_target === undefined ? {} : { first: { agent_id: state.failover_target } };
  const choice = choose({ ...need, ...without, ...first }, input.fleet);
  return choice.chosen || avoid === undefined ? choice : choose({ ...need, ...first }, input.fleet);
}

/** What a decision says of the peer's part in a choice. */
function verdict({ state }: Step, { peer }: Plan, chosen: string | undefined): PeerVerdict | undefined {
  if (peer === undefined || state.asking === undefined) return undefined;
  const { peer_region, epoch } = state.asking;
  const { isOver, ...end } = peer;
  const byPeer = !isOver && peer.outcome === 'assigned' && chosen === peer.server_id;
  const other = chosen === state.failover_target ? 'failover-target' : 'fleet';
  return { peer_region, epoch, ...end, went: chosen === undefined ? 'nowhere' : byPeer ? 'peer' : other };
}

interface Found {
  readonly view: ClientView;
  readonly choice: Choice | undefined;
  readonly backoffs: readonly BackoffState[];
  /** What holds the link back, though its client is there. */
  readonly hold?: Suppression;
}

function placed(
  step: Step,
  plan: Plan,
  { view, choice, backoffs }: Found & { view: { ok: true }; choice: Choice },
): LinkOutcome {
  const { state, input } = step;
  const { chosen } = choice;
  if (chosen === undefined) return ignore('no-better-server');
  const client = input.fleet.agents.get(state.request.client_id);
  const peer = verdict(step, plan, chosen.agent_id);
  const placement: Placement = {
    // The epoch that the peer was asked for is its server's alone.
    epoch: peer?.went === 'peer' ? state.epoch : state.epoch + 1,
    client_id: state.request.client_id,
    client_incarnation: view.incarnation,
    server_id: chosen.agent_id,
    server_incarnation: chosen.incarnation,
    address: chosen.address,
    server_region: chosen.region,
    leased: chosen.leaseMs !== undefined || client?.leaseMs !== undefined,
    ...(client?.leaseMs === undefined ? {} : { client_lease_ms: client.leaseMs }),
    ...(chosen.leaseMs === undefined ? {} : { server_lease_ms: chosen.leaseMs }),
  };
  const first = isFirst(state);
  return decided(step, first ? 'connection-assigned' : 'failover-decided', {
    phase: first ? 'assigned' : 'activating',
    reason: plan.reason,
    after: {
      placement,
      client: view.life,
      backoffs,
      failover_target: choice.target?.agent_id,
      health_score: undefined,
      leave: undefined,
    },
    commands: [...openPath(placement, state.request.link_group), ...(plan.release?.(chosen.agent_id) ?? [])],
    candidates: choice.candidates,
    dueMs: input.nowMs + LINK_POLICY.commandGiveUpMs,
    ...(plan.request ? { request: plan.request } : {}),
    failover: first ? undefined : ledgerTo(plan.failover, chosen.agent_id, input.nowMs),
    peer,
    values: plan.values,
  });
}

function waiting(step: Step, plan: Plan, { view, choice, backoffs, hold }: Found): LinkOutcome {
  const { state } = step;
  const first = isFirst(state);
  const name = hold ? 'failover-suppressed' : 'failover-failed';
  return decided(step, first ? 'connection-requested' : name, {
    phase: first ? 'requested' : hold ? 'suppressed' : 'waiting-for-capacity',
    reason: hold?.reason ?? waitReason(view, plan),
    after: {
      placement: undefined,
      client: view.life,
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
