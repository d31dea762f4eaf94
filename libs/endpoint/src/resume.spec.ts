import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { holdsFor, waitFor } from '../../../test/support/wait-for.ts';
import { Rig } from '../testing/rig.ts';
import type { ControllerSession, TargetSession } from './session-types.ts';

const BROKERS = ['broker-us-1', 'broker-us-2', 'broker-in-3'];

/** Sends bytes through an echo and compares what comes back, while something happens. */
class Echoed {
  sent = 0;
  received = 0;
  private readonly hashes = { sent: createHash('sha256'), received: createHash('sha256') };
  private isStopped = false;

  constructor(private readonly stream: Duplex) {
    stream.on('data', (chunk: Buffer) => {
      this.received += chunk.length;
      this.hashes.received.update(chunk);
    });
    this.write();
  }

  async finish(): Promise<void> {
    this.isStopped = true;
    await once(this.stream, 'end');
    expect(this.received).toBe(this.sent);
    expect(this.hashes.received.digest('hex')).toBe(this.hashes.sent.digest('hex'));
  }

  private write(): void {
    if (this.isStopped) {
      this.stream.end();
      return;
    }
    const piece = randomBytes(1 + (this.sent % 20_000));
    this.sent += piece.length;
    this.hashes.sent.update(piece);
    if (this.stream.write(piece)) setImmediate(() => this.write());
    else this.stream.once('drain', () => this.write());
  }
}

describe('a session whose broker goes', () => {
  let rig: Rig;
  let controller: ControllerSession;
  let target: TargetSession;
  beforeEach(async () => {
    rig = await Rig.start(...BROKERS);
    ({ controller, target } = await rig.session());
    await waitFor(() => controller.status.phase === 'open');
  });
  afterEach(() => rig.stop(controller, target));
  const carrier = () => rig.exchange.broker(target.status.brokerId ?? 'none');
  const flows = async (echoed: Echoed): Promise<void> => {
    const before = echoed.received;
    await waitFor(() => echoed.received > before + 200_000, { what: 'bytes to flow' });
  };

  it('goes on elsewhere after each of two deaths, every byte once and in order', async () => {
    const streams = [new Echoed(controller.connect()), new Echoed(controller.connect())];
    for (let death = 1; death <= 2; death += 1) {
      await Promise.all(streams.map(flows));
      await carrier().kill();
      await waitFor(() => controller.status.resumes === death && target.status.resumes === death);
      await Promise.all(streams.map(flows));
    }
    await Promise.all(streams.map((stream) => stream.finish()));
    expect(controller.status.bytesReceived).toBe(streams.reduce((sum, { sent }) => sum + sent, 0));
  });

  it('moves when the broker drains, as often as that happens', async () => {
    const stream = new Echoed(controller.connect());
    await flows(stream);
    let resumed = 0;
    for (const session of [controller, target]) {
      session.on('resumed', () => {
        resumed += 1;
      });
    }
    for (const moves of [1, 2, 3]) {
      const left = carrier();
      left.drain();
      await waitFor(() => left.legs.size === 0, { what: 'both ends to leave' });
      expect([controller.status.brokerId, target.status.brokerId]).not.toContain(left.broker.id);
      await waitFor(() => resumed >= 2 * moves);
      await flows(stream);
      left.isDraining = false;
    }
    await stream.finish();
  });

  it('is told twice that the broker goes, and moves once', async () => {
    const stream = new Echoed(controller.connect());
    await flows(stream);
    let moves = 0;
    let waits = 0;
    let isHeldBack = true;
    rig.exchange.refuse = (leg, asked) => {
      if (asked !== 'resume') return undefined;
      if (leg.role === 'target') moves += 1;
      if (leg.role === 'target' || !isHeldBack) return undefined;
      waits += 1;
      return { reason: 'unavailable', retry_after_ms: 20 };
    };
    const left = carrier();
    left.drain();
    await waitFor(() => moves === 1);
    left.drain();
    const before = waits;
    await waitFor(() => waits > before + 3);
    await flows(stream);
    isHeldBack = false;
    await waitFor(() => controller.status.resumes === 1 && target.status.resumes === 1);
    expect(moves).toBe(1);
    left.isDraining = false;
    await stream.finish();
  });

  it('leaves a broker that is silent without a reset', async () => {
    const stream = new Echoed(controller.connect());
    await flows(stream);
    const silent = carrier();
    silent.freeze(true);
    await waitFor(() => controller.status.resumes === 1 && target.status.resumes === 1);
    expect(target.status.brokerId).not.toBe(silent.broker.id);
    await flows(stream);
    await stream.finish();
    silent.freeze(false);
  });

  it('goes on at the same broker when only one leg broke', async () => {
    const stream = new Echoed(controller.connect());
    await flows(stream);
    const { broker } = carrier();
    for (const leg of carrier().legs) if (leg.role === 'target') leg.destroy();
    await waitFor(() => controller.status.resumes === 1);
    expect(controller.status.brokerId).toBe(broker.id);
    await flows(stream);
    await stream.finish();
  });

  it('keeps trying while the control plane is away', async () => {
    const refusals: string[] = [];
    controller.on('retrying', ({ error }) => refusals.push(error.code));
    rig.exchange.refuse = () => ({ reason: 'unavailable', retry_after_ms: 20 });
    await carrier().kill();
    await waitFor(() => refusals.filter((code) => code === 'unavailable').length > 2);
    rig.exchange.refuse = () => undefined;
    await waitFor(() => controller.status.phase === 'open' && target.status.phase === 'open');
    const stream = new Echoed(controller.connect());
    await flows(stream);
    await stream.finish();
  });

  it('stops asking when the broker says that it is over', async () => {
    rig.exchange.refuse = () => ({ reason: 'window-over' });
    await carrier().kill();
    expect(await controller.closed).toMatchObject({ reason: 'window-over', error: { code: 'window-over' } });
    expect(await target.closed).toMatchObject({ reason: 'window-over' });
  });
});

describe('a session that cannot come back', () => {
  it('is over when its window is, with its streams', async () => {
    const rig = await Rig.start('broker-us-1');
    const controller = await rig.controller({ timings: { resumeWindowMs: 600, probePings: 1 } });
    const target = await rig.target(controller.code, { timings: { resumeWindowMs: 600, probePings: 1 } });
    await waitFor(() => controller.status.phase === 'open');
    const stream = controller.connect();
    const broken = once(stream, 'error');
    await rig.exchange.broker('broker-us-1').kill();
    await waitFor(() => controller.status.phase === 'interrupted');
    const ends = await Promise.all([controller.closed, target.closed]);
    expect(ends.map(({ error }) => error?.code)).toEqual(['window-over', 'window-over']);
    await broken;
    await rig.stop();
  });

  it('is over at a gap, and says so on both sides', async () => {
    const rig = await Rig.start('broker-us-1');
    const { controller, target } = await rig.session();
    await waitFor(() => controller.status.phase === 'open');
    const stream = controller.connect();
    stream.on('error', () => {});
    stream.write('x');
    await once(stream, 'data');
    const [leg] = [...rig.exchange.broker('broker-us-1').legs].filter(({ role }) => role === 'controller');
    // A data frame of stream 1 far behind what was sent.
    const frame = Buffer.from('0d00000f' + '02' + '00000001' + '0000000000001000' + '6162', 'hex');
    leg?.partner?.forge(frame);
    expect(await target.closed).toMatchObject({ reason: 'gap', error: { code: 'gap' } });
    expect(await controller.closed).toMatchObject({ reason: 'gap', error: { code: 'gap' } });
    await rig.stop();
  });
});

describe('a controller that waits for its target', () => {
  it('keeps its code when its broker dies', async () => {
    const rig = await Rig.start(...BROKERS);
    const controller = await rig.controller();
    const first = controller.status.brokerId ?? 'none';
    await rig.exchange.broker(first).kill();
    await waitFor(() => ![undefined, first].includes(controller.status.brokerId));
    expect(controller.status.phase).toBe('waiting');
    const target = await rig.target(controller.code);
    await waitFor(() => controller.status.phase === 'open');
    await holdsFor(100, () => controller.status.phase === 'open');
    await rig.stop(controller, target);
  });
});
