export * as agent from './agent/index.ts';
export {
  type Decision,
  type Fact,
  type FactInput,
  type Input,
  ignore,
  type Origin,
  type Outcome,
  reject,
  type TimeInput,
} from './decider.ts';
export * as explain from './explain/index.ts';
export { type BlastCount, EMPTY_FLEET, type Fleet, type FleetAgent } from './fleet.ts';
export * as health from './health/index.ts';
export { commandId, commandNameOf, decisionId, failoverId } from './ids.ts';
export * as judgement from './judgement/index.ts';
export * as link from './link/index.ts';
export * as loop from './loop/index.ts';
export { setNewest } from './newest.ts';
export * as placement from './placement/index.ts';
export { AGENT_POLICY, LINK_POLICY, RESERVATION_POLICY, SESSION_RULES } from './policy.ts';
export * as region from './region/index.ts';
export * as reservation from './reservation/index.ts';
export * as session from './session/index.ts';
export * as verify from './verify/index.ts';
