import { randomBytes, randomUUID } from 'node:crypto';
import { connect as connectTcp, type Socket } from 'node:net';
import { jest } from '@jest/globals';
import { encodeControl, SESSION_LIMITS } from '#libs/relay';
import { residentKib, settledKib } from '../../bench/sessions/processes.ts';
import { waitFor } from '../../support/wait-for.ts';
import { readyBroker } from './broker-process.ts';
import { TARGET, World } from './harness.ts';

jest.setTimeout(600_000);

/** Connections before memory is looked at: what a process needs once is in there. */
const WARM_UP = 500;
const CONNECTIONS = 2_000;
const AT_ONCE = 16;
/** A connection that is kept costs three times as much, and more. */
const MOST_KIB_EACH = 20;

const RESUME = { home_region: 'east', role: 'target', epoch: 1 } as const;

describe('the process of a broker that is ill-treated', () => {
  const region = `t${randomUUID().slice(0, 8)}`;
  let world: World;
  let port: number;

  beforeEach(() => {
    world = new World(region);
  });
  afterEach(() => world.clear());

  const closed = (socket: Socket): Promise<void> =>
    new Promise((resolve) => {
      socket.on('error', () => {});
      socket.resume().once('close', () => resolve());
    });

  async function plain(bytes: Buffer): Promise<void> {
    const socket = connectTcp(port, '127.0.0.1');
    socket.write(bytes);
    await closed(socket);
  }

  /** Past the handshake, a hello if it says so, then these bytes, whether or not it is welcome. */
  async function afterHandshake(bytes: Buffer, role?: 'target'): Promise<void> {
    const endpoint = await world.endpointAt(port, TARGET);
    if (role !== undefined) endpoint.hello(role);
    endpoint.write(bytes);
    await endpoint.closed();
  }

  async function gone(role: 'target'): Promise<void> {
    const endpoint = await world.endpointAt(port, TARGET);
    const connection_id = `ses_${randomBytes(15).toString('hex')}`;
    endpoint.hello(role).say('resume', { ...RESUME, connection_id });
    await waitFor(() => endpoint.frames.length > 0 || endpoint.isClosed, { what: 'a welcome' });
    endpoint.socket.destroy();
  }

  const header = (type: number, length: number): Buffer =>
    Buffer.from([type, length >> 16, length >> 8, length]);

  const WAYS: readonly (() => Promise<void>)[] = [
    () => plain(Buffer.from('GET / HTTP/1.1\r\n\r\n')),
    () => plain(randomBytes(4_096)),
    async () =>
      void connectTcp(port, '127.0.0.1')
        .on('error', () => {})
        .destroy(),
    () => afterHandshake(randomBytes(2_000)),
    () => afterHandshake(header(13, 0xffffff), 'target'),
    () => afterHandshake(header(3, SESSION_LIMITS.controlPayloadBytes + 1), 'target'),
    () => afterHandshake(encodeControl('consent', {}), 'target'),
    () => gone('target'),
  ];

  async function illTreat(count: number): Promise<void> {
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < count) {
        next += 1;
        await WAYS[next % WAYS.length]?.();
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
  }

  it('keeps nothing of any of them', async () => {
    const broker = await readyBroker(world, region);
    port = broker.port;
    const pid = broker.child.pid ?? 0;
    await illTreat(WARM_UP);
    const before = await settledKib(pid);
    await illTreat(CONNECTIONS);
    const after = await settledKib(pid);
    console.log(
      `resident: ${before} KiB, then ${after} KiB after ${CONNECTIONS} more; now ${residentKib(pid)} KiB`,
    );
    expect((after - before) / CONNECTIONS).toBeLessThan(MOST_KIB_EACH);
    const gauge = async (name: string): Promise<number> => {
      const text = await (await fetch(`http://127.0.0.1:${broker.admin}/metrics`)).text();
      return Number(new RegExp(`^trunkline_broker_${name}\\{[^}]*\\} (\\S+)$`, 'm').exec(text)?.[1]);
    };
    for (const name of ['legs', 'handshakes', 'placed', 'buffered_bytes']) {
      await waitFor(async () => (await gauge(name)) === 0, { what: `no ${name}` });
    }
    expect(broker.ended.code).toBeUndefined();
  });
});
