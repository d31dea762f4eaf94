import { createHash, randomBytes } from 'node:crypto';
import { encodePingFrame } from '#libs/relay';
import { holdsFor, waitFor } from '../../support/wait-for.ts';
import type { Endpoint } from './endpoint.ts';
import { type Pair, type Running, World } from './harness.ts';

const LEG_BUFFER = 256 * 1024;
/** What a leg may hold beyond its limit: one read of the sender, and a frame that is not whole yet. */
const OVERSHOOT = 4 * 65_536;
const CHUNK = randomBytes(65_536);
const MEBIBYTE = 1024 * 1024;
/** These endpoints do not ping by themselves, and answer no ping while they do not read. */
const PATIENT = { TRUNKLINE_SILENCE_MS: '60000' };

/** Sends as fast as its socket takes it; counts what it has handed over. */
class Flood {
  sent = 0;
  private isOver = false;

  constructor(
    private readonly endpoint: Endpoint,
    private readonly totalBytes = Number.POSITIVE_INFINITY,
  ) {
    endpoint.socket.on('drain', () => this.go());
    this.go();
  }

  stop(): void {
    this.isOver = true;
  }

  private go(): void {
    while (!this.isOver && this.sent < this.totalBytes && !this.endpoint.socket.writableNeedDrain) {
      this.endpoint.data(CHUNK);
      this.sent += CHUNK.length;
    }
  }
}

describe('a reader that is slow', () => {
  let world: World;
  let broker: Running;
  beforeEach(async () => {
    world = new World();
    broker = await world.broker({ ...PATIENT, TRUNKLINE_LEG_BUFFER_BYTES: String(LEG_BUFFER) });
  });
  afterEach(() => world.clear());

  const buffered = () => world.metric(broker, 'buffered_bytes');

  /** What the network itself keeps is full before that. */
  const hasPaused = (reason: string) =>
    waitFor(async () => (await world.metric(broker, 'pauses_total', { reason })) > 0, {
      what: reason,
    });

  async function stalled(pair: Pair): Promise<Flood> {
    pair.bob.socket.pause();
    const flood = new Flood(pair.ann);
    world.ends(() => flood.stop());
    await hasPaused('slow-reader');
    return flood;
  }

  it('makes its sender wait, costs bounded memory, and gets all of it in order in the end', async () => {
    const pair = await world.open(broker);
    const total = 32 * MEBIBYTE;
    const expected = createHash('sha256');
    for (let bytes = 0; bytes < total; bytes += CHUNK.length) expected.update(CHUNK);
    pair.bob.socket.pause();
    const flood = new Flood(pair.ann, total);
    await hasPaused('slow-reader');
    const heapBytes = process.memoryUsage().rss;
    await holdsFor(500, async () => (await buffered()) <= LEG_BUFFER + OVERSHOOT);
    expect(flood.sent).toBeLessThan(total);
    expect(process.memoryUsage().rss - heapBytes).toBeLessThan(64 * MEBIBYTE);
    pair.bob.socket.resume();
    await waitFor(() => pair.bob.receivedBytes === total, { what: 'all of it' });
    const got = createHash('sha256').update(pair.bob.received);
    expect(got.digest('hex')).toBe(expected.digest('hex'));
    await waitFor(async () => (await buffered()) === 0);
  });

  it('does not hold the other direction up, nor other sessions', async () => {
    const pair = await world.open(broker);
    await stalled(pair);
    pair.bob.data(Buffer.from('back'));
    await waitFor(() => pair.ann.received.toString() === 'back', { what: 'the other direction' });
  });

  it('is given up when it goes, and its sender goes on waiting for another', async () => {
    const pair = await world.open(broker);
    const flood = await stalled(pair);
    flood.stop();
    pair.bob.socket.destroy();
    expect(await pair.ann.got('interrupted')).toEqual({ reason: 'target-lost' });
    await waitFor(async () => (await buffered()) === 0);
  });

  it('that pings and does not read the answers is not read either', async () => {
    const pair = await world.open(broker);
    pair.bob.socket.pause();
    let pings = 0;
    const ping = encodePingFrame('ping', 1n);
    const go = (): void => {
      while (!pair.bob.socket.writableNeedDrain && pings < 2_000_000) {
        pair.bob.write(Buffer.concat(Array.from({ length: 1_000 }, () => ping)));
        pings += 1_000;
      }
    };
    pair.bob.socket.on('drain', go);
    go();
    await waitFor(async () => (await buffered()) > LEG_BUFFER / 2, {
      what: 'answers that pile up',
    });
    await holdsFor(1_000, async () => (await buffered()) <= LEG_BUFFER + OVERSHOOT);
  });
});

describe('the readers of a broker together', () => {
  const world = new World();
  afterAll(() => world.clear());

  it('are held to its limit, whatever each one may', async () => {
    const broker = await world.broker({
      ...PATIENT,
      TRUNKLINE_LEG_BUFFER_BYTES: String(4 * MEBIBYTE),
      TRUNKLINE_BROKER_BUFFER_BYTES: String(MEBIBYTE),
    });
    const pair = await world.open(broker);
    pair.bob.socket.pause();
    const flood = new Flood(pair.ann);
    world.ends(() => flood.stop());
    await waitFor(async () => (await world.metric(broker, 'pauses_total', { reason: 'broker-full' })) > 0);
    await holdsFor(500, async () => (await world.metric(broker, 'buffered_bytes')) <= MEBIBYTE + OVERSHOOT);
  });
});
