import type { ChildProcess } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import type { KeyPairPem } from '#libs/pki';
import { encodeControl, SESSION_LIMITS } from '#libs/relay';
import { waitFor } from '../../support/wait-for.ts';
import { type Kept, keptBy, readyBroker } from './broker-process.ts';
import { PKI, pairOf, TARGET, World } from './harness.ts';

jest.setTimeout(600_000);

/** Connections before memory is looked at: what a process needs once, and its compiled code, is in there. */
const WARM_UP = 1_500;
const CONNECTIONS = 6_000;
const AT_ONCE = 16;
/** Garbage is thrown away after so many: what waits for that would make malloc take more, and not give it back. */
const COLLECT_EVERY = 250;
/** Of either kind of memory. What keeps 2 KiB of those that come in one of the nine ways keeps more of each. */
const MOST_KIB_EACH = 0.2;
/** Certificates that nobody asked for, in number; within the 100 KiB that OpenSSL takes. */
const LONG_CHAIN = 20;

const RESUME = { home_region: 'east', role: 'target', epoch: 1 } as const;

describe('the process of a broker that is ill-treated', () => {
  const region = `t${randomUUID().slice(0, 8)}`;
  let world: World;
  let port: number;
  let pair: KeyPairPem;
  /** The authority's certificate, as PEM. */
  let authority: string;

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

  /** The handshake shows a chain of certificates that nothing needs. */
  async function chained(): Promise<void> {
    const endpoint = await world.endpointAt(port, {
      ...pair,
      cert: pair.cert + authority.repeat(LONG_CHAIN),
    });
    endpoint.socket.end();
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
    () => chained(),
  ];

  /** @returns what the broker keeps after that */
  async function illTreat(broker: ChildProcess, count: number): Promise<Kept> {
    let begun = 0;
    const lane = async (until: number): Promise<void> => {
      while (begun < until) {
        begun += 1;
        await WAYS[begun % WAYS.length]?.();
      }
    };
    for (let until = COLLECT_EVERY; until < count; until += COLLECT_EVERY) {
      await Promise.all(Array.from({ length: AT_ONCE }, () => lane(until)));
      await keptBy(broker);
    }
    await Promise.all(Array.from({ length: AT_ONCE }, () => lane(count)));
    return keptBy(broker);
  }

  it('keeps nothing of any of them', async () => {
    const broker = await readyBroker(world, region);
    port = broker.port;
    pair = pairOf(TARGET);
    authority = `\n${readFileSync(join(PKI, 'ca.crt'), 'utf8')}`;
    const before = await illTreat(broker.child, WARM_UP);
    const after = await illTreat(broker.child, CONNECTIONS);
    const each = (kind: keyof Kept): number => (after[kind] - before[kind]) / CONNECTIONS;
    const kept = { heapKib: each('heapKib'), mallocKib: each('mallocKib') };
    console.log(`kept of each of ${CONNECTIONS} connections: ${JSON.stringify(kept)}`);
    expect(kept.heapKib).toBeLessThan(MOST_KIB_EACH);
    expect(kept.mallocKib).toBeLessThan(MOST_KIB_EACH);
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
