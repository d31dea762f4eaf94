import type { AgentDecision, SidecarCommand } from '#libs/contracts';
import type { Fact, Input } from '../decider.ts';
import { commandId, decisionId, iso } from '../ids.ts';
import { AGENT_POLICY } from '../policy.ts';
import type { AgentState } from './state.ts';

/**
 * A broker that is to be left is told so itself: it takes nobody on from then on, sends everybody elsewhere, and ends
 * its process when they are gone. Sidecars are not told: their links leave them, and they stay.
 */
export type DrainCommand = Extract<SidecarCommand, { name: 'drain' }>;

/** A command that waits for its answer. */
export interface PendingDrain {
  readonly command: DrainCommand;
  /** No answer by then: issued again, or given up. */
  readonly giveUpMs: number;
  /** How often it was issued, 1 the first time. */
  readonly attempt: number;
}

/** It is of no connection, so the agent's own name stands where a connection's would. */
export function drainCommand(
  data: Pick<AgentDecision, 'agent_id' | 'incarnation' | 'control_region' | 'version'>,
  nowMs: number,
): DrainCommand {
  const { agent_id, incarnation, control_region, version } = data;
  return {
    name: 'drain',
    command_id: commandId(agent_id, version, 'drain', agent_id),
    agent_id,
    incarnation,
    connection_id: agent_id,
    epoch: 1,
    expires_at: iso(nowMs + AGENT_POLICY.commandExpiryMs),
    decision_id: decisionId(agent_id, version),
    home_region: control_region,
  };
}

export type AnswerFact = Extract<Fact, { name: 'command-succeeded' | 'command-failed' | 'command-refused' }>;

export function isAnswer(fact: Fact): fact is AnswerFact {
  return (
    fact.name === 'command-succeeded' || fact.name === 'command-failed' || fact.name === 'command-refused'
  );
}

export const mayTryAgain = ({ attempt }: PendingDrain): boolean => attempt < AGENT_POLICY.commandAttempts;

/** What waits for its answer after a decision. */
export function pendingAfter(
  before: PendingDrain | undefined,
  data: AgentDecision,
  decidedMs: number,
): PendingDrain | undefined {
  const command = data.commands.find((each): each is DrainCommand => each.name === 'drain');
  if (command === undefined) return undefined;
  const isAgain = before?.command.incarnation === command.incarnation;
  const giveUpMs = decidedMs + AGENT_POLICY.commandGiveUpMs;
  return { command, giveUpMs, attempt: isAgain ? before.attempt + 1 : 1 };
}

/** When the agent is to be given a time input; undefined: nothing is waited for. */
export const nextDueMs = ({ pending }: AgentState): number | undefined => pending?.giveUpMs;

/** What a new owner sends again, under the same ids. */
export function unansweredCommands({ pending }: AgentState, nowMs: number): readonly DrainCommand[] {
  return pending !== undefined && nowMs < pending.giveUpMs ? [pending.command] : [];
}

/** Whether nobody answered in time. */
export const isOverdue = (pending: PendingDrain | undefined, input: Input): pending is PendingDrain =>
  pending !== undefined && input.nowMs >= pending.giveUpMs;
