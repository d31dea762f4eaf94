import type { AgentDecision, AgentDecisionName, DecisionReason, Evidence } from '#libs/contracts';
import { type Fact, type FactInput, type Input, ignore } from '../decider.ts';
import { alreadyHandled, evidenceOf, withHandled } from '../handled.ts';
import { iso, msOf } from '../ids.ts';
import { AGENT_POLICY } from '../policy.ts';
import {
  type AnswerFact,
  drainCommand,
  isAnswer,
  isOverdue,
  mayTryAgain,
  type PendingDrain,
  pendingAfter,
} from './drain.ts';
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
  if (input.kind === 'time') return onTime(state, input);
  if (alreadyHandled(state?.handled, input.origin)) return ignore('already-handled');
  const { fact } = input;
  if (state !== undefined && isAnswer(fact)) return onAnswer(state, input, fact.data);
  if (!isAgentFact(fact) || fact.data.agent_id !== agentId) return ignore('not-concerned');
  const region = fact.data.control_region ?? input.region;
  if (region !== input.ownRegion) return ignore('other-home-region');
  if (state?.retired.includes(fact.data.incarnation)) return ignore('stale-incarnation');
  const [name, reason, values] = judged(fact);
  const same = state?.incarnation === fact.data.incarnation;
  const kind = fact.data.kind ?? input.fleet.agents.get(agentId)?.kind ?? state?.kind;
  const isTold = name === 'agent-draining' && kind === 'broker';
  // Who never answered is told again when somebody asks again; nobody waits for it any more.
  const isUnheard = isTold && state?.pending === undefined && state?.obeyed !== true;
  if (same && state.condition === CONDITION_AFTER[name] && !isUnheard) return ignore('no-change');
  // A life that was declared silent is over for ever; only another one recovers, but for a broker, which has no lease.
  if (same && state.condition === 'lost' && !(name === 'agent-recovered' && fact.data.kind === 'broker')) {
    return ignore('stale-incarnation');
  }
  // An agent of which nothing was decided counts as alive.
  if (state === undefined && name === 'agent-recovered') return ignore('no-change');
  const life = { agent_id: agentId, incarnation: fact.data.incarnation, control_region: region, kind };
  return decided(state, input, name, { life, reason, values, isTold });
}

/** A broker that was told to drain, in the life that drains. */
function onAnswer(state: AgentState, input: FactInput, data: AnswerFact['data']): AgentOutcome {
  const { pending } = state;
  if (pending === undefined || pending.command.command_id !== data.command_id)
    return ignore('unknown-command');
  if (data.agent_id !== state.agent_id || data.incarnation !== state.incarnation)
    return ignore('stale-incarnation');
  const { name } = input.fact;
  const reason = name === 'command-failed' || name === 'command-refused' ? name : 'answered';
  // It came too late to be begun: nothing is known against the broker.
  const isTold = reason === 'command-refused' && data.reason === 'expired' && mayTryAgain(pending);
  const values = data.reason === undefined ? undefined : { reason: data.reason };
  return decided(state, input, 'agent-draining', { life: lifeOf(pending, state), reason, values, isTold });
}

/** Nobody answered: it is told again, so often. What follows from its silence is the health monitor's to say. */
function onTime(state: AgentState | undefined, input: Input): AgentOutcome {
  const { pending } = state ?? {};
  if (state === undefined || !isOverdue(pending, input)) return ignore('not-due');
  const isTold = mayTryAgain(pending);
  const life = lifeOf(pending, state);
  return decided(state, input, 'agent-draining', { life, reason: 'command-timeout', isTold });
}

const lifeOf = (
  { command: { agent_id, incarnation, home_region } }: PendingDrain,
  { kind }: AgentState,
): Life => ({ agent_id, incarnation, control_region: home_region, kind });

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

type Life = Pick<AgentDecision, 'agent_id' | 'incarnation' | 'control_region'> & {
  readonly kind: string | undefined;
};

interface Judgement {
  readonly life: Life;
  readonly reason: DecisionReason;
  readonly values?: Evidence['values'];
  /** The agent is told to drain. */
  readonly isTold: boolean;
}

function decided(
  state: AgentState | undefined,
  input: Input,
  name: AgentDecisionName,
  { life, reason, values, isTold }: Judgement,
): AgentOutcome {
  const { kind, ...rest } = life;
  const named = { ...rest, version: (state?.version ?? 0) + 1 };
  const data: AgentDecision = {
    ...named,
    ...(kind === undefined ? {} : { kind }),
    // Agents have no placements; the member is there because every decision has it.
    epoch: 1,
    reason,
    rule: AGENT_POLICY.rule,
    policy_version: AGENT_POLICY.version,
    decided_at: iso(input.nowMs),
    evidence: [evidenceOf(input, state?.pending?.giveUpMs, values)],
    commands: isTold ? [drainCommand(named, input.nowMs)] : [],
  };
  return { kind: 'append', name, data };
}

/** Lives of one agent that are remembered as over. */
const RETIRED_MAX = 8;

export function evolve(state: AgentState | undefined, { name, data }: AgentDecided): AgentState {
  const replaced = state !== undefined && state.incarnation !== data.incarnation;
  const retired = replaced ? [state.incarnation, ...state.retired] : (state?.retired ?? []);
  const pending = pendingAfter(state?.pending, data, msOf(data.decided_at));
  const hasObeyed = data.reason === 'answered' || (state?.obeyed === true && !replaced);
  return {
    agent_id: data.agent_id,
    version: data.version,
    incarnation: data.incarnation,
    condition: CONDITION_AFTER[name],
    ...(data.kind === undefined ? {} : { kind: data.kind }),
    ...(pending === undefined ? {} : { pending }),
    ...(name === 'agent-draining' && hasObeyed ? { obeyed: true } : {}),
    retired: retired.slice(0, RETIRED_MAX),
    handled: withHandled(state?.handled, data.evidence[0]),
  };
}
