import { jest } from '@jest/globals';
import { getJson } from '../support/http.ts';
import { byLength } from '../support/length.ts';
import type { Stack } from '../support/stack.ts';
import { holdsFor, waitFor } from '../support/wait-for.ts';
import { auditing } from './support/audit.ts';
import { shortName } from './support/evidence.ts';
import { causeOf, explained, type TrueCause } from './support/explained.ts';
import { post, publishFact, putPolicy, untilPhaseOf } from './support/operator.ts';
import {
  askFailover,
  CONTROLLER,
  eventsOf,
  reconcile,
  rowOf,
  startSpine,
  untilActive,
  untilApproved,
} from './support/spine.ts';

jest.setTimeout(180_000);

const FLAPPING = 'bank-client-dr:flapping';
const FLAPPING_SERVER = 'server-sidecar-3';
const MAX_MOVES = 2;
/** Until the link is held back, and so long at least. */
const FLAPPING_MS = byLength(0, 60_000);
const KILLED_EVERY_MS = 3_000;
/** Of damping, at least; and of an agent's restarts, of which there are fewer than too many within it. */
const WINDOW_MS = 15_000;
/** So many moves as this machine makes them fit into the window of damping. */
const MOVES_IN_WINDOW = 5;

describe('judgement on what moves', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startSpine({
      env: { [FLAPPING_SERVER]: { TRUNKLINE_SERVER_GROUP: 'flapping' } },
    });
  });
  auditing(() => stack);
  afterAll(() => stack?.stop());

  it('holds planned moves back while it is frozen, and says until when', async () => {
    const before = await untilActive(stack);
    const until = new Date(Date.now() + 600_000).toISOString();
    await post(stack, '/api/v1/freeze', { until, reason: 'settlement' });
    await waitFor(async () => (await getJson(stack.url(CONTROLLER, '/api/v1/freeze'))).body.until === until, {
      what: 'the freeze to be shown',
    });
    await askFailover(stack, { reason: 'maintenance', planned: true });
    const held = await waitFor(
      async () => (await eventsOf(stack)).find(({ data }) => data.version > before.version),
      { what: 'a decision on the request' },
    );
    expect(shortName(held.type)).toBe('failover-suppressed');
    expect(held.data).toMatchObject({ reason: 'freeze', suppressed: { what: 'planned-move', until } });
    expect(await causeOf(stack)).toMatchObject({
      reason: 'operator-request',
      detail: 'maintenance',
      fact: 'failover-requested',
      why_not: ['freeze'],
    });
    const [notMade] = (await explained(stack)).why_not;
    expect(notMade).toMatchObject({ question: 'Why is the planned move not made?', until });
    await post(stack, '/api/v1/freeze', {
      until: new Date(Date.now() - 1_000).toISOString(),
      reason: 'over',
    });
    await waitFor(
      async () => {
        const row = await rowOf(stack);
        if (row.epoch === before.epoch && row.phase === 'active')
          await askFailover(stack, { reason: 'maintenance', planned: true });
        return row.epoch > before.epoch && row.phase === 'active';
      },
      { what: 'the planned move after the freeze', everyMs: 500 },
    );
    await untilApproved(stack, 50);
    await reconcile(stack);
  });

  it('leaves a link of a flapping server where it is after too many moves, and takes it up again', async () => {
    const plainLink = { connection_id: FLAPPING, kind: 'link', client_id: 'bank-client-dr' };
    const body = { ...plainLink, server_group: 'flapping' };
    await publishFact(stack, FLAPPING, 'connection-request', body);
    await untilPhaseOf(stack, FLAPPING, 'active');
    const server = stack.program(FLAPPING_SERVER);
    /** @returns how it stands once the server has died and is there again */
    const flap = async () => {
      const nextMs = Date.now() + KILLED_EVERY_MS;
      const { epoch } = await rowOf(stack, FLAPPING);
      await server.kill('SIGKILL');
      await server.start();
      return waitFor(
        async () => {
          const row = await rowOf(stack, FLAPPING);
          if (Date.now() < nextMs) return undefined;
          return row.phase === 'suppressed' || (row.phase === 'active' && row.epoch > epoch)
            ? row
            : undefined;
        },
        { what: 'the link where it can be', withinMs: 60_000 },
      );
    };
    const begunAtMs = Date.now();
    await flap();
    const windowMs = Math.max(WINDOW_MS, MOVES_IN_WINDOW * (Date.now() - begunAtMs));
    await putPolicy(stack, 'flapping', {
      server_group: 'flapping',
      settings: { damping_max_moves: MAX_MOVES, damping_window_ms: windowMs, agent_window_ms: WINDOW_MS },
      reason: 'flaps',
    });
    let heldFor: TrueCause | undefined;
    while (heldFor === undefined || Date.now() < begunAtMs + FLAPPING_MS) {
      const { phase } = await flap();
      if (phase === 'suppressed') heldFor ??= await causeOf(stack, FLAPPING);
    }
    expect(heldFor).toMatchObject({
      reason: 'server-lost',
      agent_id: 'scheme-server-3',
      fact: 'connection-lost',
      said_by: 'bank-client-dr',
      why_not: ['damping'],
    });
    const [held] = (await eventsOf(stack, FLAPPING)).filter(
      ({ type }) => shortName(type) === 'failover-suppressed',
    );
    expect(held?.data).toMatchObject({
      status: 'failed',
      reason: 'damping',
      policy: 'flapping',
      policy_version: 1,
      suppressed: { reason: 'damping', what: 'failover', until: expect.any(String) },
    });
    const again = await untilPhaseOf(stack, FLAPPING, 'active', 2 * windowMs);
    await holdsFor(3_000, async () => (await rowOf(stack, FLAPPING)).epoch === again.epoch);
  });
});
