import type { AgentFact } from '#libs/contracts';
import { type Fact, ignore } from '../decider.ts';
import { lifeOf, withIncarnation, withLife } from './client.ts';
import { leaveClient } from './client-drain.ts';
import { decided, type Step } from './draft.ts';
import { chooseTarget } from './move.ts';
import { movePlanned } from './operator.ts';
import { placeNext } from './place.ts';
import { isCarried, isWaiting, type LinkOutcome } from './state.ts';

type FactOf<N extends Fact['name']> = Extract<Fact, { name: N }>;

/** An agent fell silent, and this link's placement is not on it: at most it was the one to go to. */
export function onSilent(step: Step, { data }: FactOf<'agent-silent'>): LinkOutcome {
  return isTarget(step, data) ? newTarget(step, data.agent_id, 'silent') : ignore('not-concerned');
}

/** An agent is to be emptied: what stands on it moves, drained; without another server it stays and waits. */
export function onDrainRequested(step: Step, { data }: FactOf<'agent-drain-requested'>): LinkOutcome {
  const { state } = step;
  const { placement } = state;
  if (isTarget(step, data)) return newTarget(step, data.agent_id, 'draining');
  if (placement === undefined) return ignore('not-concerned');
  const onServer = placement.server_id === data.agent_id && placement.server_incarnation === data.incarnation;
  const onClient = placement.client_id === data.agent_id && placement.client_incarnation === data.incarnation;
  if (!onServer && !onClient) return ignore('not-concerned');
  if (!isCarried(state)) return ignore('already-moving');
  const values = { agent_id: data.agent_id, reason: data.reason, requested_by: data.requested_by };
  if (onClient) return leaveClient(step, placement, true, values);
  return movePlanned(step, placement, 'agent-draining', values, 'agent-draining');
}

/** A client was silent and is heard again: a link that waits for it need not wait for the next look. */
export function onReturned(step: Step, { data }: FactOf<'agent-returned'>): LinkOutcome {
  const { state } = step;
  const { client_id, dr_client_id } = state.request;
  if (data.agent_id !== client_id && data.agent_id !== dr_client_id) return ignore('not-concerned');
  if (!isWaiting(state)) return ignore('no-change');
  const life = lifeOf(step, data.agent_id);
  if (life.retired.includes(data.incarnation)) return ignore('stale-incarnation');
  return placeNext(step, {
    reason: 'agent-returned',
    lives: withLife(step, data.agent_id, withIncarnation(life, data.incarnation)),
    failover: state.failover,
    onlyIfPlaced: true,
  });
}

/** Whether the link would go to this life of the agent next; a later one that is heard already may stay the target. */
function isTarget({ state, input }: Step, { agent_id, incarnation }: AgentFact): boolean {
  const shown = input.fleet.agents.get(agent_id);
  const other = shown !== undefined && shown.incarnation !== incarnation;
  return isCarried(state) && state.failover_target === agent_id && !other;
}

/** The server to go to is no longer one: another, or none, takes its place. */
export function newTarget(step: Step, lost?: string, why = 'lost'): LinkOutcome {
  const { state } = step;
  const other = chooseTarget(step, lost === undefined ? new Map() : new Map([[lost, why]]));
  if (other.chosen?.agent_id === state.failover_target) return ignore('no-change');
  const degraded = state.phase === 'degraded';
  return decided(step, degraded ? 'connection-marked-degraded' : 'connection-activated', {
    phase: state.phase,
    reason: 'failover-target-changed',
    after: { failover_target: other.chosen?.agent_id },
    candidates: other.candidates,
    betterSinceMs: state.betterSinceMs,
    dueMs: state.dueMs,
  });
}
