import type { Placement } from '#libs/contracts';
import type { Fact } from '../decider.ts';
import { endsPlacement } from '../link/over.ts';
import type { LinkState } from '../link/state.ts';
import type { LinkHistory } from './history.ts';

/** Which agent will never carry an epoch again. */
export interface End {
  readonly epoch: number;
  readonly agentId: string;
  /** Said by that agent itself; else by whoever watches it, or by an operator. */
  readonly isOwnWord: boolean;
}

/** What ends a placement is said once, in the rules of a link; an audit only asks it of every placement ever given. */
export function endOf(history: LinkHistory, epoch: number, fact: Fact): End | undefined {
  const given = history.given.get(epoch);
  if (given === undefined || history.state === undefined) return undefined;
  const { placement } = given;
  if (isClosedBy(placement, fact)) return { epoch, agentId: placement.client_id, isOwnWord: true };
  const state: LinkState = { ...history.state, placement, issued: given.issued };
  const over = endsPlacement(state, fact);
  if (over === undefined) return undefined;
  const agentId = over.by === 'client' ? placement.client_id : placement.server_id;
  return { epoch, agentId, isOwnWord: fact.name !== 'agent-silent' };
}

/** The client gave the link up, knowing this epoch: it carries it no more. */
export function isClosedBy(placement: Placement, { name, data }: Fact): boolean {
  return (
    name === 'connection-closed' &&
    data.epoch === placement.epoch &&
    data.agent_id === placement.client_id &&
    data.incarnation === placement.client_incarnation
  );
}

/** Whether this fact, as the input of a decision on this state, ends the placement that exists. */
export function justifies(state: LinkState, fact: Fact): boolean {
  const { placement } = state;
  if (placement === undefined) return true;
  return isClosedBy(placement, fact) || endsPlacement(state, fact) !== undefined;
}
