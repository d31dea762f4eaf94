import { join } from 'node:path';
import {
  type Client,
  type GrpcObject,
  loadPackageDefinition,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { protoPath as healthProto } from 'grpc-health-check';
import { TOPIC, topicName } from '#libs/contracts';
import { ROOT } from '../../../deploy/local/paths.mjs';
import type { AskedFields, PeerCaller } from '../../support/peer-caller.ts';
import { PlainKafka } from '../../support/plain-kafka.ts';
import { waitFor } from '../../support/wait-for.ts';
import { type Controller, PeerWorld } from './world.ts';

/** Long enough for the questions of one test, short enough to wait for its end, in milliseconds. */
const RESERVATION_MS = 3_000;
const REFLECTION = join(
  ROOT,
  'node_modules/@grpc/reflection/build/proto/grpc/reflection/v1/reflection.proto',
);

describe('the door of a peer', () => {
  let world: PeerWorld;
  /** One process with the loop and a door, and one with a door alone. */
  let first: Controller;
  let second: Controller;
  let caller: PeerCaller;
  let asked = 0;
  const plain = new PlainKafka(process.env.TRUNKLINE_KAFKA_BROKERS ?? '');

  beforeAll(async () => {
    world = new PeerWorld({ reservationMs: RESERVATION_MS });
    await world.open();
    await Promise.all([
      world.client('bank-client-1'),
      world.server('scheme-server-1'),
      world.server('scheme-server-2', { address: '127.0.0.1:2' }),
      world.server('small-server', { server_group: 'small', capacity: 1, address: '127.0.0.1:3' }),
    ]);
    first = await world.controller(['control-loop', 'failover']);
    second = await world.controller(['failover']);
    caller = world.caller(first.port, 'east');
  });
  afterAll(() => world.close());

  /** A connection that no other test asks for. */
  const fresh = () => {
    asked += 1;
    return `bank-client-1:link-${asked}`;
  };
  const ask = (fields: AskedFields = {}, withinMs?: number, by = caller) =>
    by.ask({ requestingRegion: world.home, ...fields }, withinMs);

  it('assigns a server of the group that has room, not the failed one, and holds it for a while', async () => {
    const beganMs = Date.now();
    const [, server, address, until] = (await ask({ connectionId: fresh() })).split(' ');
    expect([server, address]).toEqual(['scheme-server-2', '127.0.0.1:2']);
    const heldMs = Date.parse(until ?? '') - beganMs;
    expect(heldMs).toBeGreaterThanOrEqual(RESERVATION_MS);
    expect(heldMs).toBeLessThan(RESERVATION_MS + 60_000);
  });

  it('lets nobody in without a certificate of its authority', async () => {
    expect(await ask({}, 30_000, world.caller(first.port))).toBe('UNAVAILABLE');
    const forged = world.callerWith(first.port, await world.pki.forged('east'));
    expect(await ask({}, 30_000, forged)).toBe('UNAVAILABLE');
  });

  it('refuses who is no controller of the region that asks', async () => {
    const sidecar = world.caller(first.port, 'sidecar');
    expect(await ask({}, 30_000, sidecar)).toMatch(/^PERMISSION_DENIED unknown-peer/);
    const north = world.caller(first.port, 'north');
    expect(await ask({ requestingRegion: 'north' }, 30_000, north)).toMatch(
      /^PERMISSION_DENIED unknown-peer/,
    );
    const itself = world.caller(first.port, 'west');
    expect(await ask({ requestingRegion: world.peer }, 30_000, itself)).toMatch(
      /^PERMISSION_DENIED unknown-peer/,
    );
    expect(await ask({ requestingRegion: 'north' })).toMatch(/^PERMISSION_DENIED wrong-region/);
  });

  it('refuses a call without a deadline, and names a field that is not valid', async () => {
    const id = fresh();
    const noDeadline = world
      .caller(first.port, 'east')
      .ask({ connectionId: id, requestingRegion: world.home }, -1);
    expect(await noDeadline).toMatch(/^INVALID_ARGUMENT no-deadline/);
    expect(await ask({ connectionId: id, epoch: 0n })).toMatch(/^INVALID_ARGUMENT invalid-field .*epoch/);
    expect(await world.decisions(id)).toEqual([]);
  });

  it('refuses a client of which the requesting region has reported nothing', async () => {
    expect(await ask({ connectionId: 'bank-client-9:primary', clientId: 'bank-client-9' })).toBe(
      'refused unknown-client',
    );
    expect(await ask({ connectionId: fresh(), clientId: 'scheme-server-1' })).toBe('refused unknown-client');
    expect(await world.decisions('bank-client-9:primary')).toEqual(['server-refused e2 unknown-client']);
  });

  it('refuses a link named after an agent of its own, asked through a process without the loop as well', async () => {
    const connectionId = 'scheme-server-1:primary';
    const other = world.caller(second.port, 'east');
    expect(await ask({ connectionId })).toBe('refused own-connection');
    expect(await ask({ connectionId }, 5_000, other)).toBe('refused own-connection');
    expect(await world.decisions(connectionId)).toEqual([]);
  });

  it('refuses an epoch below the latest, which stays what it was', async () => {
    const connectionId = fresh();
    const answer = await ask({ connectionId, epoch: 5n });
    expect(answer).toMatch(/^assigned/);
    expect(await ask({ connectionId, epoch: 4n })).toBe('refused stale-epoch');
    expect(await ask({ connectionId, epoch: 5n })).toBe(answer);
  });

  it('gives one epoch one answer, asked at once through two processes', async () => {
    const other = world.caller(second.port, 'east');
    const connectionId = fresh();
    const answers = await Promise.all([
      ask({ connectionId }),
      ask({ connectionId }, 5_000, other),
      ask({ connectionId }),
      ask({ connectionId }, 5_000, other),
    ]);
    expect(answers[0]).toMatch(/^assigned scheme-server-2/);
    expect(new Set(answers).size).toBe(1);
    expect((await world.decisions(connectionId)).sort()).toEqual([
      'server-reserved e2 repeated',
      'server-reserved e2 repeated',
      'server-reserved e2 repeated',
      'server-reserved e2 reserved',
    ]);
  });

  it('holds the last place until the reservation expires, and then gives it to another', async () => {
    const [mine, another] = [fresh(), fresh()];
    const small = { serverGroup: 'small', failedServerId: '' };
    const held = await ask({ ...small, connectionId: mine });
    expect(held).toMatch(/^assigned small-server/);
    expect(await ask({ ...small, connectionId: another })).toBe('refused no-capacity');
    const until = Date.parse(held.split(' ')[3] ?? '');
    // Each question has its own epoch, as every attempt of a home has.
    let epoch = 3n;
    const next = await waitFor(
      async () => {
        const answer = await ask({ ...small, connectionId: another, epoch: epoch++ });
        return answer.startsWith('assigned small-server') && Date.now();
      },
      { what: 'the place to be free again', everyMs: 100 },
    );
    expect(next).toBeGreaterThanOrEqual(until);
    expect(await ask({ ...small, connectionId: mine })).toBe('refused expired');
  });

  it('keeps a reservation that was used, however late it is asked for', async () => {
    const connectionId = fresh();
    const answer = await ask({ connectionId });
    await use(connectionId);
    await waitFor(() => Date.now() > Date.parse(answer.split(' ')[3] ?? ''), { what: 'its end' });
    expect(await ask({ connectionId })).toBe(answer);
  });

  it('answers at once for a connection of its own, with a dead letter and no decision, and answers the next one', async () => {
    const own = { connectionId: 'west-client:own', clientId: 'west-client' };
    const requested = {
      connection_id: own.connectionId,
      kind: 'link',
      client_id: 'west-client',
      server_group: 'none',
    };
    await plain.publish(
      topicName(world.peer, TOPIC.connectionStatus),
      own.connectionId,
      'connection-request',
      requested,
    );
    await waitFor(async () => (await world.decisions(own.connectionId)).length > 0);
    const decisions = await world.decisions(own.connectionId);
    expect(await ask(own)).toBe('refused own-connection');
    expect(await world.decisions(own.connectionId)).toEqual(decisions);
    const letters = await plain.readAll(`${topicName(world.peer, TOPIC.connectionStatus)}.dead-letter`);
    const mine = letters.filter(({ key }) => String(key) === own.connectionId);
    expect(mine.map(({ headers }) => String(headers?.dl_reason))).toEqual(['wrong-home-region']);
    expect(await ask({ connectionId: fresh() })).toMatch(/^assigned/);
  });

  it('answers the health check, and reflection tells of the service', async () => {
    const { Health } = namespace<'Health'>(loadSync(healthProto, { enums: String }), 'grpc', 'health', 'v1');
    const health = clientOf(Health, first.port);
    for (const service of ['', 'trunkline.control.v1.ControllerService']) {
      expect(await unary(health, 'check', { service })).toEqual({ status: 'SERVING' });
    }
    const reflected = await reflectedServices(first.port);
    expect(reflected).toEqual(
      expect.arrayContaining(['trunkline.control.v1.ControllerService', 'grpc.health.v1.Health']),
    );
  });

  it('says that it does not serve before its parts have begun, and takes nothing', async () => {
    const early = await world.unready(['failover']);
    const { Health } = namespace<'Health'>(loadSync(healthProto, { enums: String }), 'grpc', 'health', 'v1');
    const health = clientOf(Health, early.port);
    expect(await unary(health, 'check', { service: '' })).toEqual({ status: 'NOT_SERVING' });
    const by = world.caller(early.port, 'east');
    expect(await ask({ connectionId: fresh() }, 30_000, by)).toMatch(/^UNAVAILABLE not-ready/);
    await world.begin(early);
    expect(await unary(health, 'check', { service: '' })).toEqual({ status: 'SERVING' });
    expect(await ask({ connectionId: fresh() }, 5_000, by)).toMatch(/^assigned/);
  });

  it('gives the same answers after a restart, through whichever process', async () => {
    const [used, refused] = [fresh(), fresh()];
    const answer = await ask({ connectionId: used });
    await use(used);
    expect(await ask({ connectionId: refused, serverGroup: 'none' })).toBe('refused no-capacity');
    const { app, port } = first;
    await app.close();
    const again = await world.controller(['control-loop', 'failover'], { port });
    for (const by of [world.caller(again.port, 'east'), world.caller(second.port, 'east')]) {
      expect(await ask({ connectionId: used }, 5_000, by)).toBe(answer);
      expect(await ask({ connectionId: refused, serverGroup: 'none' }, 5_000, by)).toBe(
        'refused no-capacity',
      );
      expect(await ask({ connectionId: used, epoch: 1n }, 5_000, by)).toBe('refused stale-epoch');
    }
  });

  /** The home says that the path of epoch 2 stands. */
  async function use(connection_id: string): Promise<void> {
    await plain.publish(
      topicName(world.home, TOPIC.connectionStatus),
      connection_id,
      'new-connection-established',
      {
        connection_id,
        client_id: 'bank-client-1',
        server_id: 'scheme-server-2',
        epoch: 2,
        agent_id: 'bank-client-1',
        incarnation: 'first',
      },
    );
    await waitFor(async () =>
      (await world.decisions(connection_id)).includes('server-reserved e2 established'),
    );
  }

  function clientOf(Service: ServiceClientConstructor, port: number): Client {
    const { client } = world.caller(port, 'east');
    return new Service('unused', undefined as never, { channelOverride: client.getChannel() });
  }

  async function reflectedServices(port: number): Promise<string[]> {
    const { ServerReflection } = namespace<'ServerReflection'>(
      loadSync(REFLECTION),
      'grpc',
      'reflection',
      'v1',
    );
    const client = clientOf(ServerReflection, port) as Client & {
      serverReflectionInfo(): NodeJS.EventEmitter & { write(message: object): void; end(): void };
    };
    const stream = client.serverReflectionInfo();
    return new Promise((resolve, reject) => {
      stream.on('error', reject);
      stream.on(
        'data',
        ({ listServicesResponse }: { listServicesResponse: { service: { name: string }[] } }) => {
          stream.end();
          resolve(listServicesResponse.service.map(({ name }) => name));
        },
      );
      stream.write({ listServices: '' });
    });
  }
});

function namespace<Service extends string>(
  definition: Parameters<typeof loadPackageDefinition>[0],
  ...path: string[]
) {
  let found = loadPackageDefinition(definition);
  for (const name of path) found = found[name] as GrpcObject;
  return found as Record<Service, ServiceClientConstructor>;
}

function unary(client: Client, method: string, request: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    (
      client as unknown as Record<
        string,
        (given: object, done: (error: unknown, answer: unknown) => void) => void
      >
    )[method]?.(request, (error, answer) => (error ? reject(error) : resolve(answer)));
  });
}
