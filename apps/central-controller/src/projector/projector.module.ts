import {
  Inject,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { Log, LogObserver } from '#libs/log';
import type { Clock, Logger, Registry } from '#libs/platform';
import { openRegistryWriter, type RegistryWriter } from '#libs/registry';
import type { ControllerConfig } from '../config.ts';
import { Readiness } from '../core/readiness.ts';
import { CLOCK, CONFIG, LOG, LOG_OBSERVER, LOGGER, METRICS } from '../core/tokens.ts';
import { projectorObserver } from './observer.ts';
import { ProjectorPart } from './projector.part.ts';

const WRITER = Symbol('registry writer');

@Injectable()
class ProjectorService implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    private readonly part: ProjectorPart,
    private readonly readiness: Readiness,
    @Inject(WRITER) private readonly registry: RegistryWriter,
  ) {}

  onApplicationBootstrap(): void {
    this.readiness.register('projector', () => this.part.state());
    this.part.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.part.stop();
    this.registry.close();
  }
}

@Module({
  providers: [
    ProjectorService,
    {
      provide: WRITER,
      inject: [CONFIG, LOGGER],
      useFactory: ({ redisUrl, region }: ControllerConfig, logger: Logger) =>
        openRegistryWriter(
          { url: redisUrl, onError: (error) => logger.debug({ err: error }, 'Redis connection lost') },
          region,
        ),
    },
    {
      provide: ProjectorPart,
      inject: [CONFIG, LOG, WRITER, CLOCK, LOGGER, METRICS, LOG_OBSERVER],
      useFactory: (
        config: ControllerConfig,
        log: Log,
        registry: RegistryWriter,
        clock: Clock,
        logger: Logger,
        metrics: Registry,
        logObserver: LogObserver,
      ) => {
        const observer = projectorObserver(metrics, logger.child({ part: 'projector' }));
        return new ProjectorPart(config, { log, registry, clock, observer, logObserver });
      },
    },
  ],
})
export class ProjectorModule {}
