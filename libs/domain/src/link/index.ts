export { evolve } from './evolve.ts';
export { concernsAgent, decide, nextDueMs, openQuestion, unansweredCommands, waitsForFleet } from './link.ts';
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
  type PendingCommand,
} from './state.ts';
