export { explain } from './explain.ts';
export {
  COMMAND_OUTCOMES,
  type CommandOutcome,
  EXPLAIN_LIMITS,
  type ExplainedCommand,
  type ExplainedEvent,
  type ExplainedEvidence,
  type ExplainedStep,
  type Explanation,
  type FirstCause,
  type StepTimes,
  type WhyNot,
} from './types.ts';
