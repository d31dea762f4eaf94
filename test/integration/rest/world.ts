import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type ClientRequest, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplication } from '@nestjs/common';
import { TOPIC, topicName } from '#libs/contracts';
import { KafkaLog } from '#libs/log';
import { createLogger, createRegistry, systemClock } from '#libs/platform';
import { loadConfiguration } from '../../../apps/central-controller/src/config.ts';
import { createApp } from '../../../apps/central-controller/src/http/create-app.ts';
import { claimEvent, type Writer } from '../../support/decisions.ts';
import { type Answer, getJson } from '../../support/http.ts';
import { ownDatabase } from '../../support/projection.ts';
import { waitFor } from '../../support/wait-for.ts';

export const PARTITIONS = 3;
export const TOKEN = 'a-token-of-the-tests';
export const WRITER: Writer = { writer_epoch: 1, writer_id: randomUUID() };

/** Two control regions of one test on real Kafka and Redis, and a central controller of the first, over HTTP. */
export class RestWorld {
  readonly regions: readonly [string, string];
  readonly log: KafkaLog;
  url = '';
  private readonly home = mkdtempSync(join(tmpdir(), 'trunkline-rest-'));
  private app: INestApplication | undefined;
  private redisUrl = '';

  constructor() {
    const unique = `t${randomUUID().slice(0, 8)}`;
    this.regions = [`${unique}-east`, `${unique}-west`];
    const brokers = (process.env.TRUNKLINE_KAFKA_BROKERS ?? '').split(',');
    this.log = new KafkaLog({ brokers, clientId: `${unique}-test` });
  }

  topic(base: keyof typeof TOPIC, region = this.regions[0]): string {
    return topicName(region, TOPIC[base]);
  }

  /** What a process needs to know to be a controller of the first region. */
  async environment(parts: readonly string[], more: Record<string, string> = {}): Promise<NodeJS.ProcessEnv> {
    const [region] = this.regions;
    for (const each of this.regions) await this.log.ensureTopics(each, { partitions: PARTITIONS });
    if (this.redisUrl === '') this.redisUrl = await ownDatabase();
    const tokenFile = join(this.home, 'token');
    writeFileSync(tokenFile, TOKEN);
    return {
      TRUNKLINE_REGION: region,
      TRUNKLINE_REGIONS: this.regions.join(','),
      TRUNKLINE_KAFKA_BROKERS: process.env.TRUNKLINE_KAFKA_BROKERS,
      TRUNKLINE_REDIS_URL: this.redisUrl,
      TRUNKLINE_PARTS: parts.join(','),
      TRUNKLINE_PARTITIONS: `${PARTITIONS}`,
      TRUNKLINE_HTTP_PORT: '0',
      TRUNKLINE_TOKEN_FILE: tokenFile,
      TRUNKLINE_LOG_LEVEL: 'fatal',
      ...more,
    };
  }

  /** Starts these parts in this process, and waits until they are ready. */
  async start(parts: readonly string[], more: Record<string, string> = {}): Promise<void> {
    const configuration = loadConfiguration(await this.environment(parts, more));
    const app = await createApp({
      configuration,
      logger: createLogger({ name: 'test', level: 'fatal' }),
      metrics: createRegistry('test'),
      clock: systemClock,
    });
    this.app = app;
    await app.listen(0, '127.0.0.1');
    this.url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
    if (parts.includes('projector')) {
      await waitFor(async () => (await this.get('/health/ready', '')).status === 200, {
        what: 'a ready controller',
      });
    }
  }

  get(path: string, base = '/api/v1', token?: string): Promise<Answer> {
    return getJson(
      `${this.url}${base}${path}`,
      token === undefined ? {} : { authorization: `Bearer ${token}` },
    );
  }

  /** Claims every partition of both regions' decisions, for a test that writes them itself. */
  async claim(): Promise<void> {
    for (const region of this.regions) {
      const topic = this.topic('controllerEvents', region);
      const partitions = Array.from({ length: PARTITIONS }, (_none, partition) => partition);
      await this.log.publish(partitions.map((partition) => claimEvent(topic, partition, WRITER)));
    }
  }

  stopApp(): Promise<void> {
    const { app } = this;
    this.app = undefined;
    return app?.close() ?? Promise.resolve();
  }

  async end(): Promise<void> {
    await this.stopApp();
    await this.log.close();
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** A program that reads the live stream, and keeps what it read. */
export class StreamReader {
  text = '';
  status = 0;
  type = '';
  isOver = false;
  private readonly request: ClientRequest;

  constructor(url: string, query = '', lastEventId?: string) {
    const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
    this.request = get(`${url}/api/v1/events${query}`, { headers, agent: false }, (response) => {
      this.status = response.statusCode ?? 0;
      this.type = response.headers['content-type'] ?? '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        this.text += text;
      });
      response.on('close', () => {
        this.isOver = true;
      });
    });
    this.request.on('error', () => {
      this.isOver = true;
    });
  }

  /** Whole events alone; the last may be on its way. */
  get blocks(): string[] {
    return this.text
      .slice(0, this.text.lastIndexOf('\n\n'))
      .split('\n\n')
      .filter((block) => block.includes('\ndata: '));
  }
  get ids(): string[] {
    return this.blocks.flatMap((block) => /"event_id":"([^"]+)"/.exec(block)?.[1] ?? []);
  }
  get lastId(): string {
    return [...this.text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? '';
  }

  begun(): Promise<unknown> {
    return waitFor(() => this.text.includes('retry: '), { what: 'the beginning of a stream' });
  }

  leave(): void {
    this.request.destroy();
  }
}
