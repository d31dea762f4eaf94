export { evolve } from './evolve.ts';
export { decide } from './session.ts';
export {
  brokerOf,
  concernsAgent,
  isClosed,
  isForgotten,
  isOpen,
  nextDueMs,
  type PendingCommand,
  type SessionDecided,
  type SessionOutcome,
  type SessionState,
  standsAt,
  unansweredCommands,
} from './state.ts';
