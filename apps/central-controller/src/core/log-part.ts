import type { OnApplicationBootstrap, OnApplicationShutdown, Provider } from '@nestjs/common';
import type { Log, LogObserver } from '#libs/log';
import type { Clock, Logger, Registry, Tracing } from '#libs/platform';
import type { Configuration, ControllerConfig, Timings } from '../config.ts';
import type { Part } from '../part-names.ts';
import { type PartState, Readiness } from './readiness.ts';
import { CLOCK, CONFIGURATION, LOG, LOG_OBSERVER, LOGGER, METRICS, TRACING } from './tokens.ts';

/** A part that lives on the log alone. */
export interface LogPart {
  start(): Promise<void>;
  stop(): Promise<void>;
  state(): PartState;
}

export interface LogPartGiven {
  readonly log: Log;
  readonly config: ControllerConfig;
  readonly timings: Timings;
  readonly configuration: Configuration;
  readonly metrics: Registry;
  readonly tracing: Tracing;
  readonly deps: { readonly clock: Clock; readonly logger: Logger; readonly observer: LogObserver };
}

/** Makes the part, starts it with the application, tells its readiness, and stops it at the end. */
export function logPart(name: Part, make: (given: LogPartGiven) => LogPart): Provider {
  return {
    provide: Symbol(name),
    inject: [LOG, CONFIGURATION, METRICS, LOGGER, LOG_OBSERVER, CLOCK, Readiness, TRACING],
    useFactory: (
      log: Log,
      configuration: Configuration,
      metrics: Registry,
      logger: Logger,
      observer: LogObserver,
      clock: Clock,
      readiness: Readiness,
      tracing: Tracing,
    ): OnApplicationBootstrap & OnApplicationShutdown => {
      const deps = { clock, logger: logger.child({ part: name }), observer };
      const { config, timings } = configuration;
      const part = make({ log, config, timings, configuration, metrics, tracing, deps });
      return {
        onApplicationBootstrap: async () => {
          readiness.register(name, () => part.state());
          await part.start();
        },
        onApplicationShutdown: () => part.stop(),
      };
    },
  };
}
