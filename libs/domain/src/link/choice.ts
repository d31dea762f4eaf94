import type { PeerVerdict } from '#libs/contracts';
import type { Fleet } from '../fleet.ts';
import { type Choice, choose, type Need } from '../placement/index.ts';
import { serverUntilMs } from './backoff.ts';
import type { Step } from './draft.ts';
import { flappingOf } from './judge.ts';
import type { PeerEnd, Plan } from './plan.ts';
import { type BackoffState, carrierOf } from './state.ts';

/** What this link needs of a server now. */
export function needOf(
  { state, input }: Step,
  backoffs: readonly BackoffState[] = state.backoffs,
  clientId = state.placement?.client_id ?? carrierOf(state),
): Need {
  const { server_group, preferred_server, link_group, client_id, dr_client_id } = state.request;
  const location = input.fleet.agents.get(clientId)?.location;
  return {
    connectionId: state.connection_id,
    serverGroup: server_group,
    ...(preferred_server === undefined ? {} : { preferredServer: preferred_server }),
    ...(link_group === undefined ? {} : { linkGroup: link_group }),
    ...(location === undefined ? {} : { location }),
    nowMs: input.nowMs,
    holder: state.placement?.server_id,
    backoffUntilMs: serverUntilMs(backoffs, [client_id, dr_client_id, clientId]),
    flapping: flappingOf({ state, input }),
  };
}

/** The server for the next placement with this client. */
export function chooseFor(
  step: Step,
  clientId: string,
  backoffs: readonly BackoffState[],
  plan: Plan,
): Choice {
  const { flapping, ...without } = needOf(step, plan.insist ? [] : backoffs, clientId);
  const need: Need = plan.insist ? without : { ...without, flapping };
  if (plan.peer) return chooseAfterAsking(step, plan, { peer: plan.peer, backoffs }, need);
  return chooseRather(need, lastOf(step, backoffs, plan), step.input.fleet);
}

/** Without these, unless nothing else fits. */
function chooseRather(need: Need, without: ReadonlyMap<string, string>, fleet: Fleet): Choice {
  if (without.size === 0) return choose(need, fleet);
  const choice = choose({ ...need, without }, fleet);
  return choice.chosen ? choice : choose(need, fleet);
}

/**
 * Servers that come last: the one that is left, and those that failed the link and of which nothing was heard since, though
 * they no longer back off. A server that died stays in the fleet for a while, empty, and looks better than any other.
 */
function lastOf(
  { input }: Step,
  backoffs: readonly BackoffState[],
  { avoid }: Plan,
): ReadonlyMap<string, string> {
  const last = new Map<string, string>();
  for (const { agent_id, incarnation, failedMs, untilMs } of backoffs) {
    const agent = input.fleet.agents.get(agent_id);
    if (agent?.incarnation !== incarnation || input.nowMs < untilMs) continue;
    if (agent.lastReportMs <= failedMs) last.set(agent_id, 'unheard');
  }
  return avoid === undefined ? last : last.set(avoid, 'left');
}

/** The peer's server, if this side too would take it; else the failover target; else the best. */
function chooseAfterAsking(
  step: Step,
  plan: Plan,
  { peer, backoffs }: { readonly peer: PeerEnd; readonly backoffs: readonly BackoffState[] },
  need: Need,
): Choice {
  const { state, input } = step;
  const { avoid } = plan;
  const without = avoid === undefined ? {} : { without: new Map([[avoid, 'left']]) };
  // The peer holds a place there, which may be what makes the server look full.
  const named = peer.isOver ? undefined : peer.server_id;
  if (named !== undefined) {
    const first = { agent_id: named, evenIfFull: true };
    const choice = choose({ ...need, ...without, first }, input.fleet);
    if (choice.chosen?.agent_id === named) return choice;
  }
  const first = state.failover_target === undefined ? {} : { first: { agent_id: state.failover_target } };
  return chooseRather({ ...need, ...first }, lastOf(step, backoffs, plan), input.fleet);
}

/** What a decision says of the peer's part in a choice. */
export function verdict(
  { state }: Step,
  { peer }: Plan,
  chosen: string | undefined,
): PeerVerdict | undefined {
  if (peer === undefined) return undefined;
  const { isOver, unasked, ...end } = peer;
  const byPeer = !isOver && peer.outcome === 'assigned' && chosen === peer.server_id;
  const other = chosen === state.failover_target ? 'failover-target' : 'fleet';
  const went = chosen === undefined ? 'nowhere' : byPeer ? 'peer' : other;
  if (unasked !== undefined) return { peer_region: unasked, ...end, went };
  if (state.asking === undefined) return undefined;
  const { peer_region, epoch } = state.asking;
  return { peer_region, epoch, ...end, went };
}
