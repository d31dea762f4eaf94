import type { BrokerCommand, SessionDecision } from '#libs/contracts';
import { withHandled } from '../handled.ts';
import { msOf } from '../ids.ts';
import { SESSION_RULES } from '../policy.ts';
import { isSameCommand } from './commands.ts';
import { isClosed, type PendingCommand, type SessionDecided, type SessionState } from './state.ts';

/** The state after a decision; a decision holds all it changes, so this only puts it in its place. */
export function evolve(state: SessionState | undefined, { data }: SessionDecided): SessionState {
  const { controller_id, target_id, guest, consented, controller, target, placement } = data;
  const { superseded, opened, traffic, closed, advised, phase } = data;
  const failover = phase === 'interrupted' || phase === 'draining' ? data.failover : undefined;
  const known = { controller_id, target_id, guest, consented, controller, target, placement };
  const more = { superseded, opened, traffic, closed, failover, advised };
  const times = {
    expiresMs: optionalMs(data.expires_at),
    surviveMs: data.survive_ms,
    windowEndsMs: optionalMs(data.window_ends_at),
    dueMs: optionalMs(data.due_at),
    closedMs: isClosed(data) ? (state?.closedMs ?? msOf(data.decided_at)) : undefined,
  };
  const present = Object.entries({ ...known, ...more, ...times }).filter(([, value]) => value !== undefined);
  return {
    connection_id: data.connection_id,
    home_region: data.home_region,
    version: data.version,
    epoch: Math.max(state?.epoch ?? 0, data.placement?.epoch ?? 0),
    phase,
    pending: pendingAfter(state, data),
    handled: withHandled(state?.handled, data.evidence[0]),
    ...Object.fromEntries(present),
  };
}

const optionalMs = (time: string | undefined): number | undefined =>
  time === undefined ? undefined : msOf(time);

function pendingAfter(state: SessionState | undefined, data: SessionDecision): readonly PendingCommand[] {
  const before = state?.pending ?? [];
  const endings = new Map(data.ended_commands?.map(({ command_id, how }) => [command_id, how]));
  const giveUpMs = msOf(data.decided_at) + SESSION_RULES.commandGiveUpMs;
  const given = before.filter(({ command }) => endings.get(command.command_id) === 'given-up');
  const late = before.filter(({ command }) => endings.get(command.command_id) === 'answered');
  const attemptOf = (command: BrokerCommand) =>
    ([...given, ...late].find((each) => isSameCommand(each.command, command))?.attempt ?? 0) + 1;
  return [
    ...before.filter(({ command }) => !endings.has(command.command_id)),
    ...data.commands.map((command) => ({ command, giveUpMs, attempt: attemptOf(command) })),
  ];
}
