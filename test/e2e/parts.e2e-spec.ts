import { once } from 'node:events';
import { get } from 'node:http';
import { regional } from '../../deploy/local/programs.mjs';
import { getJson, postJson } from '../support/http.ts';
import { PlainKafka } from '../support/plain-kafka.ts';
import { type Handle, type Name, type Stack, startStack } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';
import { auditing } from './support/audit.ts';
import { decisionsIn, type Logged } from './support/evidence.ts';
import {
  eventsOf,
  LINK,
  reconcile,
  rowOf,
  sidecarOf,
  untilActive,
  untilApproved,
  untilPhase,
} from './support/spine.ts';

const FRONT: Name = 'central-controller-east';
/** Told to decide for the bank's region, in place of its own, whose controller no test here needs. */
const DECIDER: Name = 'central-controller-west';
const PARTS = { [FRONT]: ['projector', 'rest'], [DECIDER]: ['control-loop', 'health-monitor'] };
const CLIENT: Name = 'client-sidecar-1';
const SIDECARS = [CLIENT, 'server-sidecar-1', 'server-sidecar-2'] as const;
const APPLICATIONS = ['iso-server-1', 'iso-server-2', 'iso-client-1'] as const;
const CLIENT_AGENT = 'bank-client-1';
const LEASE_MS = 5_000;
const MARGIN_MS = 1_000;
/** What may pass beyond lease and margin until a decision on a silence shows, in milliseconds. */
const SHOWN_WITHIN_MS = 20_000;
/** Nothing listens there. */
const NO_REDIS = 'redis://127.0.0.1:1';

describe('a controller whose parts are processes of their own, and agents with a lease of 5 s', () => {
  let stack: Stack;
  let plain: PlainKafka;

  beforeAll(async () => {
    const sidecar = { TRUNKLINE_LEASE_MS: String(LEASE_MS), TRUNKLINE_REPORT_INTERVAL_MS: '1000' };
    stack = await startStack({
      start: false,
      programs: [FRONT, DECIDER, ...SIDECARS, ...APPLICATIONS],
      env: Object.fromEntries(SIDECARS.map((name) => [name, sidecar])),
    });
    plain = new PlainKafka(stack.kafkaBrokers);
    await Promise.all([
      stack.program(FRONT).start({ TRUNKLINE_PARTS: PARTS[FRONT].join(',') }),
      stack.program(DECIDER).start({
        ...regional(stack.site, 'bank'),
        TRUNKLINE_PARTS: PARTS[DECIDER].join(','),
        TRUNKLINE_LEASE_MARGIN_MS: String(MARGIN_MS),
        TRUNKLINE_REDIS_URL: NO_REDIS,
      }),
      ...[...SIDECARS, ...APPLICATIONS].map((name) => stack.program(name).start()),
    ]);
    await untilActive(stack, 1, 60_000);
    await untilApproved(stack, 5);
  });

  /** Whatever a test that failed left behind, the next one finds the client alive. */
  afterEach(async () => {
    for (const program of SIDECARS.map((name) => stack.program(name))) {
      if (program.alive()) await program.kill('SIGCONT');
      else await program.start();
    }
    await reconcile(stack);
  });
  auditing(() => stack);
  afterAll(() => stack?.stop());

  it('answers for its own parts only: one process decides without Redis, the other tells', async () => {
    for (const name of [FRONT, DECIDER]) {
      const { status, body } = await getJson(stack.url(name, '/health/ready'));
      expect(status).toBe(200);
      expect(Object.keys(body.details).sort()).toEqual([...PARTS[name]].sort());
    }
    const path = `/api/v1/connections/${encodeURIComponent(LINK)}`;
    expect((await getJson(stack.url(DECIDER, path))).status).toBe(404);
    const before = await rowOf(stack);
    const request = { reason: 'maintenance', planned: true };
    const answer = await postJson(stack.url(FRONT, `${path}/failover`), request, stack.token);
    expect(answer.status).toBe(202);
    const after = await untilActive(stack, before.epoch + 1);
    expect(after.server_id).not.toBe(before.server_id);

    const metrics = { front: await metricsOf(FRONT), decider: await metricsOf(DECIDER) };
    const ofTheLog = `{topic="${stack.regions.bank}.controller-events"`;
    expect(metrics.decider).toContain(`trunkline_decisions_appended_total${ofTheLog}`);
    expect(metrics.decider).not.toContain('trunkline_projected_decisions_total');
    expect(metrics.front).toContain(`trunkline_projected_decisions_total${ofTheLog}`);
    expect(metrics.front).not.toContain('trunkline_decisions_appended_total{');
  });

  it('has a killed client lost once lease and margin have passed, and places nothing on its life again', async () => {
    const before = await untilActive(stack);
    const life = (await eventsOf(stack)).at(-1)?.data.placement.client_incarnation;
    await stack.program(CLIENT).kill('SIGKILL');
    await untilAgentIs('lost');
    const waiting = await untilPhase(stack, 'waiting-for-capacity', SHOWN_WITHIN_MS);
    expect(waiting.status).toBe('failed');
    expect(waiting.server_id).toBeUndefined();

    const lost = await decisionOn(CLIENT_AGENT, 'agent-lost');
    expect(lost.data).toMatchObject({ incarnation: life, reason: 'agent-silent' });
    expect(lost.atMs - (await lastReportMs(CLIENT_AGENT, life))).toBeGreaterThanOrEqual(LEASE_MS + MARGIN_MS);

    await stack.program(CLIENT).start();
    const after = await untilActive(stack, before.epoch + 1);
    expect(after.epoch).toBeGreaterThan(waiting.epoch);
    await untilAgentIs('alive');
    await untilApproved(stack, 20);
    const placed = (await decisions()).filter(({ key, data }) => key === LINK && data.placement);
    const placedAfter = placed.filter(({ atMs }) => atMs >= lost.atMs);
    expect(placedAfter.length).toBeGreaterThan(0);
    for (const { data } of placedAfter) expect(data.placement.client_incarnation).not.toBe(life);
  });

  it('leaves a link whose ends both sleep where it is until the lease of one has run out', async () => {
    const before = await untilActive(stack);
    const { placement } = (await eventsOf(stack)).at(-1)?.data ?? {};
    const client = stack.program(CLIENT);
    const server = sidecarOf(stack, before);
    await Promise.all([client.kill('SIGSTOP'), server.kill('SIGSTOP')]);
    await untilPhase(stack, 'waiting-for-capacity', SHOWN_WITHIN_MS);

    const leases = [
      await lastReportMs(placement.client_id, placement.client_incarnation),
      await lastReportMs(placement.server_id, placement.server_incarnation),
    ].map((reportedMs) => reportedMs + LEASE_MS);
    const next = (await decisions()).find(
      ({ key, data }) => key === LINK && data.version === before.version + 1,
    );
    expect(next).toMatchObject({
      name: 'failover-failed',
      data: { epoch: before.epoch, evidence: [{ type: 'agent-silent' }] },
    });
    expect(next?.atMs).toBeGreaterThanOrEqual(Math.min(...leases));

    await wake(server);
    expect(await carriesAt(server)).toBeUndefined();
    expect((await rowOf(stack)).phase).toBe('waiting-for-capacity');
    await wake(client);
    const carriesMs = await waitFor(() => carriesAt(client), { what: 'the client to carry the link again' });
    const after = await untilActive(stack, before.epoch + 1);
    const again = (await decisions()).find(({ key, data }) => key === LINK && data.epoch > before.epoch);
    expect(again).toMatchObject({ name: 'failover-decided', data: { epoch: after.epoch } });
    expect(again?.data.placement.client_incarnation).not.toBe(placement.client_incarnation);
    expect(again?.atMs).toBeLessThan(carriesMs);
    await untilApproved(stack, 20);
  });

  async function metricsOf(name: Name): Promise<string> {
    return String((await getJson(stack.url(name, '/metrics'))).body);
  }

  async function untilAgentIs(status: string): Promise<void> {
    const look = async () => (await getJson(stack.url(FRONT, `/api/v1/agents/${CLIENT_AGENT}`))).body.status;
    await waitFor(async () => (await look()) === status, {
      what: `${CLIENT_AGENT} ${status}`,
      withinMs: LEASE_MS + MARGIN_MS + SHOWN_WITHIN_MS,
    });
  }

  /** A question that was put while it slept may be what it sees first; it must not be told of a path of old. */
  async function wake(sidecar: Handle): Promise<void> {
    const asked = get(stack.url(sidecar.name, '/health/active'));
    const answered = once(asked, 'response');
    await once(asked, 'finish');
    await sidecar.kill('SIGCONT');
    const [answer] = await answered;
    answer.resume();
    expect(answer.statusCode).toBe(503);
  }

  /** When it answered that it carries a link; undefined: it carries none. */
  async function carriesAt(sidecar: Handle): Promise<number | undefined> {
    const { status } = await getJson(stack.url(sidecar.name, '/health/active'));
    return status === 200 ? Date.now() : undefined;
  }

  const decisions = () => decisionsIn(plain, stack);

  async function decisionOn(key: string, name: string): Promise<Logged> {
    const found = (await decisions()).findLast((each) => each.key === key && each.name === name);
    if (!found) throw new Error(`no ${name} of ${key}`);
    return found;
  }

  /** When the last report of this life was sent; its lease began just before. */
  async function lastReportMs(agentId: string, incarnation: string): Promise<number> {
    const topics = [stack.regions.bank, stack.regions.scheme].map((region) => `${region}.health-reports`);
    const records = (await Promise.all(topics.map((topic) => plain.readAll(topic)))).flat();
    const ofLife = records.filter(
      ({ key, value }) => String(key) === agentId && JSON.parse(String(value)).incarnation === incarnation,
    );
    return Math.max(...ofLife.map(({ timestamp }) => Number(timestamp)));
  }
});
