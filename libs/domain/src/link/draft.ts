import {
  type Backoff,
  type Candidate,
  type DecisionReason,
  type EndedCommand,
  type Evidence,
  type FailoverLedger,
  type LinkDecision,
  type LinkDecisionName,
  type LinkPhase,
  type LinkRequest,
  type PeerQuestion,
  type PeerVerdict,
  type Placement,
  STATUS_OF_PHASE,
  type Suppression,
} from '#libs/contracts';
import type { Input } from '../decider.ts';
import { evidenceOf } from '../handled.ts';
import { iso } from '../ids.ts';
import { policyOf, rememberedMoves } from '../judgement/index.ts';
import { LINK_POLICY } from '../policy.ts';
import { type CommandSpec, commandContext, commandOf } from './commands.ts';
import {
  type BackoffState,
  type ClientLife,
  isCarried,
  type LinkMove,
  type LinkOutcome,
  type LinkState,
  NO_LIFE,
  nextDueMs,
  type PendingCommand,
} from './state.ts';

/** One link and the input that it is to be decided for. */
export interface Step {
  readonly state: LinkState;
  readonly input: Input;
}

/** What stays as it is unless a decision says otherwise. */
export interface Standing {
  readonly placement: Placement | undefined;
  readonly client: ClientLife;
  readonly dr: ClientLife;
  /** Who carries the link, or is to; absent: the client that asked for it. */
  readonly carrier: string | undefined;
  readonly standby: LinkState['standby'];
  readonly failbackAtMs: number | undefined;
  readonly backoffs: readonly BackoffState[];
  readonly failover_target: string | undefined;
  readonly health_score: number | undefined;
  readonly leave: DecisionReason | undefined;
  /** As far as the policy's windows reach; what is older is dropped. */
  readonly moves: readonly LinkMove[];
}

/** What a decision changes. */
export interface Change {
  readonly phase: LinkPhase;
  readonly reason: DecisionReason;
  readonly after?: Partial<Standing>;
  readonly commands?: readonly CommandSpec[];
  /** Which pending commands wait on, of those neither answered nor out of time; default: stops. */
  readonly keep?: (pending: PendingCommand) => boolean;
  readonly request?: LinkRequest;
  readonly failover?: FailoverLedger | undefined;
  readonly asking?: PeerQuestion | undefined;
  readonly peer?: PeerVerdict | undefined;
  readonly candidates?: Candidate[] | undefined;
  readonly dueMs?: number | undefined;
  readonly attempt?: number;
  readonly betterSinceMs?: number | undefined;
  /** What is held back from now on. */
  readonly suppressed?: Suppression | undefined;
  /** What was held back of a link that stands is so no longer; else it stays held. */
  readonly lifted?: boolean;
  /** What of the input mattered. */
  readonly values?: Evidence['values'] | undefined;
}

/** The decision that makes this change, complete: evolve() needs nothing beside it and the state before. */
export function decided({ state, input }: Step, name: LinkDecisionName, change: Change): LinkOutcome {
  const version = state.version + 1;
  const after: Standing = { ...standingOf(state), ...change.after };
  const { placement } = after;
  const policy = policyOf(change.request ?? state.request, input.fleet.settings);
  const moves = rememberedMoves(after.moves, policy.settings, input.nowMs);
  const context = commandContext(state, version, input.nowMs);
  const ended = endedCommands(state, input, change.keep ?? isStop);
  const data: LinkDecision = {
    connection_id: state.connection_id,
    kind: 'link',
    home_region: state.home_region,
    version,
    epoch: placement?.epoch ?? change.asking?.epoch ?? Math.max(1, state.epoch),
    status: STATUS_OF_PHASE[change.phase],
    phase: change.phase,
    reason: change.reason,
    rule: LINK_POLICY.rule,
    policy_version: policy.version,
    ...(policy.name === undefined ? {} : { policy: policy.name }),
    decided_at: iso(input.nowMs),
    evidence: [evidenceOf(input, nextDueMs(state), change.values)],
    client_id: after.carrier ?? (change.request ?? state.request).client_id,
    commands: (change.commands ?? []).map((spec) => commandOf(spec, context)),
  };
  if (after.client.incarnation !== undefined) data.client_incarnation = after.client.incarnation;
  if (after.client.gone) data.client_gone = true;
  if (after.client.retired.length > 0) data.client_retired = [...after.client.retired];
  Object.assign(data, ofTwoClients(state, change, after));
  if (placement) Object.assign(data, { server_id: placement.server_id, placement });
  if (after.failover_target !== undefined) data.failover_target = after.failover_target;
  if (after.health_score !== undefined) data.health_score = after.health_score;
  if (after.leave !== undefined) data.leave = after.leave;
  if (after.backoffs.length > 0) data.backoffs = after.backoffs.map(backoffOf);
  if (ended.length > 0) data.ended_commands = ended;
  if (change.request) data.request = change.request;
  if (change.asking) data.asking = change.asking;
  if (change.peer) data.peer = change.peer;
  if (change.candidates) data.candidates = change.candidates;
  if (change.attempt !== undefined) data.attempt = change.attempt;
  if (moves.length > 0) data.moves = moves.map(({ atMs, ...move }) => ({ at: iso(atMs), ...move }));
  Object.assign(data, looksAgain(state, change, after.leave));
  return { kind: 'append', name, data };
}

function standingOf(state: LinkState): Standing {
  const { placement, client, dr = NO_LIFE, carrier, standby, failbackAtMs } = state;
  const { backoffs, failover_target, health_score, leave, moves = [] } = state;
  const two = { placement, client, dr, carrier, standby, failbackAtMs };
  return { ...two, backoffs, failover_target, health_score, leave, moves };
}

/** What a decision tells of a link that has a DR client. */
function ofTwoClients(state: LinkState, { request, phase }: Change, after: Standing): Partial<LinkDecision> {
  const isSame = request === undefined || request.dr_client_id === state.request.dr_client_id;
  const { incarnation, gone, retired } = isSame ? after.dr : NO_LIFE;
  const stands = phase === 'active' || phase === 'degraded';
  const { standby, failbackAtMs } = after;
  return {
    ...(incarnation === undefined ? {} : { dr_incarnation: incarnation }),
    ...(gone ? { dr_gone: true } : {}),
    ...(retired.length === 0 ? {} : { dr_retired: [...retired] }),
    ...(standby === undefined ? {} : { standby }),
    ...(failbackAtMs === undefined || !stands ? {} : { failback_at: iso(failbackAtMs) }),
  };
}

/** A change that leaves the link where it is in everything that it does not name. */
export function unchanged(state: LinkState): Omit<Change, 'reason'> {
  const { phase, attempt, dueMs, asking, failover, betterSinceMs } = state;
  return { phase, attempt, dueMs, asking, failover, betterSinceMs, keep: () => true };
}

/** Under which name a decision goes that leaves a link in its phase. */
export function nameOfPhase({ phase }: LinkState): LinkDecisionName {
  if (phase === 'assigned') return 'connection-assigned';
  if (phase === 'active') return 'connection-activated';
  return phase === 'degraded' ? 'connection-marked-degraded' : 'failover-started';
}

/**
 * When the link is looked at again. What is held back of a link that stands stays held until its time comes or an
 * operator agrees, whatever else is decided; meanwhile nothing is weighed for that move. A server that swallows requests
 * is left all the same, when only planned moves are held.
 */
function looksAgain(
  state: LinkState,
  change: Change,
  leave: DecisionReason | undefined,
): Pick<LinkDecision, 'due_at' | 'better_since' | 'suppressed' | 'failover'> {
  const stays = isCarried(state) && (change.phase === 'active' || change.phase === 'degraded');
  const before = stays ? state.suppressed : undefined;
  const suppressed = change.suppressed ?? (change.lifted ? undefined : before);
  // A held move is told of for as long as it is held, and once more when it no longer is.
  const failover = change.failover ?? (before && state.failover);
  const freed = suppressed === undefined;
  const unheld = freed || (suppressed.reason === 'freeze' && leave === 'unanswered-requests');
  const due = unheld && change.dueMs !== undefined ? iso(change.dueMs) : undefined;
  const times = [due, suppressed?.until].filter((each) => each !== undefined).sort();
  return {
    ...(failover ? { failover } : {}),
    ...(freed ? {} : { suppressed }),
    ...(times[0] === undefined ? {} : { due_at: times[0] }),
    ...(freed && change.betterSinceMs !== undefined ? { better_since: iso(change.betterSinceMs) } : {}),
  };
}

/** A stop outlives its decision: it only frees an end sooner than the end would notice by itself. */
function isStop({ command }: PendingCommand): boolean {
  return command.name === 'stop-sending-to-client' || command.name === 'disconnect';
}

function endedCommands(
  state: LinkState,
  input: Input,
  keep: (pending: PendingCommand) => boolean,
): EndedCommand[] {
  const answered =
    input.kind === 'fact' && 'command_id' in input.fact.data ? input.fact.data.command_id : undefined;
  const endOf = (pending: PendingCommand): EndedCommand['how'] | undefined => {
    if (pending.command.command_id === answered) return 'answered';
    if (input.nowMs >= pending.giveUpMs) return 'given-up';
    return keep(pending) ? undefined : 'superseded';
  };
  return state.pending.flatMap((pending) => {
    const how = endOf(pending);
    return how === undefined ? [] : [{ command_id: pending.command.command_id, how }];
  });
}

function backoffOf({ agent_id, incarnation, failures, failedMs, untilMs }: BackoffState): Backoff {
  return { agent_id, incarnation, failures, failed_at: iso(failedMs), until: iso(untilMs) };
}
