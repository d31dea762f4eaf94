import type { Socket } from 'node:net';
import { duplexPair } from '../../../../test/support/duplex-pair.ts';
import type { Framing } from './framing.ts';
import { MESSAGE_COMPLETION_MS, MessageStream } from './message-stream.ts';

const FRAMING: Framing = {
  length: 'ascii-4',
  inclusive: false,
  skip: 0,
  mti: 'ascii',
  empty: 'refuse',
  maxBytes: 65_535,
};

function streamOnPair() {
  const [near, far] = duplexPair();
  const socket = Object.assign(near, {
    setNoDelay: () => near,
    setKeepAlive: () => near,
    destroySoon: () => near.end(),
  });
  const seen: string[] = [];
  const time = { nowMs: 0 };
  const stream = new MessageStream(
    socket as unknown as Socket,
    FRAMING,
    {
      messages: (messages) => seen.push(...messages.map(({ bytes }) => bytes.toString())),
      drained: () => seen.push('drained'),
      ended: (end) => seen.push(`ended ${end}`),
    },
    () => time.nowMs,
  );
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return { stream, far, seen, time, settle };
}

describe('MessageStream', () => {
  it('gives whole messages, and writes them as they are', async () => {
    const { stream, far, seen, settle } = streamOnPair();
    const written: Buffer[] = [];
    far.on('data', (chunk: Buffer) => written.push(chunk));
    far.write('00040200000');
    far.write('40800');
    stream.send([Buffer.from('00040210'), Buffer.from('00040810')]);
    await settle();
    expect(seen).toEqual(['00040200', '00040800']);
    expect(Buffer.concat(written).toString()).toBe('0004021000040810');
  });

  it('ends for bytes that are no messages, and says why', async () => {
    const { far, seen, settle } = streamOnPair();
    far.write('0000');
    await settle();
    expect(seen).toEqual(['ended message-empty']);
  });

  it('ends when the rest of a message does not come', async () => {
    const { stream, far, seen, time, settle } = streamOnPair();
    far.write('00040200' + '000402');
    await settle();
    time.nowMs = MESSAGE_COMPLETION_MS;
    stream.tick();
    expect(seen).toEqual(['00040200']);
    time.nowMs += 1;
    stream.tick();
    expect(seen).toEqual(['00040200', 'ended message-half-sent']);
  });

  it('gives a slow sender the whole time for each message anew', async () => {
    const { stream, far, seen, time, settle } = streamOnPair();
    far.write('000402');
    await settle();
    time.nowMs = 9_000;
    far.write('00' + '000402');
    await settle();
    time.nowMs = 12_000;
    stream.tick();
    expect(seen).toEqual(['00040200']);
  });

  it('ends a program that does not read what is sent to it', async () => {
    const { stream, far, seen } = streamOnPair();
    far.pause();
    const message = Buffer.alloc(1024 * 1024);
    const sent = [1, 2, 3, 4, 5, 6, 7].map(() => stream.send([message]));
    expect(sent[0]).toBe(true);
    expect(sent.at(-1)).toBe(false);
    expect(seen).toEqual(['ended too-slow']);
  });

  it('says once that the program closed', async () => {
    const { far, seen, settle } = streamOnPair();
    far.end();
    await settle();
    await settle();
    expect(seen).toEqual(['ended closed']);
  });

  it('calls nobody after it was closed', async () => {
    const { stream, far, seen, settle } = streamOnPair();
    stream.close();
    far.write('00040200');
    await settle();
    expect(stream.send([Buffer.from('x')])).toBe(false);
    expect(seen).toEqual([]);
  });
});
