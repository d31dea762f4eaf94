import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import type { NextFunction, Request, Response } from 'express';
import { HEADER, TIMING, TOPIC, topicName } from '#libs/contracts';
import { type Log, MemoryBroker, type OutgoingEvent } from '#libs/log';
import { createAuthority, issueLeaf } from '#libs/pki';
import { createLogger, createRegistry, type Gauge, type Registry, systemClock } from '#libs/platform';
import { appModule } from '../../../apps/central-controller/src/app.module.ts';
import { ControllerConfig } from '../../../apps/central-controller/src/config.ts';
import { ConsoleSite } from '../../../apps/central-controller/src/console/console-site.ts';
import type { CoreServices } from '../../../apps/central-controller/src/core/core.module.ts';
import { configureApp } from '../../../apps/central-controller/src/http/create-app.ts';
import { ANSWERS, REGISTRY } from '../../../apps/central-controller/src/rest/tokens.ts';
import { buildConsole } from '../../../deploy/local/console-build.mjs';
import { ROOT } from '../../../deploy/local/paths.mjs';
import { claimEvent } from '../decisions.ts';
import { KeptAnswers } from '../rest-app.ts';
import { TestIssuer } from '../tokens.ts';
import { PARTITIONS, type Told } from './aggregate.ts';
import { deadLetters } from './dead-letters.ts';
import { Operations } from './operations.ts';
import { StageRegistry } from './registry.ts';
import { World, type WorldOptions } from './world.ts';

export interface StageOptions extends WorldOptions {
  /** 0: any free one. */
  readonly port?: number;
  /** Reads need a token, as off loopback; default: they are open. */
  readonly closed?: boolean;
  /** False: there is no page until `build` was called. */
  readonly page?: boolean;
}

const REGIONS = ['east', 'west'];
const WRITER = { writer_epoch: 1, writer_id: '3b1f0e9c-1f0b-4a55-9f2e-2f0a52b5f6aa' };
/** Of the shared token, as in the local stack. */
export const STAGE_TOKEN = 'the-shared-token-of-the-stage';
const DAY_MS = 86_400_000;
/** Records behind, by topic: what a quiet process shows. */
const LAG: Readonly<Record<string, number>> = {
  'east.controller-events': 0,
  'west.controller-events': 3,
  'east.health-reports': 0,
  'west.health-reports': 41,
};

/**
 * The console before an audience: the REST part of a central controller as it is shipped (its calls, checks, roles, problems,
 * live stream and the console's files), over a registry that is generated and a log that is in memory.
 */
export class Stage {
  readonly world: World;
  readonly registry: StageRegistry;
  readonly operations: Operations;
  /** Facts that REST wrote. */
  readonly facts: OutgoingEvent[] = [];
  private readonly broker = new MemoryBroker();
  private readonly issuer = new TestIssuer();
  private readonly folder = mkdtempSync(join(tmpdir(), 'trunkline-stage-'));
  private readonly writer: Log;
  private app!: NestExpressApplication;
  private site: ConsoleSite | undefined;
  private builds = 0;
  private written = Promise.resolve();

  private constructor(private readonly options: StageOptions) {
    this.world = new World(options);
    this.registry = new StageRegistry(this.world);
    this.operations = new Operations(this.world, this.registry);
    this.writer = this.broker.log('writer');
    this.world.onDecision = (told) => {
      this.written = this.written.then(() => this.append(told));
    };
  }

  static async start(options: StageOptions = {}): Promise<Stage> {
    const stage = new Stage(options);
    await stage.open();
    return stage;
  }

  /** `http://127.0.0.1:<port>`, where the console is. */
  get url(): string {
    return `http://127.0.0.1:${(this.app.getHttpServer().address() as AddressInfo).port}`;
  }

  /** A token of this person; whoever has none may read, unless the stage is closed. */
  token(role: 'viewer' | 'operator', subject = `${role}-ann`): Promise<string> {
    return this.issuer.sign([role], { sub: subject, exp: Math.floor(Date.now() / 1_000) + 3_600 });
  }

  /** Every decision so far is where the live stream reads it. */
  async settled(): Promise<void> {
    await this.written;
  }

  /** Ends every connection of every browser, the live stream's among them. */
  cut(): void {
    this.app.getHttpServer().closeAllConnections();
  }

  /** Builds the console, again for who changes it. @throws of esbuild; then the page is as it was. */
  build(): void {
    this.builds += 1;
    const folder = join(this.folder, String(this.builds));
    buildConsole(ROOT, folder);
    const site = ConsoleSite.open(folder);
    if (site === undefined) throw new Error('the build gave no page');
    this.site = site;
  }

  async stop(): Promise<void> {
    await this.written;
    this.cut();
    await this.app.close();
    this.issuer.end();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async open(): Promise<void> {
    await this.issuer.addKey('first');
    if (this.options.page !== false) this.build();
    for (const region of REGIONS) {
      this.broker.createRegion(region, PARTITIONS);
      const topic = topicName(region, TOPIC.controllerEvents);
      const partitions = Array.from({ length: PARTITIONS }, (_none, n) => n);
      await this.writer.publish(partitions.map((partition) => claimEvent(topic, partition, WRITER)));
    }
    await this.writer.publishRaw(deadLetters());
    const core = await this.core();
    const module = await Test.createTestingModule({ imports: [appModule(core)] })
      .overrideProvider(REGISTRY)
      .useValue(this.registry)
      .overrideProvider(ANSWERS)
      .useValue(new KeptAnswers())
      .compile();
    this.app = module.createNestApplication<NestExpressApplication>({ bodyParser: false, logger: false });
    configureApp(this.app, core);
    // As serveConsole does, but with the page of now.
    this.app.use((request: Request, response: Response, next: NextFunction) => {
      if (!this.site?.answer(request, response)) next();
    });
    await this.app.listen(this.options.port ?? 0, '127.0.0.1');
    await setLag(core.metrics);
  }

  private async core(): Promise<CoreServices> {
    const config = Object.assign(new ControllerConfig(), {
      region: 'east',
      regions: REGIONS,
      parts: ['rest'],
      partitions: PARTITIONS,
      // What is asked for, not where it listens: a host that is not loopback needs tokens.
      httpHost: this.options.closed ? '0.0.0.0' : '127.0.0.1',
      ...this.issuer.config,
    });
    const nowMs = Date.now();
    const authority = await createAuthority('Trunkline development CA', nowMs);
    const own = {
      name: 'controller-east',
      uri: 'spiffe://trunkline/east/central-controller/controller-east',
    };
    const leaf = await issueLeaf(authority, { ...own, notAfterMs: nowMs + 12 * DAY_MS }, nowMs);
    return {
      configuration: {
        config,
        timings: TIMING,
        token: STAGE_TOKEN,
        peers: [],
        tls: { ca: authority.cert, ...leaf },
      },
      logger: createLogger({ name: 'stage', level: 'fatal' }),
      metrics: createRegistry('stage'),
      clock: systemClock,
      log: this.log(),
    };
  }

  /** What REST reads and writes: a fact is acted upon as soon as it is written. */
  private log(): Log {
    const log = this.broker.log('rest');
    const publish: Log['publish'] = async (events) => {
      const written = await log.publish(events);
      const seen = new Set(this.facts.map(({ id }) => id));
      for (const event of events) {
        if (seen.has(event.id)) continue;
        seen.add(event.id);
        this.facts.push(event);
        this.operations.take(event);
      }
      return written;
    };
    return Object.assign(Object.create(log) as Log, { publish });
  }

  private async append({ region, partition, event_id, type, time, data }: Told): Promise<void> {
    await this.writer.publish([
      {
        topic: topicName(region, TOPIC.controllerEvents),
        partition,
        key: String(data.connection_id ?? data.agent_id),
        id: event_id,
        type,
        source: '/stage/control-loop',
        time,
        data,
        headers: {
          [HEADER.writerEpoch]: String(WRITER.writer_epoch),
          [HEADER.writerId]: WRITER.writer_id,
        },
      },
    ]);
  }
}

async function setLag(metrics: Registry): Promise<void> {
  const gauge = metrics.getSingleMetric('trunkline_consumer_lag') as Gauge<'topic' | 'partition'> | undefined;
  for (const [topic, records] of Object.entries(LAG)) {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      gauge?.set({ topic, partition: String(partition) }, partition === 2 ? records : 0);
    }
  }
}
