export type { AgentFilter, AgentStatus, AgentView } from './agents.ts';
export { type AnswerClaim, type Answers, openAnswers } from './answers.ts';
export type { Audit } from './audit.ts';
export {
  CONNECTION_SORTS,
  type ConnectionFilter,
  type ConnectionSort,
  type ConnectionView,
  type EventView,
} from './connections.ts';
export type { Page, PageRequest } from './cursor.ts';
export type {
  AggregateKind,
  ApplyOutcome,
  DecisionRecord,
  VersionGap,
} from './decisions.ts';
export {
  BeforeRetention,
  InvalidCursor,
  type RebuildProgress,
  RegistryRebuilding,
  RegistryUnavailable,
} from './errors.ts';
export type { FailoverFilter, FailoverView } from './failovers.ts';
export { type HealthPoint, type HealthPointView, isNewPoint } from './health.ts';
export type { HistoryEntry } from './history/entry.ts';
export { HistoryFold, type HistoryLook } from './history/fold.ts';
export type { HistoryRange } from './history/read.ts';
export { REGISTRY_LIMITS } from './limits.ts';
export { type MoveOutcome, type Positions, positionField, type StoredPosition } from './positions.ts';
export {
  openRegistryReader,
  openRegistryWriter,
  type ReaderScope,
  type RegistryOptions,
  type RegistryReader,
  type RegistryWriter,
} from './registry.ts';
export type { AgentLoad, ConnectionBeat } from './reports.ts';
export { ROW_MEMBERS } from './row-members.ts';
export type { FreezeView, PolicyView } from './settings.ts';
