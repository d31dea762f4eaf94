import {
  type Candidate,
  type DecisionReason,
  type EndedCommand,
  type Evidence,
  SESSION_POLICY,
  type SessionDecision,
  type SessionDecisionName,
  type SessionPhase,
  STATUS_OF_SESSION_PHASE,
} from '#libs/contracts';
import type { Input } from '../decider.ts';
import { evidenceOf } from '../handled.ts';
import { iso } from '../ids.ts';
import { type PolicyInForce, policyOf } from '../judgement/index.ts';
import { SESSION_RULES } from '../policy.ts';
import { type CommandSpec, commandOf } from './commands.ts';
import {
  isClosed,
  nextDueMs,
  type PendingCommand,
  type SessionOutcome,
  type SessionState,
  type Standing,
  type Step,
} from './state.ts';

/** What a decision changes. */
export interface Change {
  readonly phase: SessionPhase;
  readonly reason: DecisionReason;
  readonly after?: Standing;
  readonly commands?: readonly CommandSpec[];
  /** Which pending commands wait on, of those neither answered nor out of time; default: as `stillMatters` has it. */
  readonly keep?: (pending: PendingCommand) => boolean;
  readonly candidates?: Candidate[] | undefined;
  readonly rejected?: SessionDecision['rejected'];
  /** When the phase is looked at again; absent: as before if the phase stays, else never. */
  readonly dueMs?: number | undefined;
  /** What of the input mattered. */
  readonly values?: Evidence['values'] | undefined;
}

/** What sessions go by in this control region. */
export const sessionPolicy = (input: Input): PolicyInForce =>
  policyOf({ policy: SESSION_POLICY, server_group: '' }, input.fleet.settings);

/** The decision that makes this change, complete: evolve() needs nothing beside it and the state before. */
export function decided({ state, input }: Step, name: SessionDecisionName, change: Change): SessionOutcome {
  const version = state.version + 1;
  const { phase } = change;
  const after: Standing = { ...standingOf(state), ...change.after };
  const policy = sessionPolicy(input);
  const dueMs = 'dueMs' in change ? change.dueMs : phase === state.phase ? state.dueMs : undefined;
  const ended = endedCommands(state, input, change.keep ?? stillMatters(after, phase));
  const data: SessionDecision = {
    connection_id: state.connection_id,
    kind: 'session',
    home_region: state.home_region,
    version,
    epoch: Math.max(1, after.placement?.epoch ?? state.epoch),
    status: STATUS_OF_SESSION_PHASE[phase],
    phase,
    reason: change.reason,
    rule: SESSION_RULES.rule,
    policy_version: policy.version,
    ...(policy.name === undefined ? {} : { policy: policy.name }),
    decided_at: iso(input.nowMs),
    evidence: [evidenceOf(input, nextDueMs(state), change.values)],
    commands: (change.commands ?? []).map((spec) => commandOf(spec, state, version, input.nowMs)),
    ...told(after),
  };
  if (change.candidates) data.candidates = change.candidates;
  if (change.rejected) data.rejected = change.rejected;
  if (ended.length > 0) data.ended_commands = ended;
  if (dueMs !== undefined) data.due_at = iso(dueMs);
  return { kind: 'append', name, data };
}

/** The members of a standing alone: a state has more. */
export function standingOf(state: Standing): Standing {
  const { controller_id, target_id, guest, consented, expiresMs, controller, target, placement } = state;
  const { superseded, opened, surviveMs, traffic, closed, failover, windowEndsMs, advised } = state;
  const ends = { controller_id, target_id, guest, consented, expiresMs, controller, target };
  return {
    ...ends,
    ...{ placement, superseded, opened, surviveMs, traffic, closed, failover, windowEndsMs, advised },
  };
}

/** What stands after a decision, as it says so. */
function told(after: Standing): Partial<SessionDecision> {
  const { expiresMs, surviveMs, windowEndsMs, guest, consented, opened, ...rest } = after;
  const broker = after.placement ?? after.target ?? after.controller;
  const said = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return {
    ...said,
    ...(broker === undefined ? {} : { broker_id: broker.broker_id }),
    ...(guest ? { guest } : {}),
    ...(consented ? { consented } : {}),
    ...(opened ? { opened } : {}),
    ...(expiresMs === undefined ? {} : { expires_at: iso(expiresMs) }),
    ...(surviveMs === undefined ? {} : { survive_ms: surviveMs }),
    ...(windowEndsMs === undefined ? {} : { window_ends_at: iso(windowEndsMs) }),
  };
}

/** Under which name a decision goes that leaves a session in its phase. */
export function nameOfPhase({
  phase,
  placement,
}: Pick<SessionState, 'phase' | 'placement'>): SessionDecisionName {
  switch (phase) {
    case 'code-issued':
      return 'connection-code-issued';
    case 'target-attached':
      return 'target-accepted';
    case 'redirecting':
      return placement?.controller_attachment_id === undefined ? 'target-accepted' : 'connection-assigned';
    case 'open':
      return 'connection-activated';
    case 'draining':
    case 'interrupted':
      return 'session-interrupted';
    case 'ended':
    case 'expired':
      return 'connection-ended';
    case 'rejected':
      return 'connection-rejected';
    default:
      return phase satisfies never;
  }
}

/** A command that was overtaken is no longer waited for; what closes something, always is. */
function stillMatters(after: Standing, phase: SessionPhase): (pending: PendingCommand) => boolean {
  const { placement, controller } = after;
  const over = isClosed({ phase });
  return ({ command }) => {
    switch (command.name) {
      case 'reject-target':
      case 'close-relay':
        return true;
      case 'issue-code':
        return phase === 'code-issued' && command.attachment_id === controller?.attachment_id;
      case 'redirect-controller':
        return !over && isFor(command, after) && command.attachment_id === controller?.attachment_id;
      case 'hold-target':
        // A relay that stands has its target.
        return !over && !placement?.opened && command.epoch === placement?.epoch;
      case 'drain':
        return !over && command.epoch === placement?.epoch;
      case 'open-relay':
        return !over && !placement?.opened && isFor(command, after);
      default:
        return command satisfies never;
    }
  };
}

/** A command of the placement that exists, which waits for its controller's leg or has this one. */
function isFor(command: PendingCommand['command'], { placement }: Standing): boolean {
  if (placement === undefined || command.epoch !== placement.epoch) return false;
  if (command.name !== 'open-relay') return placement.controller_attachment_id === undefined;
  return command.controller_attachment_id === placement.controller_attachment_id;
}

function endedCommands(
  state: SessionState,
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
