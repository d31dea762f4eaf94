import type { Fleet } from '../fleet.ts';
import { isHeard } from '../placement/index.ts';
import { LINK_POLICY } from '../policy.ts';
import { backoffUntilMs } from './backoff.ts';
import type { Step } from './draft.ts';
import type { BackoffState, ClientLife } from './state.ts';

export type ClientView =
  /** It can be commanded, under this incarnation. */
  | { readonly ok: true; readonly life: ClientLife; readonly incarnation: string }
  | {
      readonly ok: false;
      readonly life: ClientLife;
      readonly why: 'client-lost' | 'client-unheard' | 'backing-off';
      readonly untilMs?: number;
    };

/** The client's life after it was seen under this incarnation. */
export function withIncarnation(life: ClientLife, incarnation: string | undefined): ClientLife {
  if (incarnation === undefined || incarnation === life.incarnation) return life;
  const retired = life.incarnation === undefined ? life.retired : [life.incarnation, ...life.retired];
  return {
    incarnation,
    gone: false,
    retired: retired.filter((each) => each !== incarnation).slice(0, LINK_POLICY.retiredIncarnations),
  };
}

/** Whether a placement now would find its client, and which life of it. */
export function viewClient(
  { state, input }: Step,
  life: ClientLife,
  backoffs: readonly BackoffState[],
): ClientView {
  const { fleet, nowMs } = input;
  const clientId = state.request.client_id;
  const present = presentLife(clientId, life, fleet);
  if (present.incarnation === undefined) return { ok: false, life, why: 'client-unheard' };
  if (isOver(clientId, present, fleet)) return { ok: false, life: present, why: 'client-lost' };
  // Who could be commanded when the peer was asked still can, as far as nobody said otherwise.
  const waits = state.asking !== undefined && present.incarnation === state.client.incarnation;
  if (!waits && !speaks({ state, input }) && !isHeard(fleet.agents.get(clientId))) {
    return { ok: false, life: present, why: 'client-unheard' };
  }
  const untilMs = backoffUntilMs(backoffs, clientId, present.incarnation);
  if (untilMs !== undefined && nowMs < untilMs) {
    return { ok: false, life: present, why: 'backing-off', untilMs };
  }
  return { ok: true, life: present, incarnation: present.incarnation };
}

const isOver = (clientId: string, life: ClientLife, fleet: Fleet): boolean =>
  life.gone || (life.incarnation !== undefined && fleet.silent(clientId, life.incarnation));

/** The life that was told, unless it is over and the fleet shows one that is neither over nor an earlier one. */
function presentLife(clientId: string, life: ClientLife, fleet: Fleet): ClientLife {
  if (life.incarnation !== undefined && !isOver(clientId, life, fleet)) return life;
  const agent = fleet.agents.get(clientId);
  if (!isHeard(agent) || fleet.silent(clientId, agent.incarnation)) return life;
  if (life.retired.includes(agent.incarnation)) return life;
  return withIncarnation(life, agent.incarnation);
}

/** Whether the input is the client's own word, which is better than any report. */
function speaks({ state, input }: Step): boolean {
  if (input.kind !== 'fact') return false;
  const { name, data } = input.fact;
  if (name === 'agent-silent') return false;
  if ('agent_id' in data && data.agent_id !== undefined) return data.agent_id === state.request.client_id;
  return name === 'connection-request' && data.incarnation !== undefined;
}
