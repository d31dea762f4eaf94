import type { Candidate, SessionLeg } from '#libs/contracts';
import type { FleetAgent } from '../fleet.ts';
import { type BrokerNeed, brokerExclusion, chooseBroker } from '../placement/index.ts';
import { SESSION_RULES } from '../policy.ts';
import { sessionPolicy } from './draft.ts';
import type { FactStep } from './state.ts';

export type SessionChoice =
  | { readonly kind: 'here'; readonly address: string; readonly candidates: Candidate[] }
  | { readonly kind: 'elsewhere'; readonly agent: FleetAgent; readonly candidates: Candidate[] }
  | { readonly kind: 'nowhere'; readonly candidates: Candidate[] };

/**
 * Whether the target stays where it attached. It measured the ways itself, so it does, unless that broker can't carry the
 * session, or the first placement goes by the whole way and another's is clearly shorter. Who was sent somewhere stays there.
 */
export function chooseFor(
  { state, input }: FactStep,
  leg: SessionLeg,
  without?: ReadonlyMap<string, string>,
): SessionChoice {
  const { fleet } = input;
  const { broker_placement } = sessionPolicy(input).settings;
  const need: BrokerNeed = {
    placement: broker_placement,
    target: leg.probes,
    controller: state.controller?.probes,
    attachedTo: leg,
    controllerAt: state.controller?.broker_id,
    holder: state.placement?.broker_id,
    ...(without === undefined ? {} : { without }),
  };
  const { chosen, score = 0, candidates } = chooseBroker(need, fleet);
  const here = fleet.agents.get(leg.broker_id);
  const fits = here?.kind === 'broker' && brokerExclusion(here, need, fleet) === undefined;
  const stays =
    fits && (state.advised === leg.broker_id || state.opened || broker_placement === 'nearest-target');
  if (fits && (stays || chosen === undefined || isAsGood(candidates, leg.broker_id, score))) {
    return { kind: 'here', address: here.address, candidates };
  }
  return chosen === undefined
    ? { kind: 'nowhere', candidates }
    : { kind: 'elsewhere', agent: chosen, candidates };
}

function isAsGood(candidates: readonly Candidate[], brokerId: string, best: number): boolean {
  const own = candidates.find(({ agent_id }) => agent_id === brokerId)?.score;
  return own !== undefined && best - own <= SESSION_RULES.betterTotalMs;
}
