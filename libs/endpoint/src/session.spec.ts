import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { waitFor } from '../../../test/support/wait-for.ts';
import { Rig } from '../testing/rig.ts';
import { createGuestIdentity } from './identity.ts';
import { resumeTarget } from './target.ts';

/** One question through an echo server, and what came back. */
const ask = async (stream: Duplex, question: string): Promise<string> => {
  stream.end(question);
  return (await stream.toArray()).join('');
};

describe('a session', () => {
  let rig: Rig;
  let open: { close(): Promise<void> }[] = [];
  beforeEach(async () => {
    rig = await Rig.start('broker-us-1', 'broker-in-3');
  });
  afterEach(async () => {
    await rig.stop(...open);
    open = [];
  });
  const keep = <S extends { close(): Promise<void> }>(session: S): S => {
    open.push(session);
    return session;
  };

  it('goes from a code to bytes both ways, and ends when somebody hangs up', async () => {
    const controller = keep(await rig.controller());
    expect(controller.code).toMatch(/^E[0-9A-Z]{3}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{2}$/);
    expect(controller.status.phase).toBe('waiting');
    const target = keep(await rig.target(controller.code.toLowerCase()));
    await waitFor(() => controller.status.phase === 'open');
    expect(controller.status).toMatchObject({ peer: 'tom', epoch: 1, resumes: 0 });
    expect(target.status).toMatchObject({ phase: 'open', peer: 'ann', epoch: 1 });
    expect(await ask(controller.connect(), 'through')).toBe('through');
    await waitFor(() => controller.status.streams === 0);
    await controller.close();
    expect(await target.closed).toEqual({ reason: 'hung-up' });
    expect(() => controller.connect()).toThrow(expect.objectContaining({ code: 'closed' }));
  });

  it('asks the person, and tells who wants to control', async () => {
    const controller = keep(await rig.controller());
    const asked: unknown[] = [];
    const consent = async (who: unknown): Promise<boolean> => {
      asked.push(who);
      expect(rig.exchange.sessions[0]?.epoch).toBe(0);
      return true;
    };
    keep(await rig.target(controller.code, { consent }));
    expect(asked).toEqual([expect.objectContaining({ id: 'ann' })]);
  });

  it('is over when the person declines', async () => {
    const controller = keep(await rig.controller());
    const declined = rig.target(controller.code, { consent: async () => false });
    await expect(declined).rejects.toMatchObject({ code: 'declined' });
    expect(await controller.closed).toMatchObject({ reason: 'declined', error: { code: 'declined' } });
  });

  it('goes on with the consent when the broker died while the person thought about it', async () => {
    const controller = keep(await rig.controller());
    const consent = async (who: { brokerId: string }): Promise<boolean> => {
      await rig.exchange.broker(who.brokerId).kill();
      return true;
    };
    const target = keep(await rig.target(controller.code, { consent }));
    expect(target.status.phase).toBe('open');
  });

  it('takes a guest, whose key is its identity', async () => {
    const guest = await createGuestIdentity(rig.exchange.authority.cert);
    const controller = keep(await rig.controller());
    keep(await rig.target(controller.code, { identity: guest }));
    expect(guest.id).toMatch(/^guest-[0-9a-f]{32}$/);
    await waitFor(() => controller.status.peer === guest.id);
  });

  it('redirects the controller to the broker of the target', async () => {
    const controller = keep(await rig.controller({ brokers: [rig.exchange.broker('broker-us-1').broker] }));
    const far = [rig.exchange.broker('broker-in-3').broker];
    keep(await rig.target(controller.code, { brokers: far }));
    await waitFor(() => controller.status.phase === 'open');
    expect(controller.status.brokerId).toBe('broker-in-3');
  });

  it('carries what connects to its listening port', async () => {
    const controller = keep(await rig.controller());
    keep(await rig.target(controller.code));
    const listening = await controller.listen({ host: '127.0.0.1', port: 0 });
    const { connect } = await import('node:net');
    const socket = connect({ host: '127.0.0.1', port: listening.port, allowHalfOpen: true });
    expect(await ask(socket, 'from a socket')).toBe('from a socket');
  });

  it('resets a stream that the target cannot dial, and goes on', async () => {
    const controller = keep(await rig.controller());
    keep(
      await rig.target(controller.code, {
        forward: () => {
          throw new Error('nobody there');
        },
      }),
    );
    const [error] = await once(controller.connect(), 'error');
    expect((error as Error).message).toBe('the stream was reset');
    expect(controller.status.phase).toBe('open');
  });

  it('is resumed by another process of the target, without the streams of the first', async () => {
    const { controller, target } = await rig.session();
    keep(controller);
    const { saved } = target;
    const before = controller.connect();
    const broken = once(before, 'error');
    before.write('x');
    await once(before, 'data');
    // The first process dies: its leg is cut and never comes back.
    rig.exchange.refuse = (leg) => (leg.peer.id === 'tom' ? { reason: 'closed' } : undefined);
    for (const broker of rig.exchange.brokers.values()) {
      for (const leg of broker.legs) if (leg.role === 'target') leg.destroy();
    }
    await target.closed;
    rig.exchange.refuse = () => undefined;
    const { list: brokers } = rig.exchange;
    keep(await resumeTarget({ brokers, identity: rig.tom, forward: rig.forward, saved }));
    await broken;
    expect(await ask(controller.connect(), 'again')).toBe('again');
  });

  it('ends on the signal of its caller', async () => {
    const stop = new AbortController();
    const controller = keep(await rig.controller({ signal: stop.signal }));
    stop.abort();
    expect(await controller.closed).toMatchObject({ reason: 'aborted', error: { code: 'aborted' } });
  });
});
