export { type Aggregate, type AnyCommand, isSessionKey, isToBroker } from './aggregate.ts';
export { FleetView } from './fleet-view.ts';
export { type AgentMemory, NO_MEMORY, remember } from './memory.ts';
export {
  decide,
  evolve,
  type FactRecord,
  type FactVerdict,
  isForgotten,
  keysOf,
  type LoggedDecision,
  type LoopOutcome,
  type LoopRules,
  nextDueMs,
  type PartitionAggregates,
  toInput,
  unanswered,
  withMemory,
} from './rules.ts';
