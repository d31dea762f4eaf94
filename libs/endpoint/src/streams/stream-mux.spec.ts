import { createHash, randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import fc from 'fast-check';
import { waitFor } from '../../../../test/support/wait-for.ts';
import { MuxPair } from '../../testing/mux-pair.ts';
import { STREAM_LIMITS } from './stream-protocol.ts';

/** All that a stream gives, to its end. */
const readAll = async (stream: Duplex): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};
const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe('streams through one session', () => {
  it('carry bytes both ways and keep a half-close', async () => {
    const pair = new MuxPair();
    const near = pair.open();
    near.end('question');
    void pair.attach();
    const far = await pair.accepted(1);
    expect((await readAll(far)).toString()).toBe('question');
    far.end('answer after the question ended');
    expect((await readAll(near)).toString()).toBe('answer after the question ended');
    await waitFor(() => pair.controller.size === 0 && pair.target.size === 0, {
      what: 'both sides to forget it',
    });
  });

  it('wait, before the session is open, within the window', async () => {
    const pair = new MuxPair();
    const near = pair.open();
    const sent = randomBytes(3 * STREAM_LIMITS.windowBytes);
    near.end(sent);
    await waitFor(() => pair.controller.heldBytes >= STREAM_LIMITS.windowBytes);
    await pair.quiet();
    expect(pair.controller.heldBytes).toBeLessThanOrEqual(STREAM_LIMITS.windowBytes + 64 * 1024);
    void pair.attach();
    expect(digest(await readAll(await pair.accepted(1)))).toBe(digest(sent));
  });

  it('tell the other side that the local connection broke', async () => {
    const pair = new MuxPair();
    void pair.attach();
    const near = pair.open();
    near.on('error', () => {});
    near.write('x');
    const far = await pair.accepted(1);
    far.on('error', () => {});
    near.destroy();
    await waitFor(() => far.destroyed, { what: 'the far end to break' });
    await waitFor(() => pair.controller.size === 0 && pair.target.size === 0);
  });

  it('tell it also when the reset itself was lost with its leg', async () => {
    const pair = new MuxPair();
    void pair.attach();
    const near = pair.open();
    near.on('error', () => {});
    near.write('x');
    const far = await pair.accepted(1);
    far.on('error', () => {});
    await waitFor(() => far.readableLength > 0);
    pair.cut();
    near.destroy();
    await waitFor(() => near.closed);
    void pair.attach();
    await waitFor(() => far.destroyed, { what: 'the far end to break' });
    await waitFor(() => pair.controller.size === 0 && pair.target.size === 0);
  });

  it('are at most so many at once, and those before go on', async () => {
    const pair = new MuxPair();
    void pair.attach();
    const near = Array.from({ length: STREAM_LIMITS.streams }, () => pair.open());
    expect(() => pair.open()).toThrow(expect.objectContaining({ code: 'too-many-streams' }));
    for (const [index, stream] of near.entries()) stream.end(`stream ${index}`);
    const last = await pair.accepted(STREAM_LIMITS.streams);
    expect((await readAll(last)).toString()).toBe(`stream ${STREAM_LIMITS.streams - 1}`);
  });

  it('that a restarted side does not know are reset, and new ones go on', async () => {
    const pair = new MuxPair();
    void pair.attach();
    const old = pair.open();
    const broken = new Promise((resolve) => old.once('error', resolve));
    old.write('x');
    const lost = await pair.accepted(1);
    lost.on('error', () => {});
    pair.cut();
    const fresh = pair.open();
    fresh.end('new');
    pair.restartTarget();
    void pair.attach();
    await broken;
    expect((await readAll(await pair.accepted(1))).toString()).toBe('new');
  });
});

describe('a reader that stops', () => {
  it('holds its own stream back and no other one, in bounded memory', async () => {
    const pair = new MuxPair();
    void pair.attach();
    const stuck = pair.open();
    const block = randomBytes(64 * 1024);
    let wanted = 0;
    const fill = (): void => {
      while (wanted < 512 && stuck.write(block)) wanted += 1;
      if (wanted < 512) stuck.once('drain', fill);
    };
    fill();
    await waitFor(() => pair.target.heldBytes >= STREAM_LIMITS.windowBytes - block.length);
    const other = pair.open();
    other.end('gets through');
    expect((await readAll(await pair.accepted(2))).toString()).toBe('gets through');
    expect(pair.target.heldBytes).toBeLessThanOrEqual(STREAM_LIMITS.windowBytes);
    expect(pair.controller.heldBytes).toBeLessThanOrEqual(STREAM_LIMITS.windowBytes + 2 * block.length);
  });

  it('of every stream at once stays within the bound of all, and each has its reserve', async () => {
    const pair = new MuxPair();
    void pair.attach();
    const count = 100;
    const streams = Array.from({ length: count }, () => pair.open());
    for (const stream of streams) stream.write(randomBytes(1024 * 1024));
    await waitFor(() => pair.target.heldBytes > count * STREAM_LIMITS.reservedBytes);
    await pair.quiet();
    expect(pair.target.heldBytes).toBeLessThanOrEqual(STREAM_LIMITS.totalBytes);
    const late = pair.open();
    late.end(randomBytes(1024));
    expect(await readAll(await pair.accepted(count + 1))).toHaveLength(1024);
    const received = await Promise.all(
      streams.map(async (stream, index) => {
        stream.end();
        return readAll(await pair.accepted(index + 1));
      }),
    );
    expect(new Set(received.map(({ length }) => length))).toEqual(new Set([1024 * 1024]));
  });

  it('of single bytes costs a byte for each, not an object', async () => {
    const pair = new MuxPair();
    void pair.attach();
    const stream = pair.open();
    for (let count = 0; count < 50_000; count += 1) stream.write('x');
    stream.end();
    expect(await readAll(await pair.accepted(1))).toHaveLength(50_000);
  });
});

describe('legs that die at any moment', () => {
  const plan = fc.record({
    /** Frames that each leg carries before it is cut, in each direction. */
    lives: fc.array(fc.record({ up: fc.nat({ max: 60 }), down: fc.nat({ max: 60 }) }), { maxLength: 12 }),
    streams: fc.array(fc.record({ up: fc.nat({ max: 150_000 }), down: fc.nat({ max: 150_000 }) }), {
      minLength: 1,
      maxLength: 5,
    }),
    /** Bytes written at once. */
    writes: fc.oneof(fc.integer({ min: 100, max: 70_000 }), fc.constant(STREAM_LIMITS.chunkBytes)),
    window: fc.constantFrom(1_000, 50_000, STREAM_LIMITS.windowBytes),
    slow: fc.boolean(),
  });

  it('have streams announced in order again, whichever became due first', async () => {
    const pair = new MuxPair();
    const near = [pair.open(), pair.open(), pair.open()];
    // The announcements are lost with their leg; then the last stream is due before the others.
    void pair.attach({ up: 1, down: 9 });
    await pair.quiet();
    pair.cut();
    void pair.attach();
    near[2]?.end('third');
    near[1]?.end('second');
    near[0]?.end('first');
    const far = [pair.accepted(1), pair.accepted(2), pair.accepted(3)];
    const said = await Promise.all(far.map(async (stream) => String(await readAll(await stream))));
    expect(said).toEqual(['first', 'second', 'third']);
  });

  it('lose nothing and repeat nothing, in order, in bounded memory', async () => {
    await fc.assert(
      fc.asyncProperty(plan, async ({ lives, streams, writes, window, slow }) => {
        const pair = new MuxPair({ windowBytes: window, slow });
        const expected = streams.map(({ up, down }) => ({ up: randomBytes(up), down: randomBytes(down) }));
        const near = expected.map(({ up }) => pair.send(pair.open(), up, writes));
        const life = pair.live(lives);
        const results = await Promise.all(
          expected.map(async ({ down }, index) => {
            const far = await pair.accepted(index + 1);
            pair.send(far, down, writes);
            const [up, back] = await Promise.all([readAll(far), readAll(near[index] as Duplex)]);
            return { up: digest(up), down: digest(back) };
          }),
        );
        await life;
        expect(results).toEqual(expected.map(({ up, down }) => ({ up: digest(up), down: digest(down) })));
        expect(pair.highestHeldBytes).toBeLessThanOrEqual(
          streams.length * 2 * (window + 2 * writes + 65_536),
        );
        await waitFor(() => pair.controller.size === 0 && pair.target.size === 0, {
          what: 'all to be forgotten',
        });
        expect(pair.controller.heldBytes + pair.target.heldBytes).toBe(0);
      }),
      { numRuns: 40, timeout: 100_000 },
    );
  });
});
