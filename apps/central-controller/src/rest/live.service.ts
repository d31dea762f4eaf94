import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import type { Log, LogObserver } from '#libs/log';
import { Counter, Gauge, type Logger, type Registry } from '#libs/platform';
import type { ControllerConfig } from '../config.ts';
import { CONFIG, LOG, LOG_OBSERVER, LOGGER, METRICS } from '../core/tokens.ts';
import { LiveHub } from '../live/hub.ts';

/** The live stream of this process: what reads the log for it, and how many read along. */
@Injectable()
export class LiveService implements BeforeApplicationShutdown {
  readonly hub: LiveHub;

  constructor(
    @Inject(LOG) log: Log,
    @Inject(CONFIG) { regions, partitions }: ControllerConfig,
    @Inject(LOG_OBSERVER) observer: LogObserver,
    @Inject(METRICS) metrics: Registry,
    @Inject(LOGGER) logger: Logger,
  ) {
    const registers = [metrics];
    const readers = new Gauge({
      name: 'trunkline_live_readers',
      help: 'Programs that read the live stream of decisions',
      registers,
    });
    const ended = new Counter({
      name: 'trunkline_live_readers_ended_total',
      help: 'Readers of the live stream that went, or were cut off, by why',
      labelNames: ['reason'],
      registers,
    });
    this.hub = new LiveHub({
      log,
      regions,
      partitions,
      observer,
      failed: (message) => logger.error({ message }, 'the live stream has stopped: the log cannot be read'),
      counted: (count, reason) => {
        readers.set(count);
        if (reason !== undefined) ended.inc({ reason });
      },
    });
  }

  /** Before the HTTP server is closed, which waits for every answer to end. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.hub.stop();
  }
}
