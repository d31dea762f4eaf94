import { jest } from '@jest/globals';
import { deadLetterTopic, TOPIC, TOPIC_SETTINGS, topicName } from '#libs/contracts';
import { getJson } from '../support/http.ts';
import { byLength } from '../support/length.ts';
import { PlainKafka } from '../support/plain-kafka.ts';
import { POISON_KINDS, poisonFacts, poisonOf } from '../support/poison.ts';
import { redisCommand } from '../support/redis.ts';
import type { Stack } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';
import { auditing } from './support/audit.ts';
import { causeOf, explained, serverLost } from './support/explained.ts';
import { lostFrom, type RegistryPicture, takePicture } from './support/registry-picture.ts';
import {
  CONTROLLER,
  controlOf,
  decisionsSince,
  eventsOf,
  LINK,
  reconcile,
  rowOf,
  SERVER_SIDECARS,
  sidecarOf,
  startSpine,
  untilActive,
  untilApproved,
} from './support/spine.ts';

jest.setTimeout(180_000);

const APPLICATIONS = [
  'iso-client-1',
  'iso-client-dr',
  'iso-server-1',
  'iso-server-2',
  'iso-server-3',
] as const;
const PROGRAMS = [CONTROLLER, 'central-controller-west', 'client-sidecar-1', ...SERVER_SIDECARS] as const;
const POISON_RECORDS = byLength(200, 1_000);
const GOOD_RECORDS = byLength(20, 100);
/** How long Kafka stays away, in milliseconds; shorter than a lease. */
const KAFKA_AWAY_MS = byLength(8_000, 20_000);

/** The card number of every purchase; it must stand nowhere but on the wire and in the applications. */
const CANARY_PAN = '4999888877776666';

function topicsOf(region: string): string[] {
  return Object.values(TOPIC).flatMap((base) => {
    const topic = topicName(region, base);
    return TOPIC_SETTINGS[base].deadLetter ? [topic, deadLetterTopic(topic)] : [topic];
  });
}

describe('a payment link while its control plane is in trouble', () => {
  let stack: Stack;
  let plain: PlainKafka;

  beforeAll(async () => {
    stack = await startSpine({
      own: { kafka: true, redis: true },
      env: { 'iso-client-1': { TRUNKLINE_SIMULATOR_PAN: CANARY_PAN } },
    });
    plain = new PlainKafka(stack.kafkaBrokers);
  });
  auditing(() => stack);
  afterAll(() => stack?.stop());

  it('is moved to its end though the control loop is killed in the middle; no command is run twice', async () => {
    const before = await untilActive(stack);
    const carrying = sidecarOf(stack, before);
    const controller = stack.program(CONTROLLER);
    // The controller dies as soon as its decision stands, whether or not its commands have left.
    const decided = plain.firstAfter(`${stack.regions.bank}.controller-events`, (record) =>
      String(record.headers?.ce_type).includes('failover-decided'),
    );
    await decided.reading;
    await carrying.kill('SIGKILL');
    await decided.found;
    await controller.kill('SIGKILL');
    await controller.start();
    await untilActive(stack, before.epoch + 1);
    expect(await causeOf(stack)).toMatchObject(serverLost(before));
    await untilApproved(stack, 50);
    await carrying.start();
    await reconcile(stack);
  });

  it('carries on while Kafka is stopped for a while, and is moved again once it is back', async () => {
    const before = await untilActive(stack);
    const cause = await causeOf(stack);
    await stack.servers?.stop('kafka');
    const stoppedAtMs = performance.now();
    await untilApproved(stack, 200);
    await waitFor(() => performance.now() - stoppedAtMs > KAFKA_AWAY_MS, {
      what: 'Kafka to be away for a while',
      withinMs: 2 * KAFKA_AWAY_MS,
    });
    await untilApproved(stack, 50);
    await stack.servers?.start('kafka');
    await untilApproved(stack, 50);
    expect(await rowOf(stack)).toMatchObject({ epoch: before.epoch, server_id: before.server_id });
    expect(await causeOf(stack)).toEqual(cause);
    await sidecarOf(stack, before).kill('SIGKILL');
    await untilActive(stack, before.epoch + 1, 60_000);
    expect(await causeOf(stack)).toMatchObject(serverLost(before));
    await untilApproved(stack, 50);
    await sidecarOf(stack, before).start();
    await reconcile(stack);
  });

  it('keeps its registry through a FLUSHALL: readers are told, and it comes back equal', async () => {
    const before = await takePicture(stack);
    const why = await explained(stack);
    await redisCommand(stack.redisUrl, 'FLUSHALL');
    await waitFor(async () => (await rowAnswer()).body.code === 'registry-rebuilding', {
      what: 'an answer that the registry is being rebuilt',
      everyMs: 5,
    });
    await untilRegistryIsBack(before);
    expect(await explained(stack)).toEqual(why);
    await untilApproved(stack, 50);
    await reconcile(stack);
  });

  it('keeps its registry through a Redis that stops and comes back', async () => {
    const before = await takePicture(stack);
    await stack.servers?.stop('redis');
    await waitFor(async () => (await rowAnswer()).status === 503, { what: 'a 503 without Redis' });
    expect((await rowAnswer()).body.code).toBe('registry-unavailable');
    await untilApproved(stack, 50);
    await stack.servers?.start('redis');
    await untilRegistryIsBack(before);
    await untilApproved(stack, 50);
    await reconcile(stack);
  });

  it(`is not disturbed by ${POISON_RECORDS} poison records of 20 kinds, each put aside with its reason`, async () => {
    expect(POISON_KINDS).toHaveLength(20);
    const topic = `${stack.regions.bank}.connection-status`;
    const poison = poisonFacts(POISON_RECORDS);
    const before = await untilActive(stack);
    const goodIds = Array.from({ length: GOOD_RECORDS }, (_, index) => `waiting-client:${index}`);
    const half = poison.length / 2;
    await sendInTurn(topic, poison.slice(0, half), goodIds);
    const id = 'bank-client-dr:among-poison';
    const request = { connection_id: id, kind: 'link', client_id: 'bank-client-dr', server_group: 'scheme' };
    await plain.publish(topic, id, 'connection-request', request);
    await sendInTurn(topic, poison.slice(half));
    await waitFor(async () => (await rowOf(stack, id)).phase === 'active', { what: `${id} active` });
    const wanted = poison.map((record) => `${record.headers.poison}: ${record.reason}`).sort();
    const dead = await waitFor(
      async () => {
        const found = await plain.readAll(`${topic}.dead-letter`);
        return found.length >= POISON_RECORDS ? found : undefined;
      },
      { what: 'every poison record in the dead-letter topic', withinMs: 30_000 },
    );
    expect(dead.map(({ headers }) => poisonOf((headers ?? {}) as never)).sort()).toEqual(wanted);
    await waitFor(async () => (await lagOf(topic)) === 0, { what: 'a lag of zero' });
    for (const good of goodIds)
      expect(await rowOf(stack, good)).toMatchObject({ phase: 'requested', version: 1 });
    expect((await rowOf(stack)).epoch).toBe(before.epoch);
    await reconcile(stack);
  });

  it('says in its events why it moved, with versions that have no gap', async () => {
    const events = await eventsOf(stack);
    expect(events.map(({ data }) => data.version)).toEqual(events.map((_, index) => index + 1));
    const moves = events.filter(({ type }) => type.includes('failover-decided'));
    expect(moves.length).toBeGreaterThan(0);
    for (const { data } of moves) {
      expect(data.evidence[0]).toMatchObject({ type: expect.any(String) });
      expect(data.candidates.length).toBeGreaterThan(0);
    }
    expect(await decisionsSince(stack, 0)).toContain('connection-assigned');
    expect((await controlOf(stack, 'iso-client-1')).duplicated).toBe(0);
  });

  it('shows no card number in any log, record, metric or answer', async () => {
    const places: [string, string][] = [];
    for (const name of PROGRAMS) {
      places.push([`log of ${name}`, stack.program(name).log()]);
      places.push([`metrics of ${name}`, String((await getJson(stack.url(name, '/metrics'))).body)]);
    }
    for (const name of APPLICATIONS) {
      places.push([`log of ${name}`, stack.program(name).log()]);
      places.push([`control of ${name}`, JSON.stringify(await controlOf(stack, name))]);
    }
    for (const topic of [stack.regions.bank, stack.regions.scheme].flatMap(topicsOf)) {
      const records = await plain.readAll(topic);
      const text = records.map(
        ({ key, value, headers }) => `${key} ${value} ${Object.values(headers ?? {})}`,
      );
      places.push([topic, `${topic}\n${text.join('\n')}`]);
    }
    const one = `/connections/${encodeURIComponent(LINK)}`;
    for (const path of ['/connections', one, `${one}/events`, '/agents', '/failovers']) {
      const { body } = await getJson(stack.url(CONTROLLER, `/api/v1${path}`));
      places.push([path, JSON.stringify(body)]);
    }
    expect(places.filter(([, text]) => text === '').map(([place]) => place)).toEqual([]);
    expect(places.filter(([, text]) => text.includes(CANARY_PAN)).map(([place]) => place)).toEqual([]);
    expect((await controlOf(stack, 'iso-client-1')).approved).toBeGreaterThan(0);
  });

  /** A produce request takes 1 MiB, and one poison record in twenty is oversized. Good requests go between. */
  async function sendInTurn(topic: string, poison: ReturnType<typeof poisonFacts>, goodIds: string[] = []) {
    const rounds = poison.length / POISON_KINDS.length;
    const goodPerRound = Math.ceil(goodIds.length / rounds);
    for (let round = 0; round < rounds; round += 1) {
      await plain.send(topic, poison.slice(round * POISON_KINDS.length, (round + 1) * POISON_KINDS.length));
      for (const id of goodIds.slice(round * goodPerRound, (round + 1) * goodPerRound)) {
        const data = { connection_id: id, kind: 'link', client_id: 'waiting-client', server_group: 'none' };
        await plain.publish(topic, id, 'connection-request', data);
      }
    }
  }

  const rowAnswer = () => getJson(stack.url(CONTROLLER, `/api/v1/connections/${encodeURIComponent(LINK)}`));

  /** Waits until all that the registry told stands there again. */
  async function untilRegistryIsBack(before: RegistryPicture) {
    await waitFor(
      async () => {
        const lost = lostFrom(before, await takePicture(stack));
        if (lost.length > 0) throw new Error(lost.join('; '));
        return true;
      },
      { what: 'the registry as it was', withinMs: 60_000 },
    );
  }

  async function lagOf(topic: string): Promise<number> {
    const { body } = await getJson(stack.url(CONTROLLER, '/metrics'));
    const lines = String(body)
      .split('\n')
      .filter((line) => line.startsWith('trunkline_consumer_lag') && line.includes(`topic="${topic}"`));
    if (lines.length === 0) throw new Error(`no lag of ${topic}`);
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }
});
