import { jest } from '@jest/globals';
import { getJson, postJson, putJson } from '../support/http.ts';
import { PlainKafka } from '../support/plain-kafka.ts';
import { freePort } from '../support/servers.mjs';
import type { Stack } from '../support/stack.ts';
import { holdsFor, waitFor } from '../support/wait-for.ts';
import { audit } from './support/audit.ts';
import { shortName } from './support/evidence.ts';
import {
  askFailover,
  CONTROLLER,
  eventsOf,
  LINK,
  type Row,
  rowOf,
  startSpine,
  untilActive,
  untilApproved,
} from './support/spine.ts';

jest.setTimeout(180_000);

/** Links that stand beside the demo link, without an application: what moves is counted, not used. */
const OTHERS = Array.from({ length: 8 }, (_, index) => `bank-client-1:spare-${index}`);
const ALL = [LINK, ...OTHERS];
const FLAPPING = 'bank-client-dr:flapping';
const FLAPPING_SERVER = 'server-sidecar-3';
const MAX_MOVES = 3;

describe('judgement on what moves', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startSpine({
      env: { [FLAPPING_SERVER]: { TRUNKLINE_SERVER_GROUP: 'flapping' } },
      envWith: async (made) => ({ 'client-sidecar-1': await manyLinks(made) }),
    });
    for (const id of ALL) await untilPhaseOf(id, 'active');
  });
  afterAll(() => stack?.stop());
  afterEach(() => audit(stack));

  it('holds planned moves back while it is frozen, and says until when', async () => {
    const before = await untilActive(stack);
    const until = new Date(Date.now() + 600_000).toISOString();
    await post('/api/v1/freeze', { until, reason: 'settlement' });
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
    await post('/api/v1/freeze', { until: new Date(Date.now() - 1_000).toISOString(), reason: 'over' });
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
  });

  it('leaves a link of a flapping server where it is after too many moves, and takes it up again', async () => {
    await put('/api/v1/policies/flapping', {
      server_group: 'flapping',
      settings: { damping_max_moves: MAX_MOVES, damping_window_ms: 20_000 },
      reason: 'flaps',
    });
    await untilPolicy('flapping', 1);
    const plainLink = { connection_id: FLAPPING, kind: 'link', client_id: 'bank-client-dr' };
    const body = { ...plainLink, server_group: 'flapping' };
    await publish(FLAPPING, 'connection-request', body);
    await untilPhaseOf(FLAPPING, 'active');
    const server = stack.program(FLAPPING_SERVER);
    const suppressed = await waitFor(
      async () => {
        const row = await rowOf(stack, FLAPPING);
        if (row.phase === 'suppressed') return row;
        if (row.phase !== 'active') return undefined;
        await server.kill('SIGKILL');
        await server.start();
        return undefined;
      },
      { what: 'the flapping link to be left where it is', withinMs: 60_000 },
    );
    expect(suppressed.status).toBe('failed');
    const [held] = (await eventsOf(stack, FLAPPING)).filter(
      ({ type }) => shortName(type) === 'failover-suppressed',
    );
    expect(held?.data).toMatchObject({
      reason: 'damping',
      policy: 'flapping',
      policy_version: 1,
      suppressed: { reason: 'damping', what: 'failover', until: expect.any(String) },
    });
    const again = await untilPhaseOf(FLAPPING, 'active', 40_000);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(held?.data.suppressed.until));
    await holdsFor(3_000, async () => (await rowOf(stack, FLAPPING)).epoch === again.epoch);
  });

  /** The demo link keeps its port, and each of the others has one that nobody dials. */
  async function manyLinks(made: Stack): Promise<Record<string, string>> {
    const own = made.program('client-sidecar-1').port('application');
    const spare = await Promise.all(OTHERS.map(() => freePort()));
    const links = ALL.map((connection_id, index) => ({
      connection_id,
      server_group: 'scheme',
      port: [own, ...spare][index],
    }));
    return {
      TRUNKLINE_APPLICATION_PORTS: [own, ...spare].join(),
      TRUNKLINE_LINKS: JSON.stringify(links),
    };
  }

  function untilPhaseOf(id: string, phase: string, withinMs = 30_000): Promise<Row> {
    return waitFor(
      async () => {
        const row = await rowOf(stack, id);
        return row.phase === phase ? row : undefined;
      },
      { what: `${id} ${phase}`, withinMs },
    );
  }

  async function post(path: string, body: object): Promise<void> {
    const answer = await postJson(stack.url(CONTROLLER, path), body, stack.token);
    if (answer.status !== 202) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  }

  async function put(path: string, body: object): Promise<void> {
    const answer = await putJson(stack.url(CONTROLLER, path), body, stack.token);
    if (answer.status !== 202) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  }

  async function untilPolicy(name: string, version: number): Promise<void> {
    await waitFor(
      async () => {
        const answer = await getJson(stack.url(CONTROLLER, `/api/v1/policies/${name}`));
        return answer.status === 200 && answer.body.version >= version;
      },
      { what: `policy ${name}` },
    );
  }

  async function publish(key: string, name: string, data: object): Promise<void> {
    await new PlainKafka(stack.kafkaBrokers).publish(
      `${stack.regions.bank}.connection-status`,
      key,
      name,
      data,
    );
  }
});
