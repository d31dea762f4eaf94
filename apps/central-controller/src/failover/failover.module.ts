import {
  type BeforeApplicationShutdown,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { HealthImplementation } from 'grpc-health-check';
import type { Log, LogObserver } from '#libs/log';
import type { Clock, Logger, Registry, Tracing } from '#libs/platform';
import type { ControllerConfig } from '../config.ts';
import { Readiness } from '../core/readiness.ts';
import { CLOCK, CONFIG, LOG, LOG_OBSERVER, LOGGER, METRICS, TRACING } from '../core/tokens.ts';
import { DecisionWatch } from './decision-watch.ts';
import { FailoverDoor } from './door.ts';
import { FailoverController } from './failover.controller.ts';
import { SERVICE_NAME } from './service.ts';

/** What `grpc.health.v1.Health` answers: of the process as a whole (the empty name), and of the service. */
@Injectable()
export class DoorHealth {
  readonly implementation = new HealthImplementation({ '': 'NOT_SERVING', [SERVICE_NAME]: 'NOT_SERVING' });

  set(serving: boolean): void {
    for (const name of ['', SERVICE_NAME]) {
      this.implementation.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
    }
  }
}

/** Opens and closes the door with the process: it takes requests while the log is followed. */
@Injectable()
class FailoverPart implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown {
  constructor(
    private readonly door: FailoverDoor,
    private readonly watch: DecisionWatch,
    private readonly health: DoorHealth,
    private readonly readiness: Readiness,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.readiness.register('failover', () => ({ ready: this.door.ready, open: this.watch.open }));
    await this.watch.start();
  }

  /** Before the transport closes: peers that ask for it turn away, and those that wait get their answers. */
  async beforeApplicationShutdown(): Promise<void> {
    this.health.set(false);
    await this.door.close();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.watch.stop();
  }
}

@Module({
  controllers: [FailoverController],
  providers: [
    DoorHealth,
    FailoverPart,
    {
      provide: DecisionWatch,
      inject: [LOG, CONFIG, LOGGER, LOG_OBSERVER, DoorHealth],
      useFactory: (
        log: Log,
        { region }: ControllerConfig,
        logger: Logger,
        observer: LogObserver,
        health: DoorHealth,
      ) => {
        const changed = (ready: boolean) => health.set(ready);
        return new DecisionWatch(log, region, {
          logger: logger.child({ part: 'failover' }),
          observer,
          changed,
        });
      },
    },
    {
      provide: FailoverDoor,
      inject: [LOG, CONFIG, DecisionWatch, CLOCK, LOGGER, METRICS, TRACING],
      useFactory: (
        log: Log,
        { region, regions }: ControllerConfig,
        watch: DecisionWatch,
        clock: Clock,
        logger: Logger,
        metrics: Registry,
        tracing: Tracing,
      ) => {
        const peers = new Set(regions.filter((each) => each !== region));
        const given = { log, watch, clock, logger: logger.child({ part: 'failover' }), metrics, tracing };
        return new FailoverDoor(region, peers, given);
      },
    },
  ],
})
export class FailoverModule {}
