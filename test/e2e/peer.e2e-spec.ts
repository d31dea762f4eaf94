import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { PeerCaller } from '../support/peer-caller.ts';
import { PlainKafka } from '../support/plain-kafka.ts';
import type { Name, Stack } from '../support/stack.ts';
import { holdsFor, waitFor } from '../support/wait-for.ts';
import { audit } from './support/audit.ts';
import { shortName } from './support/evidence.ts';
import {
  CONTROLLER,
  eventsOf,
  LINK,
  reconcile,
  rowOf,
  SERVER_SIDECARS,
  sidecarOf,
  startSpine,
  untilActive,
  untilApproved,
  untilPhase,
} from './support/spine.ts';

jest.setTimeout(180_000);

const PEER: Name = 'central-controller-west';

describe('a failover that the peer decides with', () => {
  let stack: Stack;
  let plain: PlainKafka;

  beforeAll(async () => {
    stack = await startSpine();
    plain = new PlainKafka(stack.kafkaBrokers);
  });
  afterAll(() => stack?.stop());

  afterEach(async () => {
    for (const name of [PEER, CONTROLLER, ...SERVER_SIDECARS] as Name[]) {
      const program = stack.program(name);
      if (!program.alive()) await program.start();
    }
    await untilActive(stack);
    await audit(stack);
  });

  it('goes to the server that the peer reserved', async () => {
    const { after, decided } = await killServer();
    expect(decided.data.peer).toMatchObject({
      outcome: 'assigned',
      went: 'peer',
      server_id: after.server_id,
    });
    const reserved = await peersDecisions('server-reserved');
    expect(reserved).toContainEqual(
      expect.objectContaining({
        connection_id: LINK,
        epoch: after.epoch,
        server_id: after.server_id,
        requesting_region: stack.regions.bank,
      }),
    );
    await reconcile(stack);
  });

  it('goes to its failover target when the peer is down, and says so', async () => {
    await stack.program(PEER).kill('SIGKILL');
    const { before, after, decided } = await killServer();
    expect(['unreachable', 'timeout', 'circuit-open']).toContain(decided.data.peer.outcome);
    expect(decided.data.peer.went).toBe('failover-target');
    expect(after.server_id).toBe(before.failover_target);
    await reconcile(stack);
  });

  it('does not wait for a peer that is stopped, and a late answer changes nothing', async () => {
    await untilAsked();
    await stack.program(PEER).kill('SIGSTOP');
    const { after, decided } = await killServer();
    expect(decided.data.peer).toMatchObject({ outcome: 'timeout', went: 'failover-target' });
    const known = (await peersDecisions('server-reserved')).length;
    await stack.program(PEER).kill('SIGCONT');
    await waitFor(async () => (await peersDecisions('server-reserved')).length > known, {
      what: 'the late answer to stand in the log of the peer',
    });
    await holdsFor(1_500, async () => {
      const row = await rowOf(stack);
      return row.epoch === after.epoch && row.server_id === after.server_id && row.phase === 'active';
    });
    await untilApproved(stack, 50);
    await reconcile(stack);
  });

  it('goes on when the peer refuses', async () => {
    await untilAsked();
    const row = await rowOf(stack);
    const caller = callerAs('controller-east');
    const far = await caller.request({ ...question(row.epoch + 3), deadlineMs: 3_000 });
    expect(far.result).toBe('assigned');
    const { decided } = await killServer();
    expect(decided.data.peer).toMatchObject({ outcome: 'refused', reason: 'stale-epoch' });
    expect(decided.data.peer.went).not.toBe('peer');
    caller.close();
    await reconcile(stack);
  });

  it('waits for capacity when neither the peer nor the fleet has any', async () => {
    const before = await untilActive(stack);
    await Promise.all(SERVER_SIDECARS.map((name) => stack.program(name).kill('SIGKILL')));
    await untilPhase(stack, 'waiting-for-capacity');
    const failed = (await eventsOf(stack)).filter(
      ({ type, data }) => data.version > before.version && shortName(type) === 'failover-failed',
    );
    expect(failed.some(({ data }) => data.peer?.went === 'nowhere' || data.peer === undefined)).toBe(true);
    await stack.program('server-sidecar-2').start();
    await untilActive(stack, before.epoch + 1);
    await untilApproved(stack, 50);
    await reconcile(stack);
  });

  it('is finished when the home dies between the reservation and its command', async () => {
    await untilAsked();
    const before = await untilActive(stack);
    const reserved = await onceDecided(PEER, 'server-reserved');
    await sidecarOf(stack, before).kill('SIGKILL');
    await reserved.found;
    await stack.program(CONTROLLER).kill('SIGKILL');
    await stack.program(CONTROLLER).start();
    await untilActive(stack, before.epoch + 1, 60_000);
    await untilApproved(stack, 50);
    await reconcile(stack);
  });

  it('is finished when the peer dies between its append and its answer', async () => {
    await untilAsked();
    const before = await untilActive(stack);
    const reserved = await onceDecided(PEER, 'server-reserved');
    await sidecarOf(stack, before).kill('SIGKILL');
    await reserved.found;
    await stack.program(PEER).kill('SIGKILL');
    await untilActive(stack, before.epoch + 1, 60_000);
    await untilApproved(stack, 50);
    await stack.program(PEER).start();
    await reconcile(stack);
  });

  it('is decided for callers that prove who they are and say what they need, and for nobody else', async () => {
    const row = await untilActive(stack);
    const asHome = callerAs('controller-east');
    const ask = (changes: Partial<ReturnType<typeof question>>, deadlineMs = 3_000) =>
      asHome.request({ ...question(row.epoch + 10), ...changes, deadlineMs });
    const nobody = new PeerCaller(address(), { ca: pem('ca.crt') });
    expect((await nobody.request({ ...question(99), deadlineMs: 3_000 })).code).toBe('UNAVAILABLE');
    const operator = callerAs('operator');
    expect((await operator.request({ ...question(99), deadlineMs: 3_000 })).code).toBe('PERMISSION_DENIED');
    const west = callerAs('controller-west');
    expect((await west.request({ ...question(99), deadlineMs: 3_000 })).code).toBe('PERMISSION_DENIED');
    expect((await asHome.request(question(99))).code).toBe('INVALID_ARGUMENT');
    expect((await ask({ epoch: 0 })).code).toBe('INVALID_ARGUMENT');
    expect((await ask({ connection_id: 'no spaces allowed' })).code).toBe('INVALID_ARGUMENT');
    const unknown = await ask({ connection_id: 'nobody:link', client_id: 'nobody' });
    expect(unknown).toMatchObject({ result: 'refused', reason: 'unknown-client' });
    const both = await Promise.all([ask({}), ask({})]);
    expect(both[0]).toMatchObject({ result: 'assigned' });
    expect(both[1]).toEqual(both[0]);
    expect(await ask({})).toEqual(both[0]);
    const stale = await ask({ epoch: row.epoch });
    expect(stale).toMatchObject({ result: 'refused', reason: 'stale-epoch' });
    expect((await rowOf(stack)).epoch).toBe(row.epoch);
    for (const caller of [nobody, operator, west, asHome]) caller.close();
  });

  async function killServer() {
    const before = await untilActive(stack);
    await sidecarOf(stack, before).kill('SIGKILL');
    const after = await untilActive(stack, before.epoch + 1);
    await untilApproved(stack, 50);
    const decided = (await eventsOf(stack)).find(
      ({ type, data }) => data.version > before.version && shortName(type) === 'failover-decided',
    );
    if (decided === undefined) throw new Error('no failover was decided');
    return { before, after, decided };
  }

  /** The breaker towards the peer is closed again after whatever a test before did to it. */
  async function untilAsked(): Promise<void> {
    await waitFor(
      async () => {
        const before = await untilActive(stack);
        await sidecarOf(stack, before).kill('SIGKILL');
        await untilActive(stack, before.epoch + 1);
        await sidecarOf(stack, before).start();
        const decided = (await eventsOf(stack)).find(
          ({ type, data }) => data.version > before.version && shortName(type) === 'failover-decided',
        );
        return decided?.data.peer?.outcome === 'assigned';
      },
      { what: 'a failover that the peer decided', withinMs: 60_000 },
    );
    await waitFor(async () => (await rowOf(stack)).failover_target !== undefined, {
      what: 'a failover target',
    });
  }

  async function peersDecisions(name: string): Promise<Record<string, unknown>[]> {
    const records = await plain.readAll(`${stack.regions.scheme}.controller-events`);
    return records
      .filter(({ headers }) => shortName(String(headers?.ce_type)) === name)
      .map(({ value }) => JSON.parse(String(value)));
  }

  async function onceDecided(_by: Name, name: string) {
    const watched = plain.firstAfter(
      `${stack.regions.scheme}.controller-events`,
      ({ headers }) => shortName(String(headers?.ce_type)) === name,
    );
    await watched.reading;
    return watched;
  }

  const pem = (file: string) => readFileSync(join(stack.layout.pki, file));
  const address = () => `localhost:${stack.program(PEER).port('grpc')}`;
  const callerAs = (name: string) =>
    new PeerCaller(address(), { ca: pem('ca.crt'), cert: pem(`${name}.crt`), key: pem(`${name}.key`) });

  const question = (epoch: number) => ({
    connection_id: LINK,
    client_id: 'bank-client-1',
    server_group: 'scheme',
    failed_server_id: '',
    reason: 'asked from outside',
    epoch,
    requesting_region: stack.regions.bank,
  });
});
