import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensurePki } from '#libs/pki';
import { OperatorRig } from '../../../testing/operator.ts';
import { problem, Told } from '../../../testing/rest.ts';
import { Api } from '../api.ts';
import { checkCertificates } from './certificates.ts';
import { checkController } from './controller.ts';
import type { Finding } from './finding.ts';
import { checkKafka } from './kafka.ts';

const DAY_MS = 86_400_000;
const STATUS = {
  region: 'east',
  lag: [{ topic: 'east.connection-status', partitions: 12, records: 5, worst: 3 }],
  certificates: [
    { what: 'own', name: 'controller-east', not_after: new Date(Date.now() + 80 * DAY_MS).toISOString() },
  ],
};
const AGENT = { agent_id: 's-1', status: 'alive', draining: false };

describe('what trunkline check finds', () => {
  const rig = new OperatorRig();
  let answers: Record<string, unknown>;
  let skewMs: number;
  beforeAll(() => rig.start());
  beforeEach(() => {
    rig.begin();
    skewMs = 0;
    answers = {
      '/health/ready': { status: 'ok' },
      '/api/v1/connections': { items: [] },
      '/api/v1/agents': { items: [AGENT] },
      '/api/v1/status': STATUS,
    };
    rig.rest.answer = ({ path }) =>
      path === '/api/v1/status' && answers[path] !== undefined
        ? { ...(answers[path] as object), now: new Date(Date.now() + skewMs).toISOString() }
        : (answers[path] ?? problem(404, 'route-not-found'));
  });
  afterAll(() => rig.clear());

  const look = () => checkController(new Api({ url: rig.rest.url, token: undefined, agent: 'x' }), Date.now);
  const summary = (findings: readonly Finding[]) =>
    findings.map(({ check, status }) => `${status} ${check.split(' ')[0]}`);
  const not = (findings: readonly Finding[]) => findings.filter(({ status }) => status !== 'ok');

  it('is ok all over where all is well', async () => {
    expect(summary(await look())).toEqual([
      ...['ok controller', 'ok registry', 'ok lag', 'ok clocks', 'ok certificates', 'ok agents'],
    ]);
  });

  it.each([
    [
      'a part that is not ready',
      '/health/ready',
      new Told(503, { status: 'error', details: { projector: { status: 'down' } } }),
      'fail',
      'projector',
    ],
    [
      'a registry that is being rebuilt',
      '/api/v1/connections',
      problem(503, 'registry-rebuilding', { progress: 0.5 }),
      'warn',
      '0.5',
    ],
    ['a Redis that is away', '/api/v1/connections', problem(503, 'registry-unavailable'), 'fail', 'Redis'],
    [
      'a Redis that wants another password',
      '/api/v1/connections',
      problem(503, 'registry-unavailable', { detail: 'Redis does not take the user or password' }),
      'fail',
      'does not take the user or password',
    ],
    [
      'a lag',
      '/api/v1/status',
      { ...STATUS, lag: [{ topic: 't', worst: 50_000 }] },
      'fail',
      '50000 records of t',
    ],
    [
      'an agent that is lost',
      '/api/v1/agents',
      { items: [{ ...AGENT, status: 'lost' }] },
      'fail',
      'lost: s-1',
    ],
    [
      'an agent that is suspect',
      '/api/v1/agents',
      { items: [{ ...AGENT, status: 'suspect' }] },
      'warn',
      'suspect: s-1',
    ],
    [
      'an agent that drains',
      '/api/v1/agents',
      { items: [{ ...AGENT, draining: true }] },
      'warn',
      'draining: s-1',
    ],
    ['no agent at all', '/api/v1/agents', { items: [] }, 'warn', 'none'],
    [
      'a certificate that ends',
      '/api/v1/status',
      {
        ...STATUS,
        certificates: [
          { what: 'own', name: 'c', not_after: new Date(Date.now() + 5 * DAY_MS).toISOString() },
        ],
      },
      'warn',
      'c of',
    ],
  ])('tells %s', async (_what, path, answer, status, words) => {
    answers[path] = answer;
    const [finding, ...others] = not(await look());
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      status,
      detail: expect.stringContaining(words),
      hint: expect.any(String),
    });
  });

  it.each([
    [5_000, 'fail'],
    [-5_000, 'fail'],
  ])('tells clocks that are %d ms apart', async (apartMs, status) => {
    skewMs = apartMs;
    const [finding] = not(await look());
    expect(finding).toMatchObject({ check: 'clocks', status });
  });

  it('takes the lag out of /metrics from a controller that has no /status', async () => {
    delete answers['/api/v1/status'];
    rig.rest.answer = ({ path }, response) => {
      if (path !== '/metrics') return answers[path] ?? problem(404, 'route-not-found');
      response.end(
        'trunkline_consumer_lag{topic="a",partition="1"} 4\ntrunkline_consumer_lag{topic="b",partition="0"} 200\n',
      );
      return undefined;
    };
    expect(not(await look()).map(({ check, detail }) => [check, detail])).toEqual([
      ['lag', '200 records of b, at most, are still to be read'],
      ['clocks', 'the controller does not tell its clock'],
    ]);
  });

  it('tells Kafka that is away, and topics that are not as they must be', async () => {
    const wanted = { brokers: ['k:9092'], regions: ['east', 'west'], partitions: 12 };
    const fault = { topic: 'west.health-reports', setting: 'retention.ms', found: '1', wanted: '3600000' };
    const log = { topicFaults: async (region: string) => (region === 'west' ? [fault] : []) };
    expect(summary(await checkKafka(log, wanted))).toEqual(['ok kafka', 'ok topics', 'fail topics']);
    const away = { topicFaults: () => Promise.reject(new Error('ECONNREFUSED')) };
    expect(await checkKafka(away, wanted)).toEqual([
      expect.objectContaining({
        status: 'fail',
        unreachable: true,
        detail: expect.stringContaining('ECONNREFUSED'),
      }),
    ]);
  });

  it.each([
    [20, 'ok'],
    [13, 'warn'],
    [1, 'fail'],
    [-1, 'fail'],
  ])('judges a certificate with %d days left: %s', (days, status) => {
    const notAfter = new Date(days * DAY_MS).toISOString();
    expect(checkCertificates('x', [{ name: 'c', notAfter }], 0).map((one) => one.status)).toEqual([status]);
  });

  it('ends with 3 when something could not be reached, and tells the certificates that lie here all the same', async () => {
    const dir = join(rig.home, 'pki');
    mkdirSync(dir, { recursive: true });
    await ensurePki(dir, [], Date.now());
    rig.nowMs = Date.now;
    const nobody = ['--url', 'http://127.0.0.1:1', '--brokers', '127.0.0.1:1'];
    expect(await rig.trunkline('check', '-o', 'json', ...nobody)).toBe(3);
    const { ok, findings } = JSON.parse(rig.written.stdout) as { ok: boolean; findings: Finding[] };
    expect(ok).toBe(false);
    expect(summary(findings)).toEqual(['fail kafka', 'fail controller', 'ok certificates']);
  });
});
