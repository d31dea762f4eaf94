export { decide, evolve } from './agent.ts';
export { nextDueMs, type PendingDrain, unansweredCommands } from './drain.ts';
export {
  AGENT_CONDITIONS,
  type AgentCondition,
  type AgentDecided,
  type AgentOutcome,
  type AgentState,
} from './state.ts';
