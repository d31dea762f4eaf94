import {
  Inject,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { CqrsModule } from '@nestjs/cqrs';
import { TOPIC, topicName } from '#libs/contracts';
import type { Logger } from '#libs/platform';
import { type Answers, openAnswers, openRegistryReader, type RegistryReader } from '#libs/registry';
import type { ControllerConfig } from '../config.ts';
import { Readiness } from '../core/readiness.ts';
import { CONFIG, LOGGER } from '../core/tokens.ts';
import { HttpModule } from '../http/http.module.ts';
import { AgentsController } from './agents.controller.ts';
import { DrainAgentHandler, RequestFailoverHandler } from './commands.ts';
import { ConnectionsController } from './connections.controller.ts';
import { EventsController } from './events.controller.ts';
import { FactWriter } from './fact-writer.ts';
import { FailoversController } from './failovers.controller.ts';
import { IdempotencyInterceptor } from './idempotency.ts';
import { LOOK_CONTROLLERS, LOOK_PROVIDERS } from './looks.ts';
import { PublishEventHandler } from './publish-event.ts';
import { QUERY_HANDLERS } from './queries.ts';
import { RegistryWatch } from './registry-watch.ts';
import { SETTINGS_COMMANDS } from './settings.commands.ts';
import { SettingsController } from './settings.controller.ts';
import { SETTINGS_QUERIES } from './settings.queries.ts';
import { StatusController } from './status.controller.ts';
import { STATUS_PROVIDERS } from './status.query.ts';
import { ANSWERS, REGISTRY } from './tokens.ts';

@Injectable()
class RestService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly watch: RegistryWatch;

  constructor(
    @Inject(REGISTRY) private readonly registry: RegistryReader,
    @Inject(ANSWERS) private readonly answers: Answers,
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
    this.answers.close();
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
  return openRegistryReader(redisOf(redisUrl, logger), { region, topics, partitions });
}

function openKeptAnswers({ redisUrl }: ControllerConfig, logger: Logger): Answers {
  return openAnswers(redisOf(redisUrl, logger));
}

function redisOf(url: string, logger: Logger) {
  return { url, onError: (error: Error) => logger.debug({ err: error }, 'Redis connection lost') };
}

@Module({
  imports: [CqrsModule, HttpModule],
  controllers: [
    ConnectionsController,
    AgentsController,
    FailoversController,
    SettingsController,
    EventsController,
    StatusController,
    ...LOOK_CONTROLLERS,
  ],
  providers: [
    RestService,
    FactWriter,
    ...LOOK_PROVIDERS,
    { provide: REGISTRY, inject: [CONFIG, LOGGER], useFactory: openReader },
    { provide: ANSWERS, inject: [CONFIG, LOGGER], useFactory: openKeptAnswers },
    { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor },
    ...QUERY_HANDLERS,
    ...SETTINGS_QUERIES,
    ...SETTINGS_COMMANDS,
    ...STATUS_PROVIDERS,
    RequestFailoverHandler,
    DrainAgentHandler,
    PublishEventHandler,
  ],
})
export class RestModule {}
