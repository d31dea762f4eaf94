import { getJson, postJson } from '../support/http.ts';
import { type Collector, startCollector } from '../support/otlp.ts';
import { PlainKafka } from '../support/plain-kafka.ts';
import { redisHash } from '../support/redis.ts';
import type { Name, Stack } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';
import { auditing } from './support/audit.ts';
import { factsOf } from './support/evidence.ts';
import { causeOf, explained, serverLost } from './support/explained.ts';
import { moveTo } from './support/operator.ts';
import {
  applicationsOf,
  controlOf,
  decisionsSince,
  eventsOf,
  LINK,
  reconcile,
  rowOf,
  SERVER_SIDECARS,
  sidecarName,
  sidecarOf,
  startSpine,
  untilActive,
  untilApproved,
  untilPhase,
} from './support/spine.ts';
import { expectDecisionLines, expectOneTrace } from './support/traces.ts';

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** Requests wait so long for a new path at most; the default is 2 s, and a busy machine's moves take longer. */
const HOLD_MS = 10_000;

describe('a payment link under 50 purchases a second', () => {
  let stack: Stack;
  let collector: Collector;

  beforeAll(async () => {
    collector = await startCollector();
    const env = { 'client-sidecar-1': { TRUNKLINE_HOLD_MS: String(HOLD_MS) } };
    stack = await startSpine({ env, envOfAll: { ...collector.env, TRUNKLINE_PEER_DEADLINE_MS: '2000' } });
  });

  /** Whatever a test ended is started again, so that the next one finds three servers. */
  afterEach(async () => {
    for (const name of [
      ...SERVER_SIDECARS,
      'iso-server-1',
      'iso-server-1b',
      'iso-server-2',
      'iso-server-3',
    ] as Name[]) {
      const program = stack.program(name);
      if (!program.alive()) await program.start();
    }
    await untilActive(stack);
  });
  auditing(() => stack);
  afterAll(() => Promise.all([stack?.stop(), collector?.stop()]));

  it('is assigned and active, through to the registry and REST, from a request by a plain Kafka client', async () => {
    const id = 'bank-client-dr:second';
    const plain = new PlainKafka(stack.kafkaBrokers);
    await plain.publish(`${stack.regions.bank}.connection-status`, id, 'connection-request', {
      connection_id: id,
      kind: 'link',
      client_id: 'bank-client-dr',
      server_group: 'scheme',
    });
    const row = await waitFor(
      async () => {
        const seen = await rowOf(stack, id);
        return seen.phase === 'active' ? seen : undefined;
      },
      { what: `${id} active` },
    );
    expect(row).toMatchObject({ status: 'active', epoch: 1, client_id: 'bank-client-dr', kind: 'link' });
    const hash = await waitFor(async () => {
      const found = await redisHash(stack.redisUrl, `connections:{${id}}`);
      return found.last_heartbeat !== undefined && found.failover_target !== undefined && found;
    });
    expect(hash).toMatchObject({
      client_id: 'bank-client-dr',
      server_id: row.server_id,
      status: 'active',
      phase: 'active',
      kind: 'link',
      epoch: '1',
      home_region: stack.regions.bank,
      version: String(row.version),
      health_score: expect.stringMatching(/^(\d\d?|100)(\.\d+)?$/),
      failover_target: expect.stringMatching(/^scheme-server-\d$/),
      last_heartbeat: expect.stringMatching(RFC_3339),
      updated_at: expect.stringMatching(RFC_3339),
    });
    expect(hash.failover_target).not.toBe(hash.server_id);
    const events = await eventsOf(stack, id);
    expect(events.map(({ data }) => data.version)).toEqual(events.map((_, index) => index + 1));
    // Its application is told that it may send; a drain before that would be undone by it.
    await untilApproved(stack, 1, 20_000, 'iso-client-dr');
    await postJson(stack.url('iso-client-dr', '/control'), { command: 'drain', connection_id: id, epoch: 1 });
    await waitFor(async () => (await controlOf(stack, 'iso-client-dr')).open === 0, {
      what: 'its purchases to end',
    });
    await plain.publish(`${stack.regions.bank}.connection-status`, id, 'connection-closed', {
      connection_id: id,
      epoch: 1,
      reason: 'test over',
    });
    await waitFor(async () => (await rowOf(stack, id)).phase === 'ended', { what: `${id} ended` });
    await reconcile(stack);
  });

  it('moves to the other pod of its server when the application dies, without a decision', async () => {
    const row = await moveTo(stack, 'scheme-server-1');
    const moved = await explained(stack);
    const [first, second] = applicationsOf('server-sidecar-1') as [Name, Name];
    const before = (await controlOf(stack, 'iso-client-1')).by_server;
    await untilApproved(stack, 20);
    const during = (await controlOf(stack, 'iso-client-1')).by_server;
    const carrying = (during[first] ?? 0) > (before[first] ?? 0) ? first : second;
    const other = carrying === first ? second : first;
    await stack.program(carrying).kill('SIGKILL');
    await waitFor(
      async () =>
        ((await controlOf(stack, 'iso-client-1')).by_server[other] ?? 0) > (during[other] ?? 0) + 20,
      { what: `purchases approved by ${other}` },
    );
    const after = await rowOf(stack);
    expect(after).toMatchObject({ epoch: row.epoch, version: row.version, server_id: 'scheme-server-1' });
    // The link itself moved nowhere, so that it stands where it does for the reason that it had.
    expect(await explained(stack)).toEqual(moved);
    const facts = await new PlainKafka(stack.kafkaBrokers).readAll(
      `${stack.regions.scheme}.connection-status`,
    );
    const moves = facts.filter(({ headers }) => String(headers?.ce_type) === 'trunkline.backend-changed.v1');
    expect(moves.map(({ value }) => JSON.parse(String(value)))).toContainEqual(
      expect.objectContaining({ connection_id: LINK, epoch: row.epoch, agent_id: 'scheme-server-1' }),
    );
    await reconcile(stack);
  });

  it('moves to another server when the server sidecar is killed', async () => {
    const before = await untilActive(stack);
    await sidecarOf(stack, before).kill('SIGKILL');
    const after = await untilActive(stack, before.epoch + 1);
    expect(after.server_id).not.toBe(before.server_id);
    // The peer, whose servers they are, was asked where to, and its choice was taken.
    const decisions = ['failover-started', 'failover-decided', 'failover-completed'];
    expect(await decisionsSince(stack, before.version)).toEqual(decisions);
    const decided = (await eventsOf(stack)).find(({ data }) => data.version === before.version + 2);
    expect(decided?.data.peer).toEqual({
      peer_region: stack.regions.scheme,
      epoch: before.epoch + 1,
      outcome: 'assigned',
      server_id: after.server_id,
      went: 'peer',
    });
    expect(await causeOf(stack)).toMatchObject({
      ...serverLost(before),
      detail: expect.stringMatching(/^peer-(reset|closed)$/),
    });
    await expectOneTrace(collector, stack, after);
    await expectDecisionLines(stack);
    await untilApproved(stack, 50);
    await reconcile(stack);
  });

  it('moves when the server falls silent without a reset, and the old one is refused when it wakes', async () => {
    const before = await untilActive(stack);
    const { placement } = (await eventsOf(stack)).at(-1)?.data ?? {};
    const old = sidecarOf(stack, before);
    await old.kill('SIGSTOP');
    const after = await untilActive(stack, before.epoch + 1);
    expect(after.server_id).not.toBe(before.server_id);
    const moved = (await eventsOf(stack)).find(({ data }) => data.version === before.version + 1);
    expect(moved?.data.evidence[0]).toMatchObject({
      type: 'connection-lost',
      values: { reason: 'keepalive-timeout', observed_by: 'client-sidecar' },
    });
    expect(await causeOf(stack)).toMatchObject({
      ...serverLost(before),
      detail: 'keepalive-timeout',
    });
    await untilApproved(stack, 50);
    await old.kill('SIGCONT');
    await waitFor(async () => (await getJson(stack.url(old.name, '/health/active'))).status !== 200, {
      what: 'the woken sidecar to carry nothing',
    });
    const said = await waitFor(
      async () => {
        const facts = await factsOf(new PlainKafka(stack.kafkaBrokers), stack.regions.scheme);
        return facts.find(
          ({ name, data }) =>
            ['connection-lost', 'command-refused'].includes(name) &&
            data.connection_id === LINK &&
            data.agent_id === before.server_id &&
            data.epoch === before.epoch,
        );
      },
      { what: 'the woken sidecar to say that its path is over', everyMs: 200 },
    );
    expect(said.data.incarnation).toBe(placement.server_incarnation);
    await untilApproved(stack, 50);
    expect(await rowOf(stack)).toMatchObject({ epoch: after.epoch, server_id: after.server_id });
    await reconcile(stack);
  });

  it('moves away from a server that answers echoes but swallows purchases, and says so', async () => {
    const before = await untilActive(stack);
    const pods = applicationsOf(sidecarName(before));
    for (const pod of pods) await postJson(stack.url(pod, '/control'), { command: 'swallow' });
    const after = await untilActive(stack, before.epoch + 1, 60_000);
    expect(after.server_id).not.toBe(before.server_id);
    const events = await eventsOf(stack);
    const moved = events.find(
      ({ data }) => data.version > before.version && data.reason === 'unanswered-requests',
    );
    expect(JSON.stringify(moved?.data.evidence)).toMatch(/unanswered/);
    expect(await causeOf(stack)).toMatchObject({
      reason: 'unanswered-requests',
      agent_id: before.server_id,
      fact: 'connection-degraded',
    });
    for (const pod of pods) await postJson(stack.url(pod, '/control'), { command: 'answer' });
    await untilApproved(stack, 50);
    await reconcile(stack);
  });

  it('waits when all servers are gone, and goes on when one is back', async () => {
    const before = await untilActive(stack);
    await Promise.all(SERVER_SIDECARS.map((name) => stack.program(name).kill('SIGKILL')));
    const waiting = await untilPhase(stack, 'waiting-for-capacity');
    expect(waiting.status).toBe('failed');
    expect(await causeOf(stack)).toMatchObject(serverLost(before));
    const [nowhere] = (await explained(stack)).why_not;
    expect(nowhere).toMatchObject({
      question: 'Why does the link stand nowhere?',
      reason: 'no-capacity',
    });
    await stack.program('server-sidecar-2').start();
    const after = await untilActive(stack, before.epoch + 1);
    expect(after.server_id).toBe('scheme-server-2');
    await untilApproved(stack, 50);
    await reconcile(stack);
  });

  describe('with time for each step of a move, which a busy machine needs', () => {
    beforeAll(async () => {
      await stack.program('iso-client-1').restart({ TRUNKLINE_SIMULATOR_TIMEOUT_MS: String(2 * HOLD_MS) });
      await untilActive(stack);
      await untilApproved(stack, 50);
      await reconcile(stack);
    });

    it('is moved on request, drained first, without a timeout', async () => {
      const before = await untilActive(stack);
      const reversed = (await controlOf(stack, 'iso-client-1')).timed_out;
      const answer = await postJson(
        stack.url('central-controller-east', `/api/v1/connections/${encodeURIComponent(LINK)}/failover`),
        { reason: 'maintenance', planned: true },
        stack.token,
      );
      expect(answer.status).toBe(202);
      const after = await untilActive(stack, before.epoch + 1);
      expect(after.server_id).not.toBe(before.server_id);
      expect(await causeOf(stack)).toMatchObject({
        reason: 'operator-request',
        detail: 'maintenance',
        fact: 'failover-requested',
      });
      await untilApproved(stack, 50);
      expect((await controlOf(stack, 'iso-client-1')).timed_out).toBe(reversed);
      await reconcile(stack);
    });

    it('leaves an agent that is drained, without a timeout', async () => {
      const before = await untilActive(stack);
      const reversed = (await controlOf(stack, 'iso-client-1')).timed_out;
      const answer = await postJson(
        stack.url('central-controller-west', `/api/v1/agents/${before.server_id}/drain`),
        { reason: 'upgrade' },
        stack.token,
      );
      expect(answer.status).toBe(202);
      const after = await untilActive(stack, before.epoch + 1);
      expect(after.server_id).not.toBe(before.server_id);
      expect(await causeOf(stack)).toMatchObject({
        reason: 'agent-draining',
        detail: 'upgrade',
        agent_id: before.server_id,
        fact: 'agent-drain-requested',
      });
      await untilApproved(stack, 50);
      expect((await controlOf(stack, 'iso-client-1')).timed_out).toBe(reversed);
      await reconcile(stack);
      await sidecarOf(stack, before).restart();
    });
  });
});
