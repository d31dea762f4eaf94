export { evolve } from './evolve.ts';
export { concernsAgent, decide, openQuestion, unansweredCommands, waitsForFleet } from './link.ts';
export {
  type BackoffState,
  type ClientLife,
  isCarried,
  isClosed,
  isWaiting,
  type LinkDecided,
  type LinkMove,
  type LinkOutcome,
  type LinkState,
  nextDueMs,
  type PendingCommand,
} from './state.ts';
