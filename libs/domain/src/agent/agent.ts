import type { AgentDecision, AgentDecisionName, DecisionReason, Evidence } from '#libs/contracts';
import { type Fact, type FactInput, type Input, ignore } from '../decider.ts';
import { alreadyHandled, evidenceOf, withHandled } from '../handled.ts';
import { iso } from '../ids.ts';
import { AGENT_POLICY } from '../policy.ts';
import type { AgentCondition, AgentDecided, AgentOutcome, AgentState } from './state.ts';

type AgentFact = Extract<Fact, { name: 'agent-silent' | 'agent-returned' | 'agent-drain-requested' }>;

const CONDITION_AFTER: Record<AgentDecisionName, AgentCondition> = {
  'agent-lost': 'lost',
  'agent-recovered': 'alive',
  'agent-draining': 'draining',
};

/**
 * What follows for an agent as a whole. Its links decide for themselves from the same fact; this is
 * the record of it, made once, in the agent's own control region.
 */
export function decide(agentId: string, state: AgentState | undefined, input: Input): AgentOutcome {
  if (input.kind === 'time') return ignore('not-due');
  if (alreadyHandled(state?.handled, input.origin)) return ignore('already-handled');
  const { fact } = input;
  if (!isAgentFact(fact) || fact.data.agent_id !== agentId) return ignore('not-concerned');
  const region = fact.data.control_region ?? input.region;
  if (region !== input.ownRegion) return ignore('other-home-region');
  if (state?.retired.includes(fact.data.incarnation)) return ignore('stale-incarnation');
  const [name, reason, values] = judged(fact);
  const same = state?.incarnation === fact.data.incarnation;
  if (same && state.condition === CONDITION_AFTER[name]) return ignore('no-change');
  // A life that was declared silent is over for ever; only another one recovers, but for a broker, which has no lease.
  if (same && state.condition === 'lost' && !(name === 'agent-recovered' && fact.data.kind === 'broker')) {
    return ignore('stale-incarnation');
  }
  // An agent of which nothing was decided counts as alive.
  if (state === undefined && name === 'agent-recovered') return ignore('no-change');
  return { kind: 'append', name, data: dataOf(agentId, state, { input, fact, reason, values, region }) };
}

function isAgentFact(fact: Fact): fact is AgentFact {
  return (
    fact.name === 'agent-silent' || fact.name === 'agent-returned' || fact.name === 'agent-drain-requested'
  );
}

function judged(fact: AgentFact): [AgentDecisionName, DecisionReason, Evidence['values']] {
  switch (fact.name) {
    case 'agent-silent':
      return [
        'agent-lost',
        'agent-silent',
        fact.data.silent_ms === undefined ? undefined : { silent_ms: fact.data.silent_ms },
      ];
    case 'agent-returned':
      return ['agent-recovered', 'agent-returned', undefined];
    case 'agent-drain-requested':
      return [
        'agent-draining',
        'operator-request',
        { reason: fact.data.reason, requested_by: fact.data.requested_by },
      ];
    default:
      return fact satisfies never;
  }
}

function dataOf(
  agentId: string,
  state: AgentState | undefined,
  judgement: {
    input: FactInput;
    fact: AgentFact;
    reason: DecisionReason;
    values: Evidence['values'];
    region: string;
  },
): AgentDecision {
  const { input, fact, reason, values, region } = judgement;
  const kind = fact.data.kind ?? input.fleet.agents.get(agentId)?.kind ?? state?.kind;
  return {
    agent_id: agentId,
    incarnation: fact.data.incarnation,
    control_region: region,
    ...(kind === undefined ? {} : { kind }),
    version: (state?.version ?? 0) + 1,
    // Agents have no placements; the member is there because every decision has it.
    epoch: 1,
    reason,
    rule: AGENT_POLICY.rule,
    policy_version: AGENT_POLICY.version,
    decided_at: iso(input.nowMs),
    evidence: [evidenceOf(input, undefined, values)],
    commands: [],
  };
}

/** Lives of one agent that are remembered as over. */
const RETIRED_MAX = 8;

export function evolve(state: AgentState | undefined, { name, data }: AgentDecided): AgentState {
  const replaced = state !== undefined && state.incarnation !== data.incarnation;
  const retired = replaced ? [state.incarnation, ...state.retired] : (state?.retired ?? []);
  return {
    agent_id: data.agent_id,
    version: data.version,
    incarnation: data.incarnation,
    condition: CONDITION_AFTER[name],
    ...(data.kind === undefined ? {} : { kind: data.kind }),
    retired: retired.slice(0, RETIRED_MAX),
    handled: withHandled(state?.handled, data.evidence[0]),
  };
}
