export { type AdminState, createAdminServer } from './admin-server.ts';
export { type Clock, systemClock } from './clock.ts';
export {
  type ConfigReading,
  ConfigurationError,
  FromEnv,
  loadConfig,
  readConfig,
  type VariableDoc,
  variablesOf,
} from './config.ts';
export { createLogger, type Logger, type LoggingOptions } from './logging.ts';
export { Counter, certificateMetrics, createRegistry, Gauge, Histogram, Registry } from './metrics.ts';
export { SHUTDOWN_LIMIT_MS, Shutdown } from './shutdown.ts';
export { startFault } from './startup.ts';
export {
  createTracing,
  NO_TRACING,
  type SpanAttributes,
  type SpanKind,
  type SpanOptions,
  type TraceContext,
  type TracedSpan,
  type Tracing,
  type TracingOptions,
  traceIdOf,
} from './tracing.ts';
