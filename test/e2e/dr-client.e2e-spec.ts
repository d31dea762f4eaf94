import { jest } from '@jest/globals';
import { getJson } from '../support/http.ts';
import { Network } from '../support/network.ts';
import type { Name, Stack } from '../support/stack.ts';
import { holdsFor, waitFor } from '../support/wait-for.ts';
import { auditing } from './support/audit.ts';
import { shortName } from './support/evidence.ts';
import { causeOf } from './support/explained.ts';
import {
  askFailover,
  controlOf,
  eventsOf,
  LINK,
  type Row,
  reconcile,
  rowOf,
  SERVER_SIDECARS,
  sidecarName,
  sidecarOf,
  startSpine,
  untilActive,
  untilApproved,
} from './support/spine.ts';

jest.setTimeout(180_000);

const PRIMARY = 'bank-client-1';
const STANDBY = 'bank-client-dr';
/** Shorter than in production, so that its end can be waited for. In milliseconds. */
const LEASE_MS = 6_000;
const REPORT_MS = 1_000;
/** Shorter than three keepalive intervals. */
const BLIP_MS = 700;

describe('a payment link whose client has a DR client', () => {
  let stack: Stack;
  const ways = new Map<Name, Network>();
  const endings: (() => void)[] = [];

  beforeAll(async () => {
    const rate = { TRUNKLINE_SIMULATOR_RATE: '50', TRUNKLINE_SIMULATOR_TIMEOUT_MS: '3000' };
    stack = await startSpine({
      env: { 'iso-client-dr': rate },
      envOfAll: {
        TRUNKLINE_LEASE_MS: String(LEASE_MS),
        TRUNKLINE_REPORT_INTERVAL_MS: String(REPORT_MS),
        TRUNKLINE_LEASE_MARGIN_MS: '1000',
      },
      envWith: async (made) => {
        for (const name of SERVER_SIDECARS) {
          const door = `127.0.0.1:${made.program(name).port('link')}`;
          ways.set(name, await Network.before(door, (ending) => endings.push(ending)));
        }
        return Object.fromEntries(
          [...ways].map(([name, { address }]) => [name, { TRUNKLINE_ADDRESS: address }]),
        );
      },
    });
  });
  auditing(() => stack);
  afterAll(async () => {
    await stack?.stop();
    for (const end of endings) end();
  });

  it('goes on through the DR client when its client and the application are killed', async () => {
    const before = await untilActive(stack);
    await Promise.all([kill('client-sidecar-1'), kill('iso-client-1')]);
    const after = await untilCarriedBy(STANDBY, before.epoch);
    await untilApproved(stack, 50, 20_000, 'iso-client-dr');
    expect(await controlOf(stack, 'iso-client-dr')).toMatchObject({ active: true, epoch: after.epoch });
    const decided = await lastMove();
    expect(decided.data.commands.map(({ name }: { name: string }) => name).sort()).toEqual(
      expect.arrayContaining(['accept-client', 'activate-dr-client']),
    );
    expect(await causeOf(stack)).toMatchObject({
      reason: 'client-lost',
      agent_id: PRIMARY,
      fact: 'connection-lost',
      said_by: before.server_id,
      why_not: ['client-lost'],
    });
  });

  it('refuses the first client when it comes back, and tells it to stand by', async () => {
    const carried = await rowOf(stack);
    expect(carried.client_id).toBe(STANDBY);
    await Promise.all([stack.program('client-sidecar-1').start(), stack.program('iso-client-1').start()]);
    await waitFor(
      async () => {
        const { active, epoch } = await controlOf(stack, 'iso-client-1');
        return active === false && epoch >= carried.epoch;
      },
      { what: 'the first application to be told that it stands by' },
    );
    const { approved } = await controlOf(stack, 'iso-client-1');
    await holdsFor(1_500, async () => {
      const row = await rowOf(stack);
      const idle = (await getJson(stack.url('client-sidecar-1', '/health/active'))).status !== 200;
      return idle && row.epoch === carried.epoch && row.client_id === STANDBY;
    });
    expect((await controlOf(stack, 'iso-client-1')).approved).toBe(approved);
    expect(await causeOf(stack)).toMatchObject({
      reason: 'client-lost',
      agent_id: PRIMARY,
      why_not: ['failback'],
    });
    await untilApproved(stack, 50, 20_000, 'iso-client-dr');
  });

  it('is given back on request, without a timeout', async () => {
    const carried = await rowOf(stack);
    const { timed_out } = await controlOf(stack, 'iso-client-dr');
    await askFailover(stack, { reason: 'the bank is well again', planned: true });
    await untilCarriedBy(PRIMARY, carried.epoch);
    await untilApproved(stack, 50);
    expect(await controlOf(stack, 'iso-client-dr')).toMatchObject({ active: false, timed_out });
    expect((await lastMove()).data.failover?.reason ?? (await lastMove()).data.reason).toBe('failback');
    expect(await causeOf(stack)).toMatchObject({
      reason: 'failback',
      detail: 'the bank is well again',
      fact: 'failover-requested',
      why_not: [],
    });
    await reconcile(stack);
  });

  it('is not activated anywhere before the lease is over when both its ends fall silent', async () => {
    const before = await untilActive(stack);
    const stoppedAtMs = Date.now();
    const server = sidecarOf(stack, before);
    await Promise.all([stack.program('client-sidecar-1').kill('SIGSTOP'), server.kill('SIGSTOP')]);
    const after = await untilCarriedBy(STANDBY, before.epoch, 60_000);
    const moved = (await eventsOf(stack)).filter(
      ({ data }) => data.version > before.version && data.placement !== undefined,
    );
    // The lease runs from just before the send of the last report that Kafka acknowledged.
    for (const { data } of moved) {
      const silentForMs = Date.parse(data.decided_at) - stoppedAtMs;
      expect(silentForMs).toBeGreaterThan(LEASE_MS - REPORT_MS);
    }
    const ended = (await eventsOf(stack)).find(({ data }) => data.version > before.version);
    expect(ended?.data.evidence[0].type).toBe('agent-silent');
    const cause = await causeOf(stack);
    expect(cause).toMatchObject({ reason: 'agent-silent', fact: 'agent-silent', said_by: cause.agent_id });
    expect([PRIMARY, before.server_id]).toContain(cause.agent_id);
    await untilApproved(stack, 50, 20_000, 'iso-client-dr');
    await Promise.all([stack.program('client-sidecar-1').kill('SIGCONT'), server.kill('SIGCONT')]);
    await waitFor(async () => (await activeSidecars()).join() === [`client-sidecar-dr`].join(), {
      what: 'exactly one client sidecar to carry the link',
    });
    await waitFor(async () => (await controlOf(stack, 'iso-client-1')).active === false, {
      what: 'the first application to stand by',
    });
    await holdsFor(1_500, async () => (await rowOf(stack)).epoch === after.epoch);
    await untilApproved(stack, 50, 20_000, 'iso-client-dr');
    await askFailover(stack, { reason: 'test over', planned: true });
    await untilCarriedBy(PRIMARY, after.epoch);
    await untilApproved(stack, 50);
    await reconcile(stack);
  });

  it('stays with its client when the way to its server only blips', async () => {
    const before = await untilActive(stack);
    const cause = await causeOf(stack);
    const way = wayTo(before);
    way.freeze();
    await holdsFor(BLIP_MS, async () => (await rowOf(stack)).version === before.version);
    way.thaw();
    await untilApproved(stack, 50);
    await holdsFor(1_500, async () => (await rowOf(stack)).version === before.version);
    expect(await causeOf(stack)).toEqual(cause);
    await reconcile(stack);
  });

  it('moves once, and keeps its client, when the way to its server stays frozen', async () => {
    const before = await untilActive(stack);
    const way = wayTo(before);
    way.freeze();
    const after = await untilActive(stack, before.epoch + 1);
    expect(after).toMatchObject({ client_id: PRIMARY, server_id: expect.any(String) });
    expect(after.server_id).not.toBe(before.server_id);
    await untilApproved(stack, 50);
    way.thaw();
    await untilApproved(stack, 100);
    expect(await rowOf(stack)).toMatchObject({ epoch: after.epoch, client_id: PRIMARY, phase: 'active' });
    expect(await activeSidecars()).toEqual(['client-sidecar-1']);
    const since = (await eventsOf(stack)).filter(({ data }) => data.version > before.version);
    expect(since.filter(({ type }) => shortName(type) === 'failover-decided')).toHaveLength(1);
    const commands = since.flatMap(({ data }) => data.commands.map(({ name }: { name: string }) => name));
    expect(commands).not.toContain('activate-dr-client');
    // Either end may be the first to say so; neither died, and the server is the one that was left.
    const cause = await causeOf(stack);
    expect(cause).toMatchObject({
      detail: 'keepalive-timeout',
      agent_id: before.server_id,
      fact: 'connection-lost',
    });
    expect([PRIMARY, before.server_id]).toContain(cause.said_by);
    expect(cause.reason).toBe(cause.said_by === PRIMARY ? 'server-lost' : 'peer-lost');
    await reconcile(stack);
  });

  /** What lies between the client sidecars and the server that carries the link. */
  function wayTo(row: Row): Network {
    const way = ways.get(sidecarName(row));
    if (way === undefined) throw new Error(`no way to ${row.server_id}`);
    return way;
  }

  const kill = (name: Name) => stack.program(name).kill('SIGKILL');

  function untilCarriedBy(client: string, afterEpoch: number, withinMs = 30_000): Promise<Row> {
    return waitFor(
      async () => {
        const row = await rowOf(stack);
        return row.client_id === client && row.phase === 'active' && row.epoch > afterEpoch ? row : undefined;
      },
      { what: `${LINK} active through ${client}`, withinMs },
    );
  }

  async function activeSidecars(): Promise<string[]> {
    const names = ['client-sidecar-1', 'client-sidecar-dr'] as const;
    const answers = await Promise.all(names.map((name) => getJson(stack.url(name, '/health/active'))));
    return names.filter((_, index) => answers[index]?.status === 200);
  }

  async function lastMove() {
    const moves = (await eventsOf(stack)).filter(({ type }) => shortName(type) === 'failover-decided');
    const last = moves.at(-1);
    if (last === undefined) throw new Error('the link never moved');
    return last;
  }
});
