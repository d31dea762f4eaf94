import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import type { PeerQuestion } from '#libs/contracts';
import { systemClock } from '#libs/platform';
import { type PeerPki, peerPki } from '../../../../test/support/peer-pki.ts';
import { freePort } from '../../../../test/support/servers.mjs';
import { waitFor } from '../../../../test/support/wait-for.ts';
import {
  type RequestFailoverRequest,
  type RequestFailoverResponse,
  RequestFailoverResponseSchema,
} from './gen/trunkline/control/v1/controller_pb.ts';
import { PEER_LIMITS } from './limits.ts';
import { type PeerAnswer, PeerClient } from './peer-client.ts';
import { SERVICE } from './service.ts';

const NAMES = {
  east: { region: 'east', kind: 'central-controller' },
  west: { region: 'west', kind: 'central-controller' },
  sidecar: { region: 'west', kind: 'server-sidecar' },
} as const;
const EXPIRES = '2026-01-01T00:00:15.000Z';
const ASSIGNED = {
  outcome: 'assigned',
  server_id: 'scheme-server-2',
  address: '127.0.0.1:2',
  expires_at: EXPIRES,
};

type Answer = (
  call: ServerUnaryCall<RequestFailoverRequest, RequestFailoverResponse>,
  done: sendUnaryData<RequestFailoverResponse>,
) => void;
type Body = Parameters<typeof create<typeof RequestFailoverResponseSchema>>[1];

const says =
  (body: Body): Answer =>
  (_call, done) =>
    done(null, create(RequestFailoverResponseSchema, body));
const assigns = (value: { serverId: string; address: string; expiresMs?: number }): Answer =>
  says({
    answer: {
      case: 'assigned',
      value: { ...value, expiresAt: timestampFromMs(value.expiresMs ?? Date.parse(EXPIRES)) },
    },
  });
const well = assigns({ serverId: 'scheme-server-2', address: '127.0.0.1:2' });
const fails =
  (code: status, word?: string): Answer =>
  (_call, done) => {
    const metadata = new Metadata();
    if (word !== undefined) metadata.set('trunkline-reason', word);
    done({ code, details: 'it says so', metadata });
  };

describe('the client of a peer', () => {
  let pki: PeerPki<typeof NAMES>;
  let port: number;
  let server: Server | undefined;
  let client: PeerClient | undefined;
  let seen: RequestFailoverRequest[];
  let circuits: boolean[];

  beforeAll(async () => {
    pki = await peerPki(NAMES);
  });
  beforeEach(async () => {
    port = await freePort();
    [seen, circuits] = [[], []];
  });
  afterEach(() => {
    client?.close();
    server?.forceShutdown();
    [client, server] = [undefined, undefined];
  });

  /** A peer that answers so; it may speak another encoding than it should. */
  async function peer(
    answer: Answer,
    { as = 'west' as keyof typeof NAMES, bytes = undefined as Buffer | undefined } = {},
  ) {
    const { ca, cert, key } = pki.of(as);
    server = new Server();
    const method = bytes
      ? { ...SERVICE.RequestFailover, responseSerialize: () => bytes }
      : SERVICE.RequestFailover;
    server.addService(
      { RequestFailover: method },
      {
        RequestFailover: ((call, done) => {
          seen.push(call.request);
          answer(call, done);
        }) satisfies Answer,
      },
    );
    const pair = { cert_chain: Buffer.from(cert), private_key: Buffer.from(key) };
    const credentials = ServerCredentials.createSsl(Buffer.from(ca), [pair], true);
    const running = server;
    await new Promise<void>((resolve, reject) => {
      running.bindAsync(`127.0.0.1:${port}`, credentials, (error) => (error ? reject(error) : resolve()));
    });
  }

  function connect(): PeerClient {
    client = new PeerClient(
      { region: 'west', address: `127.0.0.1:${port}` },
      { region: 'east', tls: pki.of('east'), clock: systemClock, circuit: (open) => circuits.push(open) },
    );
    return client;
  }

  const question: PeerQuestion = {
    epoch: 2,
    peer_region: 'west',
    client_id: 'bank-client-1',
    server_group: 'scheme',
    failed_server_id: 'scheme-server-1',
    reason: 'server-lost',
    deadline_at: '',
  };
  function ask(withinMs = 5_000, signal = new AbortController().signal): Promise<PeerAnswer> {
    const asked = { connectionId: 'bank-client-1:primary', question, deadlineMs: Date.now() + withinMs };
    return (client ?? connect()).ask(asked, signal);
  }
  it('asks for the link as the contract says, and tells the answer', async () => {
    await peer(well);
    expect(await ask()).toEqual(ASSIGNED);
    expect(seen[0]).toMatchObject({
      connectionId: 'bank-client-1:primary',
      clientId: 'bank-client-1',
      failedServerId: 'scheme-server-1',
      serverGroup: 'scheme',
      reason: 'server-lost',
      epoch: 2n,
      requestingRegion: 'east',
    });
  });

  it.each([
    [
      'refuses',
      says({ answer: { case: 'refused', value: { reason: 'no-capacity' } } }),
      'refused',
      'no-capacity',
    ],
    [
      'is being scaled',
      says({ answer: { case: 'scaling', value: { retryAfterMs: 900 } } }),
      'scaling',
      'again in 900 ms',
    ],
    ['may not be asked', fails(status.PERMISSION_DENIED, 'wrong-region'), 'refused', 'wrong-region'],
    ['has too much to do', fails(status.RESOURCE_EXHAUSTED, 'overloaded'), 'refused', 'overloaded'],
    ['is not ready', fails(status.UNAVAILABLE, 'not-ready'), 'unreachable', 'not-ready'],
    ['breaks', fails(status.INTERNAL), 'unreachable', 'it says so'],
    ['says nothing', says({}), 'invalid-answer', 'no answer in it'],
    ['names no server', assigns({ serverId: '', address: '127.0.0.1:2' }), 'invalid-answer', /server_id/],
    [
      'names no address',
      assigns({ serverId: 'scheme-server-2', address: 'here' }),
      'invalid-answer',
      /address/,
    ],
    [
      'holds for ever',
      assigns({ serverId: 's', address: 'a:1', expiresMs: 9e15 }),
      'invalid-answer',
      'no answer in it',
    ],
    [
      'chatters',
      says({ answer: { case: 'refused', value: { reason: 'x'.repeat(600) } } }),
      'invalid-answer',
      /reason/,
    ],
  ] as const)('says so when the peer %s', async (_what, answer, outcome, reason) => {
    await peer(answer);
    const told = await ask();
    expect(told.outcome).toBe(outcome);
    if (reason instanceof RegExp) expect(told.reason).toMatch(reason);
    else expect(told.reason).toBe(reason);
  });

  it('takes nonsense for no answer', async () => {
    await peer(well, { bytes: Buffer.from([0xff, 0xff, 0xff]) });
    expect((await ask()).outcome).toBe('invalid-answer');
  });

  it('waits for a peer that hangs no longer than the deadline, and an answer that comes later is nobody’s', async () => {
    let late = () => {};
    await peer((call, done) => {
      late = () => well(call, done);
    });
    expect((await ask(150)).outcome).toBe('timeout');
    late();
  });

  it('does not ask at all when the deadline has passed', async () => {
    await peer(well);
    expect(await ask(-1)).toEqual({ outcome: 'timeout' });
    expect(seen).toEqual([]);
  });

  it('reaches nobody where nobody listens, and the peer once it does', async () => {
    expect((await ask(2_000)).outcome).toBe('unreachable');
    await peer(well);
    await waitFor(async () => (await ask(2_000)).outcome === 'assigned', { what: 'the peer to be reached' });
  });

  it('does not believe who is not a controller of that region', async () => {
    await peer(well, { as: 'sidecar' });
    const told = await ask(2_000);
    expect(told).toMatchObject({
      outcome: 'unreachable',
      reason: expect.stringContaining('controller of west'),
    });
    expect(seen).toEqual([]);
  });

  it('leaves a peer alone that did not answer, tries it again with one question, and asks it again', async () => {
    let answer: Answer = () => {};
    await peer((call, done) => answer(call, done));
    connect();
    const failed = await Promise.all(Array.from({ length: PEER_LIMITS.failuresToOpen }, () => ask(200)));
    expect(new Set(failed.map(({ outcome }) => outcome))).toEqual(new Set(['timeout']));
    const asked = seen.length;
    expect(client?.leftAlone).toBe(true);
    expect(await ask()).toEqual({ outcome: 'circuit-open' });
    expect(seen.length).toBe(asked);
    expect(circuits).toEqual([true]);
    // One question is a trial; while it runs no other is put, and when it fails the peer is left alone again.
    await waitFor(() => client?.leftAlone === false, { what: 'the end of its rest' });
    await waitFor(async () => (await ask(100)).outcome === 'timeout', { what: 'a trial' });
    expect(seen.length).toBe(asked + 1);
    expect((await ask()).outcome).toBe('circuit-open');
    answer = well;
    await waitFor(async () => (await ask()).outcome === 'assigned', { what: 'the peer to be asked again' });
    expect(circuits.at(-1)).toBe(false);
    expect(client?.leftAlone).toBe(false);
  });

  it('is not put off by refusals', async () => {
    await peer(fails(status.PERMISSION_DENIED, 'wrong-region'));
    for (let index = 0; index <= PEER_LIMITS.failuresToOpen; index += 1) {
      expect((await ask()).outcome).toBe('refused');
    }
    expect(circuits).toEqual([]);
  });

  it('has so many questions open at most', async () => {
    const waiting: (() => void)[] = [];
    await peer((call, done) => void waiting.push(() => well(call, done)));
    connect();
    const open = Array.from({ length: PEER_LIMITS.openQuestions }, () => ask(20_000));
    expect(await ask()).toEqual({ outcome: 'overloaded' });
    await waitFor(() => waiting.length === PEER_LIMITS.openQuestions, {
      what: 'all of them',
    });
    expect(client?.openQuestions).toBe(PEER_LIMITS.openQuestions);
    for (const done of waiting) done();
    expect(new Set((await Promise.all(open)).map(({ outcome }) => outcome))).toEqual(new Set(['assigned']));
    expect(client?.openQuestions).toBe(0);
  });

  it('cancels what nobody waits for any more, and does not hold it against the peer', async () => {
    const cancelled: boolean[] = [];
    await peer((call) => void call.on('cancelled', () => cancelled.push(true)));
    connect();
    const aborts = Array.from({ length: PEER_LIMITS.failuresToOpen + 1 }, () => new AbortController());
    const open = aborts.map(({ signal }) => ask(20_000, signal));
    await waitFor(() => seen.length === aborts.length);
    for (const abort of aborts) abort.abort();
    await Promise.all(open);
    await waitFor(() => cancelled.length === aborts.length);
    expect(circuits).toEqual([]);
  });
});
