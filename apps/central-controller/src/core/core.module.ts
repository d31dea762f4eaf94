import { type DynamicModule, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { Log, LogObserver } from '#libs/log';
import {
  type Clock,
  certificateMetrics,
  type Logger,
  NO_TRACING,
  type Registry,
  type Tracing,
} from '#libs/platform';
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
  TRACING,
} from './tokens.ts';

/** What main() makes before Nest starts, and tests make instead. */
export interface CoreServices {
  readonly configuration: Configuration;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly clock: Clock;
  /** Absent: no spans. */
  readonly tracing?: Tracing;
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
  const { configuration, logger, metrics, tracing = NO_TRACING } = core;
  const { tls } = configuration;
  if (tls !== undefined) certificateMetrics(metrics, { own: tls.cert, authority: tls.ca });
  const providers = [
    { provide: CONFIGURATION, useValue: configuration },
    { provide: CONFIG, useValue: configuration.config },
    { provide: TIMINGS, useValue: configuration.timings },
    { provide: TOKEN, useValue: configuration.token },
    { provide: LOGGER, useValue: logger },
    { provide: METRICS, useValue: metrics },
    { provide: CLOCK, useValue: core.clock },
    { provide: TRACING, useValue: tracing },
    { provide: LOG_OBSERVER, useFactory: () => logObserver(metrics, logger, configuration.config.region) },
    {
      provide: LOG,
      inject: [LOG_OBSERVER],
      useFactory: (observer: LogObserver) =>
        core.log ?? openLog(configuration.config, logger, observer, tracing),
    },
    { provide: Readiness, useFactory: () => new Readiness(metrics) },
  ];
  return { module: CoreModule, global: true, providers, exports: providers };
}
