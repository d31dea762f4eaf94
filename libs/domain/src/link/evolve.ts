import type { LinkDecision } from '#libs/contracts';
import { withHandled } from '../handled.ts';
import { msOf } from '../ids.ts';
import { LINK_POLICY } from '../policy.ts';
import { type ClientLife, isClosed, type LinkDecided, type LinkState, type PendingCommand } from './state.ts';

/** Phases in which a move is under way, so that its ledger goes on. */
const MOVING: ReadonlySet<string> = new Set([
  'draining',
  'stopping',
  'activating',
  'waiting-for-capacity',
  'suppressed',
]);
/** Commands that open a placement come first, and stay recognised however many stops follow. */
const OPENING_COMMANDS = 2;

/** The state after a decision; a decision holds all it changes, so this only puts it in its place. */
export function evolve(state: LinkState | undefined, { data }: LinkDecided): LinkState {
  const request = data.request ?? state?.request ?? { client_id: data.client_id, server_group: '' };
  const epoch = data.placement?.epoch ?? data.asking?.epoch ?? state?.epoch ?? 0;
  const begins = state === undefined || (data.request !== undefined && isClosed(state));
  return {
    connection_id: data.connection_id,
    home_region: data.home_region,
    version: data.version,
    epoch,
    firstEpoch: begins ? (state?.epoch ?? 0) + 1 : state.firstEpoch,
    phase: data.phase,
    request,
    client: lifeFrom(data.client_incarnation, data.client_gone, data.client_retired),
    ...ofTwoClients(data, request.client_id),
    issued: issuedAfter(state, data),
    pending: pendingAfter(state, data),
    attempt: data.attempt ?? 1,
    backoffs: (data.backoffs ?? []).map(({ agent_id, incarnation, failures, failed_at, until }) => ({
      agent_id,
      incarnation,
      failures,
      failedMs: msOf(failed_at),
      untilMs: msOf(until),
    })),
    handled: withHandled(state?.handled, data.evidence[0]),
    ...optional(data),
  };
}

function lifeFrom(incarnation?: string, gone = false, retired: readonly string[] = []): ClientLife {
  return { ...(incarnation === undefined ? {} : { incarnation }), gone, retired };
}

/** What a link has that has a DR client. */
function ofTwoClients(data: LinkDecision, clientId: string): Partial<LinkState> {
  const { client_id, dr_incarnation, dr_gone, dr_retired, standby, failback_at } = data;
  return {
    ...(dr_incarnation === undefined ? {} : { dr: lifeFrom(dr_incarnation, dr_gone, dr_retired) }),
    ...(client_id === clientId ? {} : { carrier: client_id }),
    ...(standby === undefined ? {} : { standby }),
    ...(failback_at === undefined ? {} : { failbackAtMs: msOf(failback_at) }),
  };
}

/** Members that a state has only if its last decision said so. */
function optional(data: LinkDecision): Partial<LinkState> {
  const { placement, failover_target, health_score, failover, leave, better_since, due_at, phase, asking } =
    data;
  return {
    ...(placement === undefined ? {} : { placement }),
    ...(asking === undefined ? {} : { asking }),
    ...(failover_target === undefined ? {} : { failover_target }),
    ...(health_score === undefined ? {} : { health_score }),
    ...(failover !== undefined && (MOVING.has(phase) || data.suppressed) ? { failover } : {}),
    ...(leave === undefined ? {} : { leave }),
    ...(better_since === undefined ? {} : { betterSinceMs: msOf(better_since) }),
    ...(due_at === undefined ? {} : { dueMs: msOf(due_at) }),
    ...(data.moves === undefined
      ? {}
      : { moves: data.moves.map(({ at, ...move }) => ({ atMs: msOf(at), ...move })) }),
    ...(data.suppressed === undefined ? {} : { suppressed: data.suppressed }),
  };
}

function pendingAfter(state: LinkState | undefined, data: LinkDecision): readonly PendingCommand[] {
  const ended = new Set(data.ended_commands?.map((each) => each.command_id));
  const giveUpMs = msOf(data.decided_at) + LINK_POLICY.commandGiveUpMs;
  return [
    ...(state?.pending ?? []).filter(({ command }) => !ended.has(command.command_id)),
    ...data.commands.map((command) => ({ command, giveUpMs })),
  ];
}

function issuedAfter(state: LinkState | undefined, data: LinkDecision): readonly string[] {
  if (data.placement === undefined) return [];
  const { epoch } = data.placement;
  const before = state?.placement?.epoch === epoch ? state.issued : [];
  const now = data.commands.filter((command) => command.epoch === epoch).map((each) => each.command_id);
  const [opening, later] = [before.slice(0, OPENING_COMMANDS), before.slice(OPENING_COMMANDS)];
  const kept = LINK_POLICY.issuedPerPlacement - OPENING_COMMANDS;
  return before.length === 0 ? now : [...opening, ...[...later, ...now].slice(-kept)];
}
