import { type DynamicModule, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { Log, LogObserver } from '#libs/log';
import type { Clock, Logger, Registry } from '#libs/platform';
import type { Configuration } from '../config.ts';
import { logObserver } from './log-observer.ts';
import { openLog } from './open-log.ts';
import { Readiness } from './readiness.ts';
import {
  CLOCK,
  CONFIG,
  CONFIGURATION,
  LOG,
  LOG_OBSERVER,
  LOGGER,
  METRICS,
  TIMINGS,
  TOKEN,
} from './tokens.ts';

/** What main() makes before Nest starts, and tests make instead. */
export interface CoreServices {
  readonly configuration: Configuration;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly clock: Clock;
  /** Absent: the configured Kafka, opened before any part starts. */
  readonly log?: Log;
}

/** Closes the log last: Nest shuts modules down from the dependent ones on. */
@Module({})
export class CoreModule implements OnApplicationShutdown {
  constructor(@Inject(LOG) private readonly log: Log) {}

  async onApplicationShutdown(): Promise<void> {
    await this.log.close();
  }
}

/** The process's one logger, metrics registry, clock, log and readiness, for every part. */
export function coreModule(core: CoreServices): DynamicModule {
  const { configuration, logger, metrics } = core;
  const providers = [
    { provide: CONFIGURATION, useValue: configuration },
    { provide: CONFIG, useValue: configuration.config },
    { provide: TIMINGS, useValue: configuration.timings },
    { provide: TOKEN, useValue: configuration.token },
    { provide: LOGGER, useValue: logger },
    { provide: METRICS, useValue: metrics },
    { provide: CLOCK, useValue: core.clock },
    { provide: LOG_OBSERVER, useFactory: () => logObserver(metrics, logger) },
    {
      provide: LOG,
      inject: [LOG_OBSERVER],
      useFactory: (observer: LogObserver) => core.log ?? openLog(configuration.config, logger, observer),
    },
    Readiness,
  ];
  return { module: CoreModule, global: true, providers, exports: providers };
}
