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
} from '#libs/contracts';
import type { Input } from '../decider.ts';
import { evidenceOf } from '../handled.ts';
import { iso } from '../ids.ts';
import { LINK_POLICY } from '../policy.ts';
import { type CommandSpec, commandContext, commandOf } from './commands.ts';
import type { BackoffState, ClientLife, LinkOutcome, LinkState, PendingCommand } from './state.ts';

/** One link and the input that it is to be decided for. */
export interface Step {
  readonly state: LinkState;
  readonly input: Input;
}

/** What stays as it is unless a decision says otherwise. */
export interface Standing {
  readonly placement: Placement | undefined;
  readonly client: ClientLife;
  readonly backoffs: readonly BackoffState[];
  readonly failover_target: string | undefined;
  readonly health_score: number | undefined;
  readonly leave: DecisionReason | undefined;
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
  /** What of the input mattered. */
  readonly values?: Evidence['values'] | undefined;
}

/** The decision that makes this change, complete: evolve() needs nothing beside it and the state before. */
export function decided({ state, input }: Step, name: LinkDecisionName, change: Change): LinkOutcome {
  const version = state.version + 1;
  const after: Standing = { ...standingOf(state), ...change.after };
  const { placement } = after;
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
    policy_version: LINK_POLICY.version,
    decided_at: iso(input.nowMs),
    evidence: [evidenceOf(input, state.dueMs, change.values)],
    client_id: (change.request ?? state.request).client_id,
    commands: (change.commands ?? []).map((spec) => commandOf(spec, context)),
  };
  if (after.client.incarnation !== undefined) data.client_incarnation = after.client.incarnation;
  if (after.client.gone) data.client_gone = true;
  if (after.client.retired.length > 0) data.client_retired = [...after.client.retired];
  if (placement) Object.assign(data, { server_id: placement.server_id, placement });
  if (after.failover_target !== undefined) data.failover_target = after.failover_target;
  if (after.health_score !== undefined) data.health_score = after.health_score;
  if (after.leave !== undefined) data.leave = after.leave;
  if (after.backoffs.length > 0) data.backoffs = after.backoffs.map(backoffOf);
  if (ended.length > 0) data.ended_commands = ended;
  if (change.request) data.request = change.request;
  if (change.failover) data.failover = change.failover;
  if (change.asking) data.asking = change.asking;
  if (change.peer) data.peer = change.peer;
  if (change.candidates) data.candidates = change.candidates;
  if (change.dueMs !== undefined) data.due_at = iso(change.dueMs);
  if (change.attempt !== undefined) data.attempt = change.attempt;
  if (change.betterSinceMs !== undefined) data.better_since = iso(change.betterSinceMs);
  return { kind: 'append', name, data };
}

function standingOf(state: LinkState): Standing {
  const { placement, client, backoffs, failover_target, health_score, leave } = state;
  return { placement, client, backoffs, failover_target, health_score, leave };
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
