import {
  Inject,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { TOPIC, topicName } from '#libs/contracts';
import type { Logger } from '#libs/platform';
import { openRegistryReader, type RegistryReader } from '#libs/registry';
import type { ControllerConfig } from '../config.ts';
import { Readiness } from '../core/readiness.ts';
import { CONFIG, LOGGER } from '../core/tokens.ts';
import { AgentsController } from './agents.controller.ts';
import { DrainAgentHandler, RequestFailoverHandler } from './commands.ts';
import { ConnectionsController } from './connections.controller.ts';
import { EventsController } from './events.controller.ts';
import { FactWriter } from './fact-writer.ts';
import { FailoversController } from './failovers.controller.ts';
import { PublishEventHandler } from './publish-event.ts';
import { QUERY_HANDLERS } from './queries.ts';
import { RegistryWatch } from './registry-watch.ts';
import { SETTINGS_COMMANDS } from './settings.commands.ts';
import { SettingsController } from './settings.controller.ts';
import { SETTINGS_QUERIES } from './settings.queries.ts';
import { REGISTRY } from './tokens.ts';

@Injectable()
class RestService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly watch: RegistryWatch;

  constructor(
    @Inject(REGISTRY) private readonly registry: RegistryReader,
    private readonly readiness: Readiness,
  ) {
    this.watch = new RegistryWatch(registry);
  }

  onApplicationBootstrap(): void {
    this.watch.start();
    this.readiness.register('rest', () => this.watch.state());
  }

  async onApplicationShutdown(): Promise<void> {
    await this.watch.stop();
    this.registry.close();
  }
}

function openReader(
  { redisUrl, region, regions, partitions }: ControllerConfig,
  logger: Logger,
): RegistryReader {
  const topics = regions.flatMap((each) => [
    topicName(each, TOPIC.controllerEvents),
    topicName(each, TOPIC.healthReports),
  ]);
  const onError = (error: Error) => logger.debug({ err: error }, 'Redis connection lost');
  return openRegistryReader({ url: redisUrl, onError }, { region, topics, partitions });
}

@Module({
  imports: [CqrsModule],
  controllers: [
    ConnectionsController,
    AgentsController,
    FailoversController,
    SettingsController,
    EventsController,
  ],
  providers: [
    RestService,
    FactWriter,
    { provide: REGISTRY, inject: [CONFIG, LOGGER], useFactory: openReader },
    ...QUERY_HANDLERS,
    ...SETTINGS_QUERIES,
    ...SETTINGS_COMMANDS,
    RequestFailoverHandler,
    DrainAgentHandler,
    PublishEventHandler,
  ],
})
export class RestModule {}
