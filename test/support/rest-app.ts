import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import { TIMING } from '#libs/contracts';
import { type Log, LogUnavailable, type OutgoingEvent } from '#libs/log';
import { createLogger, createRegistry, NO_TRACING, systemClock, type Tracing } from '#libs/platform';
import {
  type AnswerClaim,
  type Answers,
  type FailoverView,
  type FreezeView,
  type PolicyView,
  type RegistryReader,
  RegistryRebuilding,
} from '#libs/registry';
import { appModule } from '../../apps/central-controller/src/app.module.ts';
import { ControllerConfig } from '../../apps/central-controller/src/config.ts';
import type { CoreServices } from '../../apps/central-controller/src/core/core.module.ts';
import { configureApp } from '../../apps/central-controller/src/http/create-app.ts';
import type { LiveHub } from '../../apps/central-controller/src/live/hub.ts';
import { LiveService } from '../../apps/central-controller/src/rest/live.service.ts';
import { ANSWERS, REGISTRY } from '../../apps/central-controller/src/rest/tokens.ts';

export const TOKEN = 'a-token-of-the-tests';
export const CONNECTION = {
  connection_id: 'bank-client-1:primary',
  kind: 'link',
  status: 'active',
  phase: 'active',
  epoch: 2,
  version: 7,
  home_region: 'west',
  client_id: 'bank-client-1',
  server_id: 'scheme-server-1',
  updated_at: '2026-01-01T00:00:00.000Z',
};
export const POINT = { time: '2026-01-01T00:00:00.000Z', health_score: 98.5, round_trip_ms: 61.4 };
export const AGENT = {
  agent_id: 'scheme-server-1',
  kind: 'server-sidecar',
  control_region: 'east',
  incarnation: 'life-1',
  draining: false,
  status: 'alive' as const,
};

const MOVE = {
  connection_id: CONNECTION.connection_id,
  reason: 'server-lost',
  detected_at: CONNECTION.updated_at,
};
/** A move that waits for an operator. */
export const HELD: FailoverView = {
  ...MOVE,
  failover_id: `${CONNECTION.connection_id}~3`,
  suppressed: { reason: 'blast-radius', what: 'failover', cause: 'scheme/servers-lost' },
};
/** One that waits for its time. */
export const DAMPED: FailoverView = {
  ...MOVE,
  failover_id: `${CONNECTION.connection_id}~4`,
  suppressed: { reason: 'damping', what: 'failover', until: '2026-01-01T00:01:00.000Z' },
};
export const POLICY: PolicyView = {
  name: 'scheme',
  control_region: 'east',
  version: 4,
  server_group: 'scheme',
  settings: { damping_max_moves: 3 },
  requested_by: 'operator',
  updated_at: CONNECTION.updated_at,
};

/** A registry of one connection and one agent, that fails when told to. */
class OneOfEach implements RegistryReader {
  failure: Error | undefined;
  known: PolicyView[] = [POLICY];
  /** By their control regions. */
  frozen: readonly FreezeView[] = [];
  /** Home region of the connection. */
  home = CONNECTION.home_region;
  asked: unknown[] = [];

  private async answer<T>(value: T, ...asked: unknown[]): Promise<T> {
    this.asked = asked;
    if (this.failure) throw this.failure;
    return value;
  }
  connections(...asked: unknown[]) {
    return this.answer({ items: [CONNECTION], next_cursor: 'next' }, ...asked);
  }
  connection(id: string) {
    const found = id === CONNECTION.connection_id;
    return this.answer(found ? { ...CONNECTION, home_region: this.home } : undefined);
  }
  connectionEvents(id: string, page: unknown) {
    return this.answer(id === CONNECTION.connection_id ? { items: [] } : undefined, page);
  }
  connectionAt(id: string, ...asked: unknown[]) {
    return this.answer(id === CONNECTION.connection_id ? CONNECTION : undefined, ...asked);
  }
  connectionHealth(id: string, ...asked: unknown[]) {
    return this.answer(id === CONNECTION.connection_id ? [POINT] : undefined, ...asked);
  }
  connectionsAt(...asked: unknown[]) {
    return this.answer({ items: [CONNECTION], next_cursor: 'next' }, ...asked);
  }
  historyOf() {
    return this.answer(undefined);
  }
  agents(...asked: unknown[]) {
    return this.answer({ items: [AGENT] }, ...asked);
  }
  agent(id: string) {
    return this.answer(id === AGENT.agent_id ? AGENT : undefined);
  }
  failovers(...asked: unknown[]) {
    return this.answer({ items: [HELD] }, ...asked);
  }
  failover(id: string) {
    return this.answer([HELD, DAMPED].find((each) => each.failover_id === id));
  }
  policies() {
    return this.answer(this.known);
  }
  policy(name: string) {
    return this.answer(this.known.find((each) => each.name === name));
  }
  freeze(region = 'east') {
    return this.answer(this.frozen.find(({ control_region }) => control_region === region));
  }
  /** Asked all the time, for /health/ready; so it does not count as asked. */
  async missing() {
    if (this.failure instanceof RegistryRebuilding) return this.failure.progress;
    if (this.failure) throw this.failure;
    return undefined;
  }
  close() {}
}

/** Answers kept in memory; they fail when told to. */
export class KeptAnswers implements Answers {
  failure: Error | undefined;
  readonly kept = new Map<string, [fingerprint: string, answer: string]>();

  async claim(key: string, fingerprint: string): Promise<AnswerClaim> {
    if (this.failure) throw this.failure;
    const [known, answer] = this.kept.get(key) ?? [];
    if (known === undefined) {
      this.kept.set(key, [fingerprint, '']);
      return { kind: 'claimed' };
    }
    if (known !== fingerprint) return { kind: 'other' };
    return answer ? { kind: 'answered', answer } : { kind: 'running' };
  }
  async keep(key: string, fingerprint: string, answer: string) {
    if (this.failure) throw this.failure;
    this.kept.set(key, [fingerprint, answer]);
  }
  async release(key: string) {
    this.kept.delete(key);
  }
  close() {}
}

/** The REST part over a registry of one connection and one agent, and a log that remembers what it was given. */
export class RestApp {
  readonly registry = new OneOfEach();
  readonly answers = new KeptAnswers();
  published: OutgoingEvent[] = [];
  logFails = false;
  private app!: NestExpressApplication;

  /**
   * @param tracing takes its spans; absent: it makes none.
   * @param live the live stream; absent: one of the log, which there is none of here
   */
  constructor(
    private readonly tracing: Tracing = NO_TRACING,
    private readonly live?: LiveHub,
  ) {}

  http() {
    return request(this.app.getHttpServer());
  }

  put(path: string) {
    return this.http().put(path).set('authorization', `Bearer ${TOKEN}`);
  }

  post(path: string) {
    return this.http().post(path).set('authorization', `Bearer ${TOKEN}`);
  }

  reset(): void {
    this.registry.failure = undefined;
    this.answers.failure = undefined;
    this.answers.kept.clear();
    this.registry.known = [POLICY];
    this.registry.frozen = [];
    this.registry.home = CONNECTION.home_region;
    this.published = [];
    this.logFails = false;
  }

  async start(changes: Partial<ControllerConfig> = {}): Promise<void> {
    const core = this.core(changes);
    const building = Test.createTestingModule({ imports: [appModule(core)] })
      .overrideProvider(REGISTRY)
      .useValue(this.registry)
      .overrideProvider(ANSWERS)
      .useValue(this.answers);
    if (this.live) building.overrideProvider(LiveService).useValue({ hub: this.live });
    const module = await building.compile();
    this.app = module.createNestApplication<NestExpressApplication>({ bodyParser: false, logger: false });
    configureApp(this.app, core);
    await this.app.init();
  }

  stop(): Promise<void> {
    return this.app.close();
  }

  /** The same process, otherwise configured. */
  async otherwise(changes: Partial<ControllerConfig>, look: () => Promise<void>): Promise<void> {
    const usual = this.app;
    await this.start(changes);
    try {
      await look();
    } finally {
      await this.app.close();
      this.app = usual;
    }
  }

  private core(changes: Partial<ControllerConfig>): CoreServices {
    const config = Object.assign(new ControllerConfig(), {
      region: 'east',
      regions: ['east', 'west'],
      parts: ['rest'],
      partitions: 3,
      ...changes,
    });
    const log = {
      publish: async (events: OutgoingEvent[]) => {
        if (this.logFails) throw new LogUnavailable('Kafka is away');
        this.published.push(...events);
        return [];
      },
      close: async () => undefined,
    };
    return {
      configuration: { config, timings: TIMING, token: TOKEN, peers: [], tls: undefined },
      logger: createLogger({ name: 'test', level: 'fatal' }),
      metrics: createRegistry('test'),
      clock: systemClock,
      tracing: this.tracing,
      log: log as unknown as Log,
    };
  }
}

/** The problem details of an answer, which must be just this problem. */
export function expectProblem(answer: request.Response, status: number, code: string) {
  expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  const body = JSON.parse(answer.text);
  expect(body).toMatchObject({ status, code, type: `urn:trunkline:problem:${code}` });
  expect(answer.status).toBe(status);
  return body;
}

/** A RestApp for all tests of a file. */
export function useRestApp(tracing?: Tracing): RestApp {
  const rest = new RestApp(tracing);
  beforeAll(() => rest.start());
  beforeEach(() => rest.reset());
  afterAll(() => rest.stop());
  return rest;
}
