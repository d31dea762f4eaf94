export {
  type AgentContext,
  type AgentIdentity,
  type Carrier,
  type Commanded,
  CommandFailure,
  CommandRefusal,
  MAX_KNOWN_CONNECTIONS,
  type NamedCommand,
  type StopReason,
  TICK_MS,
} from './agent.ts';
export { type AgentDependencies, AgentRun, type AgentSettings, type Carrying } from './agent-run.ts';
export { CommandDesk, type CommandKinds, type CommandTaker } from './command-desk.ts';
export { type CommandTailOptions, tailCommands } from './command-tail.ts';
export { ADDRESS_PATTERN, AgentConfig, NAME_MESSAGE, readTls } from './config.ts';
export {
  checked,
  Dialable,
  Distinct,
  isReadable,
  NamesThisAgent,
  ReadableFile,
  type Whole,
  whenSet,
} from './config-checks.ts';
export { EpochFence } from './epoch-fence.ts';
export { FactOutbox, type OutboxOptions } from './fact-outbox.ts';
export { HealthReporter, type ReporterOptions } from './health-reporter.ts';
export { AgentMetrics } from './metrics.ts';
export type { FactSink, IncomingCommand, OutgoingRecord } from './ports.ts';
export { Vigil, type VigilHandlers, type VigilOptions } from './vigil.ts';
