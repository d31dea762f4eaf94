import { jest } from '@jest/globals';
import { itLong } from '../support/length.ts';
import { Network } from '../support/network.ts';
import { PlainKafka } from '../support/plain-kafka.ts';
import type { Name, Stack, Variables } from '../support/stack.ts';
import { holdsFor, waitFor } from '../support/wait-for.ts';
import { auditing } from './support/audit.ts';
import { causeOf, explained, serverLost } from './support/explained.ts';
import { publishFact, spareLinks, untilPhaseOf } from './support/operator.ts';
import {
  askAs,
  besidePeer,
  callerAs,
  commandsOf,
  decidedSince,
  killServer,
  nextReservation,
  PEER,
  peersDecisions,
  untilAsked,
  untilTarget,
} from './support/peer.ts';
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

/** Links that take the last places of servers with one place each. */
const SPARE = ['bank-client-dr:spare-0', 'bank-client-dr:spare-1'];
const WITH_SPARE = 'client-sidecar-dr';
/** A connection of which the home knows nothing, so that questions on it disturb nobody. */
const OUTSIDE = { connectionId: 'bank-client-1:outside', epoch: 20n };

describe('a failover that the peer decides with', () => {
  let stack: Stack;
  let plain: PlainKafka;
  /** Between the home and the door of the peer. */
  let way: Network;
  let home: Variables;
  const endings: (() => void)[] = [];

  beforeAll(async () => {
    stack = await startSpine({
      envWith: async (made) => {
        const door = `127.0.0.1:${made.program(PEER).port('grpc')}`;
        way = await Network.before(door, (ending) => endings.push(ending));
        home = {
          TRUNKLINE_PEERS: `${made.regions.scheme}=${way.address}`,
          // A busy machine may take longer than the 0.4 s that are meant for a quiet one.
          TRUNKLINE_PEER_DEADLINE_MS: '2000',
        };
        return { [CONTROLLER]: home };
      },
    });
    plain = new PlainKafka(stack.kafkaBrokers);
  });

  afterEach(async () => {
    way.thaw();
    for (const name of [PEER, CONTROLLER, ...SERVER_SIDECARS] as Name[]) {
      const program = stack.program(name);
      if (!program.alive()) await program.start(name === CONTROLLER ? home : {});
    }
    await untilActive(stack);
  });
  auditing(() => stack);
  afterAll(async () => {
    await stack?.stop();
    for (const end of endings) end();
  });

  it('goes to the server that the peer reserved', async () => {
    const { after, decided } = await killServer(stack);
    expect(decided.data.peer).toMatchObject({
      outcome: 'assigned',
      went: 'peer',
      server_id: after.server_id,
    });
    expect(await peersDecisions(plain, stack, 'server-reserved')).toContainEqual(
      expect.objectContaining({
        connection_id: LINK,
        epoch: after.epoch,
        server_id: after.server_id,
        requesting_region: stack.regions.bank,
      }),
    );
    await reconcile(stack);
  });

  it('goes to its failover target when the peer refuses', async () => {
    await untilTarget(stack);
    const row = await untilActive(stack);
    const caller = callerAs(stack, 'controller-east');
    expect(await askAs(caller, stack, { epoch: BigInt(row.epoch + 2) })).toMatch(/^assigned/);
    const { before, after, decided } = await killServer(stack);
    expect(decided.data.peer).toMatchObject({
      outcome: 'refused',
      reason: 'stale-epoch',
      went: 'failover-target',
    });
    expect((await causeOf(stack)).why_not).toEqual(['refused']);
    expect(after.server_id).toBe(before.failover_target);
    caller.close();
    await reconcile(stack);
  });

  it('is decided for callers that prove who they are and say what they need, and for nobody else', async () => {
    const row = await untilActive(stack);
    const [nobody, operator, west, asHome] = [
      undefined,
      'operator',
      'controller-west',
      'controller-east',
    ].map((name) => callerAs(stack, name)) as [Caller, Caller, Caller, Caller];
    const ask = (fields: Asked, withinMs?: number) =>
      askAs(asHome, stack, { ...OUTSIDE, ...fields }, withinMs);
    expect(await askAs(nobody, stack, OUTSIDE)).toBe('UNAVAILABLE');
    expect(await askAs(operator, stack, OUTSIDE)).toMatch(/^PERMISSION_DENIED/);
    expect(await askAs(west, stack, OUTSIDE)).toMatch(/^PERMISSION_DENIED/);
    expect(await ask({}, -1)).toMatch(/^INVALID_ARGUMENT no-deadline/);
    expect(await ask({ epoch: 0n })).toMatch(/^INVALID_ARGUMENT/);
    expect(await ask({ connectionId: 'no spaces allowed' })).toMatch(/^INVALID_ARGUMENT/);
    const unknown = { connectionId: 'nobody:link', clientId: 'nobody' };
    expect(await ask(unknown)).toBe('refused unknown-client');
    expect(await ask({})).toMatch(/^assigned scheme-server-\d /);
    expect(await ask({ epoch: 19n })).toBe('refused stale-epoch');
    expect((await rowOf(stack)).epoch).toBe(row.epoch);
    for (const caller of [nobody, operator, west, asHome]) caller.close();
  });

  itLong('has one answer for one epoch, asked at once through two processes of the peer', async () => {
    const asked = { ...OUTSIDE, epoch: 30n };
    const beside = await besidePeer(stack);
    const callers = [undefined, beside.port].map((port) => callerAs(stack, 'controller-east', port));
    const answers = await Promise.all(
      [...callers, ...callers].map((caller) => askAs(caller, stack, asked, 10_000)),
    );
    expect(answers[0]).toMatch(/^assigned scheme-server-\d /);
    expect(new Set(answers).size).toBe(1);
    const decisions = await peersDecisions(plain, stack, 'server-reserved');
    const reasons = decisions.filter(({ epoch }) => epoch === 30).map(({ reason }) => reason);
    expect(reasons.sort()).toEqual(['repeated', 'repeated', 'repeated', 'reserved']);
    for (const caller of callers) caller.close();
    await beside.end();
  });

  itLong('waits when the peer says that it has no capacity, and goes on once there is some', async () => {
    const full = { TRUNKLINE_CAPACITY: '1' };
    await Promise.all(SERVER_SIDECARS.map((name) => stack.program(name).restart(full)));
    await untilActive(stack);
    await stack.program(WITH_SPARE).restart(await spareLinks(SPARE));
    for (const id of SPARE) await untilPhaseOf(stack, id, 'active');
    const before = await untilActive(stack);
    const lost = sidecarOf(stack, before);
    await lost.kill('SIGKILL');
    const waiting = await untilPhase(stack, 'waiting-for-capacity');
    expect(waiting.status).toBe('failed');
    expect(await causeOf(stack)).toMatchObject({
      ...serverLost(before),
      why_not: ['no-capacity'],
    });
    const told = (await eventsOf(stack)).find(({ data }) => data.version > before.version && data.peer);
    expect(told?.data.peer).toMatchObject({ outcome: 'refused', reason: 'no-capacity' });
    expect(await peersDecisions(plain, stack, 'server-refused')).toContainEqual(
      expect.objectContaining({ connection_id: LINK, epoch: before.epoch + 1, reason: 'no-capacity' }),
    );
    await lost.start();
    await untilActive(stack, before.epoch + 1);
    await untilApproved(stack, 50);
    for (const id of SPARE) {
      const { epoch } = await rowOf(stack, id);
      await publishFact(stack, id, 'connection-closed', { connection_id: id, epoch, reason: 'test over' });
    }
    await stack.program(WITH_SPARE).restart();
    await Promise.all(SERVER_SIDECARS.map((name) => stack.program(name).restart()));
    await untilActive(stack, before.epoch + 2);
    await reconcile(stack);
  });

  it('is finished when the home dies between the reservation and its command', async () => {
    await untilTarget(stack);
    const before = await untilActive(stack);
    const reserved = await nextReservation(plain, stack);
    // The answer does not reach the home before it is stopped, so it cannot have sent a command by then.
    way.freeze('to-near');
    await sidecarOf(stack, before).kill('SIGKILL');
    const { value } = await reserved.found;
    const controller = stack.program(CONTROLLER);
    await controller.kill('SIGSTOP');
    expect(JSON.parse(String(value))).toMatchObject({ connection_id: LINK, epoch: before.epoch + 1 });
    expect(await commandsOf(plain, stack, before.epoch + 1)).toEqual([]);
    await controller.kill('SIGKILL');
    way.thaw();
    await controller.start(home);
    await untilActive(stack, before.epoch + 1, 60_000);
    expect(await causeOf(stack)).toMatchObject(serverLost(before));
    await untilApproved(stack, 50);
    await reconcile(stack);
  });

  itLong('is finished without the answer when the peer dies between its append and its answer', async () => {
    await untilAsked(stack);
    const before = await untilActive(stack);
    const reserved = await nextReservation(plain, stack);
    way.freeze('to-near');
    await sidecarOf(stack, before).kill('SIGKILL');
    await reserved.found;
    await stack.program(PEER).kill('SIGKILL');
    await untilActive(stack, before.epoch + 1, 60_000);
    const { data } = await decidedSince(stack, before.version);
    expect(['timeout', 'unreachable']).toContain(data.peer.outcome);
    expect(data.peer.went).toBe('failover-target');
    expect(await causeOf(stack)).toMatchObject({
      ...serverLost(before),
      why_not: [data.peer.outcome],
    });
    await untilApproved(stack, 50);
    way.thaw();
    await stack.program(PEER).start();
    await reconcile(stack);
  });

  it('goes to its failover target when the peer is down, and says so', async () => {
    await untilTarget(stack);
    await stack.program(PEER).kill('SIGKILL');
    const { before, after, decided } = await killServer(stack);
    expect(['unreachable', 'timeout', 'circuit-open']).toContain(decided.data.peer.outcome);
    expect(decided.data.peer.went).toBe('failover-target');
    const [notThePeers] = (await explained(stack)).why_not;
    expect(notThePeers).toMatchObject({
      reason: decided.data.peer.outcome,
      answer: expect.stringContaining('failover target was taken instead'),
    });
    expect(after.server_id).toBe(before.failover_target);
    await reconcile(stack);
  });

  it('does not wait for a peer that is stopped, and a late answer changes nothing', async () => {
    await untilAsked(stack);
    await stack.program(PEER).kill('SIGSTOP');
    const { after, decided } = await killServer(stack);
    expect(decided.data.peer).toMatchObject({ outcome: 'timeout', went: 'failover-target' });
    expect((await causeOf(stack)).why_not).toEqual(['timeout']);
    const known = (await peersDecisions(plain, stack, 'server-reserved')).length;
    await stack.program(PEER).kill('SIGCONT');
    await waitFor(async () => (await peersDecisions(plain, stack, 'server-reserved')).length > known, {
      what: 'the late answer to stand in the log of the peer',
    });
    await holdsFor(1_500, async () => {
      const row = await rowOf(stack);
      return row.epoch === after.epoch && row.server_id === after.server_id && row.phase === 'active';
    });
    await untilApproved(stack, 50);
    await reconcile(stack);
  });
});

type Caller = ReturnType<typeof callerAs>;
type Asked = Parameters<typeof askAs>[2];
