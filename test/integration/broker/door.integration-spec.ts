import { readFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { ALPN_LINK, ALPN_SESSION, endpointSpiffeId, spiffeId } from '#libs/contracts';
import { type BrokenLeaves, brokenLeaves, issueLeaf, type KeyPairPem, readAuthority } from '#libs/pki';
import { encodeControl } from '#libs/relay';
import { waitFor } from '../../support/wait-for.ts';
import { Endpoint } from './endpoint.ts';
import { PKI, pairOf, type Running, TARGET, World } from './harness.ts';

/** What must not come in, does not, is counted with its reason, and hears nothing of ours. */
describe('the door of a broker', () => {
  let world: World;
  let broker: Running;
  beforeEach(async () => {
    world = new World();
    broker = await world.broker();
  });
  afterEach(() => world.clear());

  const ca = () => readFileSync(join(PKI, 'ca.crt'), 'utf8');
  const refusedFor = (reason: string, value = 1) =>
    world.counted(broker, 'door_refusals_total', { reason }, value);

  /** Says hello at once after what it thinks is a handshake; resolves when it is closed, with what it heard. */
  async function heardBy(pair: KeyPairPem | undefined): Promise<number> {
    const endpoint = await Endpoint.dial(broker.port, { ca: ca(), pair });
    endpoint.hello('target');
    await endpoint.closed();
    return endpoint.rawBytes;
  }

  function tcp(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connectTcp({ host: '127.0.0.1', port: broker.port });
      world.ends(() => socket.destroy());
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.on('error', () => {});
        resolve(socket);
      });
    });
  }

  /** What a TCP connection hears until its end; TLS alerts are not ours. */
  async function heardOver(socket: Socket, bytes: Buffer | string): Promise<Buffer> {
    const heard: Buffer[] = [];
    let isClosed = false;
    socket.on('data', (chunk) => heard.push(chunk));
    socket.on('close', () => {
      isClosed = true;
    });
    socket.write(bytes);
    await waitFor(() => isClosed, { what: 'the end of the connection' });
    return Buffer.concat(heard);
  }

  const BAD: readonly [string, () => Promise<KeyPairPem | undefined>, string][] = [
    ['none', async () => undefined, 'no-certificate'],
    ['an expired one', async () => (await broken()).expired, 'bad-certificate'],
    ['one not yet valid', async () => (await broken()).notYetValid, 'bad-certificate'],
    ['one of another authority', async () => (await broken()).otherAuthority, 'bad-certificate'],
    [
      'one that is for servers',
      () =>
        issueLeaf(
          readAuthority(PKI),
          { name: TARGET, uri: endpointSpiffeId(TARGET), usages: ['serverAuth'] },
          Date.now(),
        ),
      'bad-certificate',
    ],
    ['a self-signed one', () => world.guest(), 'bad-certificate'],
    ['the authority’s own', async () => readAuthority(PKI), 'bad-certificate'],
    [
      'a sidecar’s',
      () =>
        issueLeaf(
          readAuthority(PKI),
          { name: 'bank-1', uri: spiffeId('east', 'client-sidecar', 'bank-1') },
          Date.now(),
        ),
      'no-endpoint',
    ],
    [
      'one that calls itself a guest',
      () =>
        issueLeaf(
          readAuthority(PKI),
          { name: 'guest', uri: endpointSpiffeId(`guest-${'0'.repeat(32)}`) },
          Date.now(),
        ),
      'no-endpoint',
    ],
  ];
  it.each(BAD)('does not open to who shows as certificate %s', async (_what, pair, reason) => {
    expect(await heardBy(await pair())).toBe(0);
    await refusedFor(reason);
    expect(broker.log.facts('target-attached')).toEqual([]);
  });

  function broken(): Promise<BrokenLeaves> {
    const member = { name: TARGET, uri: endpointSpiffeId(TARGET) };
    return brokenLeaves(readAuthority(PKI), member, Date.now());
  }

  it('does not open to plain text or garbage', async () => {
    for (const bytes of ['GET / HTTP/1.1\r\n\r\n', 'SSH-2.0-OpenSSH_9.6\r\n', Buffer.alloc(4_096, 0xff)]) {
      const heard = await heardOver(await tcp(), bytes);
      expect(heard.length === 0 || heard[0] === 21).toBe(true);
    }
    expect(await world.metric(broker, 'door_refusals_total')).toBe(3);
    await refusedFor('no-tls', 3);
  });

  it('does not open to frames without TLS', async () => {
    const hello = encodeControl('hello', { version: 1, role: 'target' });
    const heard = await heardOver(await tcp(), hello);
    expect(heard.length === 0 || heard[0] === 21).toBe(true);
  });

  it.each([
    ['TLS 1.2', { maxVersion: 'TLSv1.2', ALPNProtocols: [ALPN_SESSION] }, 'old-tls'],
    ['another protocol', { ALPNProtocols: [ALPN_LINK] }, 'no-common-alpn'],
    ['no protocol', {}, 'no-common-alpn'],
  ] as const)('does not open to %s', async (_what, options, reason) => {
    let isClosed = false;
    let bytes = 0;
    const socket = connect({
      ...{ host: '127.0.0.1', port: broker.port, servername: 'localhost', ca: ca() },
      ...pairOf(TARGET),
      ...options,
      ...('ALPNProtocols' in options ? { ALPNProtocols: [...options.ALPNProtocols] } : {}),
    });
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    socket.on('close', () => {
      isClosed = true;
    });
    await waitFor(() => isClosed, { what: 'the end of the connection' });
    expect(bytes).toBe(0);
    await refusedFor(reason);
  });

  it('closes who takes too long for its handshake, one byte a time or none', async () => {
    const silent = await tcp();
    const slow = await tcp();
    let closed = 0;
    for (const socket of [silent, slow]) {
      socket.resume();
      socket.on('close', () => {
        closed += 1;
      });
    }
    const trickle = setInterval(() => slow.write(Buffer.from([22])), 1_000);
    world.ends(() => clearInterval(trickle));
    await waitFor(() => closed === 2, { what: 'both ends' });
    expect((await world.metric(broker, 'door_refusals_total')) >= 2).toBe(true);
    await waitFor(async () => (await world.metric(broker, 'handshakes')) === 0);
  });

  it('closes who does not say hello, without a word', async () => {
    const endpoint = await world.endpoint(broker, TARGET);
    const hello = encodeControl('hello', { version: 1, role: 'target' });
    let sent = 0;
    const trickle = setInterval(() => endpoint.write(hello.subarray(sent++, sent)), 1_000);
    world.ends(() => clearInterval(trickle));
    await waitFor(() => endpoint.isClosed, { what: 'the end' });
    expect(endpoint.rawBytes).toBe(0);
    await refusedFor('hello-timeout');
  });

  it('keeps room for others when one address begins handshakes and ends none', async () => {
    const small = await world.broker({ TRUNKLINE_MAX_HANDSHAKES: '8' }, 'broker-2');
    broker = small;
    const halfOpen = await Promise.all(Array.from({ length: 6 }, tcp));
    await world.counted(small, 'door_refusals_total', { reason: 'too-many-from-address' }, 2);
    for (const socket of halfOpen) socket.destroy();
    await waitFor(async () => (await world.metric(small, 'handshakes')) === 0);
    const bob = await world.endpoint(small, TARGET, 'target');
    expect(bob.isClosed).toBe(false);
  });

  /** Comes in and asks for something, so that it is no stranger any more. */
  async function settled(at: Running): Promise<void> {
    const endpoint = await world.endpoint(at, TARGET, 'target');
    const session = { connection_id: 'ses_0123456789abcdef', home_region: 'east' };
    endpoint.say('resume', { ...session, role: 'target', epoch: 0 });
    await endpoint.heardOut();
  }

  it('says that it is full when it has as many connections as it may', async () => {
    const small = await world.broker({ TRUNKLINE_MAX_CONNECTIONS: '2' }, 'broker-2');
    await settled(small);
    await settled(small);
    const third = (await world.endpoint(small, TARGET)).hello('target');
    expect(await third.got('refused')).toMatchObject({ reason: 'full' });
    await third.closed();
  });

  it('keeps room for others when one address comes in again and again and asks for nothing', async () => {
    broker = await world.broker({ TRUNKLINE_MAX_CONNECTIONS: '4' }, 'broker-2');
    await settled(broker);
    await world.endpoint(broker, TARGET, 'target');
    await world.endpoint(broker, TARGET, 'target');
    const third = await world.endpoint(broker, TARGET);
    await third.closed();
    expect(third.rawBytes).toBe(0);
    await refusedFor('too-many-from-address');
  });
});
