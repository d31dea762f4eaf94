import type { LinkRequest } from '#libs/contracts';
import type { Fact } from '../decider.ts';
import { commandNameOf } from '../ids.ts';
import { isHeard } from '../placement/index.ts';
import { lifeOf, withIncarnation, withLife } from './client.ts';
import { isClosing } from './closing.ts';
import { standBy } from './commands.ts';
import { decided, nameOfPhase, type Step, unchanged } from './draft.ts';
import { failbackAfter } from './failback-time.ts';
import { type LinkOutcome, type LinkState, otherThan } from './state.ts';

export const isToldToStandBy = ({ standby }: LinkState, agentId: string, incarnation: string): boolean =>
  standby?.agent_id === agentId && standby.incarnation === incarnation;

/**
 * The client that does not carry the link is there again, by its own word or the monitor's: it is fenced. Absent: the
 * fact is not such a word, or that life was told already.
 */
export function onWordOfStandby(step: Step, fact: Fact): LinkOutcome | undefined {
  const { state } = step;
  const { placement } = state;
  const { data } = fact;
  if (placement === undefined || isClosing(state) || !('incarnation' in data)) return undefined;
  const { agent_id, incarnation } = data;
  if (agent_id === undefined || incarnation === undefined) return undefined;
  if (agent_id !== otherThan(state, placement.client_id) || !saysItIsThere(state, fact)) return undefined;
  if (!isPresent(step, agent_id, incarnation)) return undefined;
  if (isToldToStandBy(state, agent_id, incarnation) && !cameTooLate(step, fact)) return undefined;
  return tellToStandBy(step, agent_id, incarnation);
}

/** Words of somebody who may not know yet that the link is carried elsewhere. */
function saysItIsThere({ epoch }: LinkState, { name, data }: Fact): boolean {
  if ('epoch' in data && data.epoch !== undefined && data.epoch > epoch) return false;
  switch (name) {
    case 'connection-lost':
      return data.reason !== 'shutdown';
    case 'command-succeeded':
      // Whoever says that it stopped, knows.
      return ['connect', 'activate-dr-client'].includes(commandNameOf(data.command_id));
    case 'command-failed':
    case 'command-refused':
    case 'new-connection-established':
    case 'agent-returned':
      return true;
    default:
      return false;
  }
}

/** Whether that life may act still, and ever had to do with this link. */
function isPresent(step: Step, agentId: string, incarnation: string): boolean {
  const life = lifeOf(step, agentId);
  const isOver = life.retired.includes(incarnation) || (life.gone && life.incarnation === incarnation);
  const knows = life.incarnation !== undefined || agentId === step.state.request.client_id;
  return knows && !isOver && !step.input.fleet.silent(agentId, incarnation);
}

/** It was told while it could not hear, and says so; once more is enough for as long as a command lasts. */
function cameTooLate({ state, input }: Step, { name, data }: Fact): boolean {
  if (name !== 'command-refused' || data.reason !== 'expired') return false;
  return !state.pending.some(
    ({ command }) =>
      command.agent_id === data.agent_id &&
      command.command_id !== data.command_id &&
      command.epoch === state.epoch &&
      input.nowMs < Date.parse(command.expires_at),
  );
}

/** Its disconnect is no end of the placement, of which it is no end; the link stays where it is. */
export function tellToStandBy(
  step: Step,
  agentId: string,
  incarnation: string,
  request?: LinkRequest,
): LinkOutcome {
  const { state } = step;
  const life = withIncarnation(lifeOf(step, agentId), incarnation);
  const isNewLife = state.standby?.incarnation !== incarnation;
  const asker = agentId === state.request.client_id;
  return decided(step, nameOfPhase(state), {
    ...unchanged(state),
    reason: 'standby',
    after: {
      ...withLife(step, agentId, life),
      standby: { agent_id: agentId, incarnation },
      // The time that it must have been well for begins anew with its life.
      ...(asker && isNewLife ? { failbackAtMs: failbackAfter(step, true) } : {}),
    },
    commands: [standBy(state.epoch, agentId, incarnation)],
    ...(request ? { request } : {}),
    values: { agent_id: agentId, incarnation, heard: isHeard(step.input.fleet.agents.get(agentId)) },
  });
}
