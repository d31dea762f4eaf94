import { duplexPair } from '../../../test/support/duplex-pair.ts';
import { encodeData, encodeFrame, encodePing, encodeRefuse, FRAME_TYPE } from './link-protocol.ts';
import { LinkPath, type PathHandlers } from './path.ts';

function recorder() {
  const seen: string[] = [];
  const state = { isPermitted: true };
  const handlers: PathHandlers = {
    permit: () => state.isPermitted,
    messages: (messages) => seen.push(...messages.map((message) => `message ${message.toString()}`)),
    ready: () => seen.push('ready'),
    refused: (code) => seen.push(`refused ${code}`),
    drained: () => seen.push('drained'),
    ended: (end, fault) => seen.push(['ended', end, fault].filter(Boolean).join(' ')),
  };
  return { seen, state, handlers };
}

function pathOnPair() {
  const [near, far] = duplexPair();
  const time = { nowMs: 0 };
  const { seen, state, handlers } = recorder();
  const path = new LinkPath(near, handlers, {
    keepaliveIntervalMs: 500,
    keepaliveMisses: 3,
    nowMs: () => time.nowMs,
  });
  const sent: Buffer[] = [];
  far.on('data', (chunk: Buffer) => sent.push(chunk));
  const at = (nowMs: number): void => {
    time.nowMs = nowMs;
    path.tick();
  };
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return { path, far, seen, state, at, settle, time, sentHex: () => Buffer.concat(sent).toString('hex') };
}

describe('LinkPath', () => {
  it('handles nothing before it is started, and then what came with the preface first', async () => {
    const { path, far, seen, settle } = pathOnPair();
    far.write(encodeData([Buffer.from('b')]));
    await settle();
    expect(seen).toEqual([]);
    path.start(encodeData([Buffer.from('a')]));
    await settle();
    expect(seen).toEqual(['message a', 'message b']);
  });

  it('keeps the order of messages and control frames', async () => {
    const { path, far, seen, settle } = pathOnPair();
    path.start();
    far.write(
      Buffer.concat([
        encodeData([Buffer.from('a')]),
        encodeFrame(FRAME_TYPE.ready),
        encodeData([Buffer.from('b')]),
      ]),
    );
    await settle();
    expect(seen).toEqual(['message a', 'ready', 'message b']);
  });

  it('pings every interval, answers pings, and measures the round trip by its own last number only', async () => {
    const { path, far, at, settle, time, sentHex } = pathOnPair();
    path.start();
    at(499);
    at(500);
    await settle();
    expect(sentHex()).toBe(encodePing(1).toString('hex'));
    far.write(encodeFrame(FRAME_TYPE.pong, Buffer.from([0, 0, 0, 9])));
    await settle();
    expect(path.rttMs).toBeUndefined();
    time.nowMs = 512;
    far.write(encodeFrame(FRAME_TYPE.pong, Buffer.from([0, 0, 0, 1])));
    far.write(encodePing(77));
    await settle();
    expect(path.rttMs).toBe(12);
    expect(sentHex().endsWith('020000000400' + '00004d')).toBe(true);
  });

  it.each([0, 1, 64])(
    'answers a ping of %s bytes with the same bytes, and takes such a pong as a sign of life',
    async (length) => {
      const { path, far, seen, at, settle, time, sentHex } = pathOnPair();
      path.start();
      const payload = Buffer.alloc(length, 7);
      far.write(encodeFrame(FRAME_TYPE.ping, payload));
      await settle();
      expect(sentHex()).toBe(encodeFrame(FRAME_TYPE.pong, payload).toString('hex'));
      time.nowMs = 1_400;
      far.write(encodeFrame(FRAME_TYPE.pong, payload));
      await settle();
      at(2_800);
      expect(seen).toEqual([]);
    },
  );

  it('ends once when nothing was heard for three intervals, and not a moment earlier', async () => {
    const { path, far, seen, at, settle } = pathOnPair();
    path.start();
    at(1_000);
    far.write(encodePing(1));
    await settle();
    at(2_500);
    expect(seen).toEqual([]);
    at(2_501);
    at(9_000);
    await settle();
    expect(seen).toEqual(['ended keepalive-timeout']);
    expect(path.send([Buffer.from('late')])).toBe('not-sent');
  });

  it('writes and handles nothing while it is not permitted', async () => {
    const { path, far, seen, state, at, settle, sentHex } = pathOnPair();
    path.start();
    state.isPermitted = false;
    expect(path.send([Buffer.from('a')])).toBe('not-sent');
    far.write(encodeData([Buffer.from('b')]));
    at(500);
    await settle();
    expect(seen).toEqual([]);
    expect(sentHex()).toBe('');
  });

  it('ends with the fault for bytes that are no frames', async () => {
    const { path, far, seen, settle } = pathOnPair();
    path.start();
    far.write(Buffer.from('garbage'));
    await settle();
    expect(seen).toEqual(['ended protocol-error unknown-frame-type']);
  });

  it('says why it was refused, and nothing after', async () => {
    const { path, far, seen, settle } = pathOnPair();
    path.start();
    far.end(encodeRefuse('not-expected'));
    await settle();
    await settle();
    expect(seen).toEqual(['refused not-expected']);
  });

  it('says that the peer closed, or broke off', async () => {
    const closed = pathOnPair();
    closed.path.start();
    closed.far.end();
    await closed.settle();
    expect(closed.seen).toEqual(['ended peer-closed']);
    const broken = pathOnPair();
    broken.path.start();
    broken.far.destroy(new Error('reset'));
    await broken.settle();
    await broken.settle();
    expect(broken.seen).toHaveLength(1);
  });

  it('calls nobody after it was closed', async () => {
    const { path, far, seen, at, settle } = pathOnPair();
    path.start();
    path.close();
    far.write(encodeData([Buffer.from('a')]));
    at(60_000);
    await settle();
    expect(seen).toEqual([]);
    expect(path.isClosed).toBe(true);
  });

  it('tells when the peer does not take what is sent, and when it does again', async () => {
    const { path, far, seen, settle } = pathOnPair();
    path.start();
    far.pause();
    const message = Buffer.alloc(60_000);
    let outcome = path.send([message]);
    for (let count = 0; count < 20 && outcome === 'sent'; count += 1) outcome = path.send([message]);
    expect(outcome).toBe('sent-full');
    expect(path.bufferedBytes).toBeGreaterThan(0);
    far.resume();
    for (let count = 0; count < 20; count += 1) await settle();
    expect(seen).toEqual(['drained']);
  });

  describe('that waits until something was handled', () => {
    const pong = (number: number): Buffer => encodeFrame(FRAME_TYPE.pong, Buffer.from([0, 0, 0, number]));

    it('pings for it, and tells after what came before the answer was handed over', async () => {
      const { path, far, seen, settle, sentHex } = pathOnPair();
      path.start();
      path.sendReady();
      path.whenHandled(() => seen.push('handled'));
      await settle();
      expect(sentHex()).toBe(Buffer.concat([encodeFrame(FRAME_TYPE.ready), encodePing(1)]).toString('hex'));
      far.write(
        Buffer.concat([encodeData([Buffer.from('before')]), pong(1), encodeData([Buffer.from('after')])]),
      );
      await settle();
      expect(seen).toEqual(['message before', 'handled', 'message after']);
    });

    it('tells each time once, also when keepalives went between, and not for an answer to an earlier ping', async () => {
      const { path, far, seen, settle, at } = pathOnPair();
      path.start();
      at(500);
      path.whenHandled(() => seen.push('first'));
      path.whenHandled(() => seen.push('second'));
      at(1_000);
      far.write(pong(1));
      await settle();
      expect(seen).toEqual([]);
      far.write(pong(2));
      await settle();
      expect(seen).toEqual(['first']);
      far.write(Buffer.concat([pong(3), pong(4), pong(3)]));
      await settle();
      expect(seen).toEqual(['first', 'second']);
    });
  });
});
