import type { Fleet } from '../fleet.ts';
import { isHeard } from '../placement/index.ts';
import { LINK_POLICY } from '../policy.ts';
import { backoffUntilMs } from './backoff.ts';
import type { Step } from './draft.ts';
import { type BackoffState, type ClientLife, carrierOf, type Lives, livesOf, otherThan } from './state.ts';

export type ClientView =
  /** It can be commanded, under this incarnation. */
  | { readonly ok: true; readonly life: ClientLife; readonly incarnation: string }
  | {
      readonly ok: false;
      readonly life: ClientLife;
      readonly why: 'client-lost' | 'client-unheard' | 'backing-off';
      readonly untilMs?: number;
    };

/** One of the two clients of a link, as it is now. */
export interface Seen {
  readonly clientId: string;
  readonly view: ClientView;
  /** The link may go to it from another client: it is heard, and is not to be left itself. */
  readonly isWell: boolean;
  /** A health report of this life was heard lately, and it is not known to be over. */
  readonly isAlive: boolean;
}

/** Who is to carry the link. */
export interface Picked extends Seen {
  readonly lives: Lives;
  /** Absent: the link has one client. */
  readonly other?: Seen;
}

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

/** The lives of both clients after one of them was seen so. */
export function withLife(step: Step, clientId: string, life: ClientLife): Lives {
  const lives = livesOf(step.state);
  return clientId === step.state.request.client_id ? { ...lives, client: life } : { ...lives, dr: life };
}

export const lifeOf = ({ state }: Step, clientId: string, lives = livesOf(state)): ClientLife =>
  clientId === state.request.client_id ? lives.client : lives.dr;

interface Wish {
  readonly lives: Lives;
  readonly backoffs: readonly BackoffState[];
  /** Who is to carry the link, if it can; default: who carried it last. */
  readonly preferred?: string | undefined;
  /** Only the client that asked: the link never stood. */
  readonly first: boolean;
}

/**
 * The client that is to carry the link next: the preferred one; the other one when that can't be commanded, or is to be
 * left, and the other is well. When neither can, the link waits for both, and says why for the one that asked.
 */
export function pickClient(step: Step, { lives, backoffs, preferred, first }: Wish): Picked {
  const { client_id, dr_client_id } = step.state.request;
  const client = see(step, client_id, lives.client, backoffs);
  if (dr_client_id === undefined || first) return picked(client, undefined, lives, client_id);
  const dr = see(step, dr_client_id, lives.dr, backoffs);
  const [liked, other] = (preferred ?? carrierOf(step.state)) === dr_client_id ? [dr, client] : [client, dr];
  const toOther = other.isWell || (other === client && other.view.ok && !liked.view.ok);
  if (liked.view.ok && (!isDraining(step, liked) || !other.isWell))
    return picked(liked, other, lives, client_id);
  if (toOther) return picked(other, liked, lives, client_id);
  return picked({ ...client, view: firstOf(client.view, dr.view) }, dr, lives, client_id);
}

/** Neither can be commanded: the first back-off that ends is the time to look again. */
function firstOf(client: ClientView, dr: ClientView): ClientView {
  const times = [client, dr].flatMap((each) => (each.ok || each.untilMs === undefined ? [] : [each.untilMs]));
  return client.ok || times.length === 0 ? client : { ...client, untilMs: Math.min(...times) };
}

function picked(seen: Seen, other: Seen | undefined, lives: Lives, clientId: string): Picked {
  const { life } = seen.view;
  const after = seen.clientId === clientId ? { ...lives, client: life } : { ...lives, dr: life };
  return { ...seen, lives: after, ...(other === undefined ? {} : { other }) };
}

const isDraining = ({ input }: Step, { clientId }: Seen): boolean =>
  input.fleet.agents.get(clientId)?.draining ?? false;

/** One client as it is now; the link need not be without a placement. */
export function see(
  step: Step,
  clientId: string,
  life = lifeOf(step, clientId),
  backoffs: readonly BackoffState[] = step.state.backoffs,
): Seen {
  const { fleet } = step.input;
  const agent = fleet.agents.get(clientId);
  const view = viewClient(step, clientId, life, backoffs);
  const isAlive =
    isHeard(agent) && agent.incarnation === view.life.incarnation && !isOver(clientId, view.life, fleet);
  return { clientId, view, isAlive, isWell: view.ok && isHeard(agent) && !agent.draining };
}

/** The client that does not carry the link, if the link may go to it now. */
export function otherThatIsWell(step: Step, clientId: string): Seen | undefined {
  const other = otherThan(step.state, clientId);
  const seen = other === undefined ? undefined : see(step, other);
  return seen?.isWell ? seen : undefined;
}

/** Whether a placement now would find its client, and which life of it. */
function viewClient(
  step: Step,
  clientId: string,
  life: ClientLife,
  backoffs: readonly BackoffState[],
): ClientView {
  const { state, input } = step;
  const { fleet, nowMs } = input;
  const present = presentLife(step, clientId, life);
  if (present.incarnation === undefined) return { ok: false, life, why: 'client-unheard' };
  if (isOver(clientId, present, fleet)) return { ok: false, life: present, why: 'client-lost' };
  // Who could be commanded when the peer was asked still can, as far as nobody said otherwise.
  const waits =
    state.asking?.client_id === clientId && present.incarnation === lifeOf(step, clientId).incarnation;
  if (!waits && !speaks(step, clientId) && !isHeard(fleet.agents.get(clientId))) {
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

/**
 * The life that was told, unless it is over and the fleet shows one that is neither over nor an earlier one. A DR client
 * asks for nothing when it starts, so that only its reports tell of its next life.
 */
function presentLife({ state, input: { fleet } }: Step, clientId: string, life: ClientLife): ClientLife {
  const asks = clientId === state.request.client_id;
  if (asks && life.incarnation !== undefined && !isOver(clientId, life, fleet)) return life;
  const agent = fleet.agents.get(clientId);
  if (!isHeard(agent) || fleet.silent(clientId, agent.incarnation)) return life;
  if (life.retired.includes(agent.incarnation)) return life;
  return withIncarnation(life, agent.incarnation);
}

/** Whether the input is the client's own word, which is better than any report. */
function speaks({ input, state }: Step, clientId: string): boolean {
  if (input.kind !== 'fact') return false;
  const { name, data } = input.fact;
  if (name === 'agent-silent') return false;
  if ('agent_id' in data && data.agent_id !== undefined) return data.agent_id === clientId;
  return (
    name === 'connection-request' && clientId === state.request.client_id && data.incarnation !== undefined
  );
}
