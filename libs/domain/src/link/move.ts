import type { DecisionReason, Evidence, FailoverLedger, LinkRequest, Placement } from '#libs/contracts';
import { failoverId, iso } from '../ids.ts';
import { type Choice, choose } from '../placement/index.ts';
import { LINK_POLICY } from '../policy.ts';
import { lifeOver, withFailure } from './backoff.ts';
import { needOf } from './choice.ts';
import { lifeOf, withIncarnation, withLife } from './client.ts';
import { type CommandSpec, disconnectClient, drainClient, type Requests, stopServer } from './commands.ts';
import { decided, type Standing, type Step } from './draft.ts';
import type { Over } from './over.ts';
import { placeNext } from './place.ts';
import { LEAVING } from './plan.ts';
import { carrierOf, isStandIn, type LinkOutcome, type LinkState, type Lives, otherThan } from './state.ts';

/** The placement is over: the next one, at once. */
export function afterOver(step: Step, placement: Placement, over: Over): LinkOutcome {
  const { state, input } = step;
  // Who was told to stop is not to blame for the end of the path, and nor is its peer.
  const stopping = state.phase === 'stopping';
  const failover =
    stopping && state.failover ? state.failover : ledger(step, placement.server_id, over.reason);
  const blamed = over.failure && (!stopping || over.failure.blame === 'gone') ? over.failure : undefined;
  const backoffs = blamed ? withFailure(state.backoffs, blamed, input.nowMs) : state.backoffs;
  return placeNext(step, {
    reason: failover.reason,
    failover,
    lives: livesAfter(step, placement, over),
    preferred: over.clientFault ? otherThan(state, placement.client_id) : undefined,
    backoffs,
    over: placement,
    release: (chosen) => releaseOf(state, placement, over, chosen),
    avoid:
      isLeft(state, placement, failover) || over.leavesServer
        ? placement.server_id
        : leftBefore(placement, failover),
    values: over.values,
  });
}

function livesAfter(step: Step, { client_id }: Placement, over: Over): Lives {
  const life = lifeOf(step, client_id);
  const after = over.clientGone ? { ...life, gone: true } : withIncarnation(life, over.clientIncarnation);
  return withLife(step, client_id, after);
}

/** Whether the move is away from the server; one that goes to the link's other client may stay on it. */
function isLeft(state: LinkState, { client_id }: Placement, { reason }: FailoverLedger): boolean {
  return LEAVING.has(reason) && carrierOf(state) === client_id;
}

/** A move that led away from a server does not lead back to it while the link does not stand. */
const leftBefore = ({ server_id }: Placement, { from }: FailoverLedger): string | undefined =>
  from === server_id ? undefined : from;

/**
 * When the client's end is what is over, the server may hold its place for a client that never comes:
 * it is told, once. (A live client needs no word: it takes the higher epoch and drops the old path.)
 */
function releaseOf(
  state: LinkState,
  placement: Placement,
  over: Over,
  chosen: string | undefined,
): readonly CommandSpec[] {
  if (over.by === 'server' || chosen === placement.server_id) return [];
  return isLetGo(state, placement) ? [] : [stopServer(placement)];
}

/** Whether the server was told already that its client does not come. */
export const isLetGo = ({ pending }: LinkState, { epoch }: Placement): boolean =>
  pending.some(({ command }) => command.name === 'stop-sending-to-client' && command.epoch === epoch);

/** The ledger of a move that begins now. */
export function ledger({ state, input }: Step, from: string, reason: DecisionReason): FailoverLedger {
  const { placement } = state;
  const detectedMs = input.kind === 'fact' ? input.fact.timeMs : input.nowMs;
  return {
    failover_id: failoverId(state.connection_id, state.epoch + 1),
    from,
    ...(placement && isStandIn(state) ? { from_client: placement.client_id } : {}),
    reason,
    detected_at: iso(detectedMs),
  };
}

export interface Move {
  readonly reason: DecisionReason;
  readonly placement: Placement;
  /** The client that is to carry the link after it; absent: who was to. */
  readonly carrier?: string;
  readonly after?: Partial<Standing>;
  readonly choice?: Choice;
  /** The move that this goes on with; absent: it begins. */
  readonly failover?: FailoverLedger | undefined;
  readonly request?: LinkRequest;
  readonly values?: Evidence['values'] | undefined;
}

function carrierAfter({ state }: Step, { carrier }: Move): Partial<Standing> {
  if (carrier === undefined) return {};
  return { carrier: carrier === state.request.client_id ? undefined : carrier };
}

/** The application's requests wait in its sidecar for the next epoch, unless another client is to have that. */
export function requestsOf({ state }: Step, { client_id }: Placement, carrier = carrierOf(state)): Requests {
  return carrier === client_id && state.failover?.reason !== 'closed-by-client' ? 'hold' : 'close';
}

/** Let the responses finish first; the client holds its requests. */
export function startDraining(step: Step, move: Move): LinkOutcome {
  return decided(step, 'failover-started', {
    phase: 'draining',
    reason: move.reason,
    after: { ...move.after, ...carrierAfter(step, move) },
    commands: [drainClient(move.placement, requestsOf(step, move.placement, move.carrier))],
    candidates: move.choice?.candidates,
    failover: ledger(step, move.placement.server_id, move.reason),
    dueMs: step.input.nowMs + LINK_POLICY.commandGiveUpMs,
    values: move.values,
  });
}

/** Both ends are to stop; the first that has confirms for both. A drain under way goes on under its own name. */
export function startStopping(step: Step, move: Move): LinkOutcome {
  const { placement } = move;
  const isClosed = move.reason === 'closed-by-client';
  const requests = isClosed ? 'close' : requestsOf(step, placement, move.carrier);
  return decided(step, 'failover-started', {
    phase: 'stopping',
    reason: move.reason,
    after: { ...move.after, ...carrierAfter(step, move) },
    commands: [disconnectClient(placement, requests), stopServer(placement)],
    candidates: move.choice?.candidates,
    ...(move.request ? { request: move.request } : {}),
    failover: move.failover ?? ledger(step, placement.server_id, move.reason),
    dueMs: step.input.nowMs + LINK_POLICY.commandGiveUpMs,
    values: move.values,
  });
}

/** The drain is over, one way or another: the client stops, and that alone is enough unless it stays silent. */
export function stopDrained(step: Step, placement: Placement, reason: DecisionReason): LinkOutcome {
  const { state, input } = step;
  const answered = reason === 'drain-finished';
  const disconnect = disconnectClient(placement, requestsOf(step, placement));
  return decided(step, 'failover-started', {
    phase: 'stopping',
    reason,
    commands: answered ? [disconnect] : [disconnect, stopServer(placement)],
    failover: state.failover,
    dueMs: input.nowMs + LINK_POLICY.commandGiveUpMs,
  });
}

/** Neither end said that it stopped: both are told again, less and less often, for as long as it takes. */
export function stopAgain(step: Step, placement: Placement): LinkOutcome {
  const { state, input } = step;
  const waitMs = Math.min(LINK_POLICY.commandGiveUpMs * 2 ** state.attempt, LINK_POLICY.stopRetryMaxMs);
  return decided(step, 'failover-started', {
    phase: 'stopping',
    reason: 'command-timeout',
    commands: [disconnectClient(placement, requestsOf(step, placement)), stopServer(placement)],
    failover: state.failover,
    dueMs: input.nowMs + waitMs,
    attempt: state.attempt + 1,
  });
}

/** The opening commands were not answered in time. Either end may be at fault, and both may have the epoch. */
export function giveUpOpening(step: Step, placement: Placement): LinkOutcome {
  const { state, input } = step;
  const { server_id, server_incarnation, client_id, client_incarnation } = placement;
  const server = { agent_id: server_id, incarnation: server_incarnation, blame: 'server' } as const;
  const client = { agent_id: client_id, incarnation: client_incarnation, blame: 'client' } as const;
  const backoffs = withFailure(withFailure(state.backoffs, server, input.nowMs), client, input.nowMs);
  return startStopping(step, { reason: 'command-timeout', placement, after: { backoffs } });
}

/** The best other server for a link that stands, by the rules of any other choice. */
export function chooseOther(step: Step, without: ReadonlyMap<string, string> = NONE): Choice {
  return choose({ ...needOf(step), without: withOwn(step, without) }, step.input.fleet);
}

/**
 * Where a link that stands would go next. A server that only backs off is named when there is no other:
 * by the time it is needed it may do.
 */
export function chooseTarget(step: Step, without: ReadonlyMap<string, string> = NONE): Choice {
  const choice = chooseOther(step, without);
  if (choice.chosen) return choice;
  const over = lifeOver(step.state.backoffs);
  return choose({ ...needOf(step, over), without: withOwn(step, without) }, step.input.fleet);
}

const NONE: ReadonlyMap<string, string> = new Map();

function withOwn({ state }: Step, without: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const own = state.placement?.server_id;
  return own === undefined ? without : new Map([...without, [own, 'current']]);
}
