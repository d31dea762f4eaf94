import { OperatorRig } from '../../testing/operator.ts';
import { problem, Told } from '../../testing/rest.ts';

const LINK = {
  connection_id: 'bank-client-1:primary',
  kind: 'link',
  status: 'active',
  phase: 'active',
  epoch: 2,
  version: 4,
  home_region: 'east',
  client_id: 'bank-client-1',
  server_id: 'scheme-server-2',
  health_score: 99.6,
  updated_at: '2026-11-21T11:58:00.000Z',
};
const FAILOVER = {
  failover_id: 'bank-client-1:primary~2',
  connection_id: LINK.connection_id,
  from: 'scheme-server-1',
  to: 'scheme-server-2',
  reason: 'server-lost',
  detected_at: '2026-11-21T11:58:00.000Z',
  decided_at: '2026-11-21T11:58:00.012Z',
  active_at: '2026-11-21T11:58:00.090Z',
};
const AGENT = {
  agent_id: 'scheme-server-2',
  kind: 'server-sidecar',
  status: 'alive',
  draining: true,
  capacity: 10,
  connections: 3,
};

describe("an operator's commands", () => {
  const rig = new OperatorRig();
  beforeAll(() => rig.start());
  beforeEach(() => {
    rig.begin();
    rig.rest.answer = ({ path }) => {
      if (path.endsWith('/connections')) return { items: [LINK] };
      if (path.endsWith('/agents')) return { items: [AGENT] };
      if (path.endsWith('/failovers')) return { items: [FAILOVER] };
      return problem(404, 'route-not-found');
    };
  });
  afterAll(() => rig.clear());

  it('lists connections with every filter, over as many pages as it takes', async () => {
    rig.rest.answer = ({ query }) =>
      query.cursor === undefined
        ? { items: [LINK], next_cursor: 'more' }
        : { items: [{ ...LINK, connection_id: 'bank-client-2:primary', status: 'failed' }] };
    const filters = [
      '--status',
      'active',
      '--kind',
      'link',
      '--client',
      'c',
      '--server',
      's',
      '--broker',
      'b',
    ];
    const code = await rig.trunkline(
      'connections',
      'ls',
      ...filters,
      '--phase',
      'active',
      '--sort',
      '-updated_at',
    );
    expect(code).toBe(0);
    expect(rig.rest.asked.map(({ query }) => query.cursor)).toEqual([undefined, 'more']);
    expect(rig.rest.asked[0]?.query).toEqual({
      ...{ status: 'active', kind: 'link', client_id: 'c', server_id: 's', broker_id: 'b', phase: 'active' },
      ...{ sort: '-updated_at', limit: '100' },
    });
    expect(rig.written.stdout.split('\n')).toEqual([
      'CONNECTION             KIND  STATUS  PHASE   EPOCH  CLIENT         ON               HEALTH  HOME  CHANGED',
      'bank-client-1:primary  link  active  active      2  bank-client-1  scheme-server-2     100  east  2 m ago',
      'bank-client-2:primary  link  failed  active      2  bank-client-1  scheme-server-2     100  east  2 m ago',
      '',
    ]);
  });

  it('keeps to the width of the terminal, and says the same as JSON to a program', async () => {
    rig.size = { columns: 60, rows: 24 };
    rig.env.NO_COLOR = '1';
    expect(await rig.trunkline('connections', 'ls')).toBe(0);
    for (const line of rig.written.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(60);
    expect(rig.written.stdout).toContain('bank-client-1:primary');
    expect(rig.written.stdout).toContain('scheme-server-2');
    rig.begin();
    expect(await rig.trunkline('connections', 'ls', '-o', 'json')).toBe(0);
    expect(JSON.parse(rig.written.stdout)).toEqual([LINK]);
  });

  it.each([
    ['a terminal', { size: { columns: 200, rows: 24 } }, true],
    ['a pipe', {}, false],
    ['a terminal with NO_COLOR', { size: { columns: 200, rows: 24 }, env: { NO_COLOR: '1' } }, false],
    ['a pipe with FORCE_COLOR', { env: { FORCE_COLOR: '1' } }, true],
    ['a dumb terminal', { size: { columns: 200, rows: 24 }, env: { TERM: 'dumb' } }, false],
  ] as const)(
    'colours %s: %#',
    async (_where, given: { size?: OperatorRig['size']; env?: object }, isColoured) => {
      rig.size = given.size;
      Object.assign(rig.env, given.env);
      await rig.trunkline('connections', 'ls');
      expect(rig.written.stdout.includes('\x1b[')).toBe(isColoured);
    },
  );

  it('asks for one as of a moment, and names what may have been meant when there is none', async () => {
    rig.rest.answer = ({ path }) =>
      path === '/api/v1/connections/bank-client-1:primary'
        ? LINK
        : path.endsWith('/connections')
          ? { items: [LINK] }
          : problem(404, 'connection-not-found');
    expect(
      await rig.trunkline('connections', 'get', LINK.connection_id, '--at', '2026-11-21T11:00:00Z'),
    ).toBe(0);
    expect(rig.rest.asked[0]?.query).toEqual({ at: '2026-11-21T11:00:00.000Z' });
    expect(rig.written.stdout).toContain('server_id      scheme-server-2\n');
    expect(rig.written.stdout).not.toContain('last hour');
    expect(await rig.trunkline('connections', 'get', 'bank-cleint-1:primary')).toBe(3);
    expect(rig.written.stderr).toContain('did you mean bank-client-1:primary?');
  });

  it('shows how a connection did over the last hour', async () => {
    const minutesAgo = (minutes: number) => new Date(Date.parse('2026-11-21T12:00:00Z') - minutes * 60_000);
    const told = [
      [59, 100],
      [40.5, 62.5],
      [40, 12],
      [1, 99.6],
    ] as const;
    const items = told.map(([ago, health_score]) => ({ time: minutesAgo(ago).toISOString(), health_score }));
    rig.rest.answer = ({ path }) => (path.endsWith('/health') ? { items } : LINK);
    expect(await rig.trunkline('connections', 'get', LINK.connection_id)).toBe(0);
    const bars = `█${'·'.repeat(8)}▁${'·'.repeat(19)}█`;
    expect(rig.written.stdout).toContain(`last hour      ${bars} 12 to 100\n`);
    rig.begin();
    rig.rest.asked.length = 0;
    await rig.trunkline('connections', 'get', LINK.connection_id, '-o', 'json');
    expect(JSON.parse(rig.written.stdout)).toEqual(LINK);
    expect(rig.rest.asked.map(({ path }) => path)).toEqual([expect.stringMatching(/primary$/)]);
    rig.rest.answer = ({ path }) => (path.endsWith('/health') ? { items: [] } : LINK);
    rig.begin();
    await rig.trunkline('connections', 'get', LINK.connection_id);
    expect(rig.written.stdout).not.toContain('last hour');
  });

  it('tells decisions, an explanation and a ledger in words', async () => {
    const data = { version: 4, status: 'active', phase: 'active', epoch: 2, reason: 'established' };
    const event = {
      event_id: 'x/4',
      type: 'failover-completed',
      time: FAILOVER.active_at,
      partition: 3,
      offset: 9,
      data,
    };
    const cause = {
      ...{
        step: 1,
        event_id: 'x/3',
        type: 'failover-decided',
        time: FAILOVER.decided_at,
        reason: 'server-lost',
      },
      ...{
        text: 'scheme-server-1 was lost, so the link went to scheme-server-2.',
        rule: 'link/1',
        policy_version: 0,
      },
      evidence: [{ topic: 'east.connection-status', partition: 3, offset: 7, type: 'connection-lost' }],
      candidates: [
        { agent_id: 'scheme-server-2', score: 80 },
        { agent_id: 'scheme-server-1', excluded: 'left' },
      ],
      commands: [{ name: 'connect', agent_id: 'bank-client-1', outcome: 'succeeded' }],
      times: { detected_at: FAILOVER.detected_at, decided_at: FAILOVER.decided_at },
    };
    const why_not = [
      { question: 'Why did it not go back?', answer: 'A freeze holds it.', until: '2026-11-22T00:00:00Z' },
    ];
    const explained = {
      ...LINK,
      at: '2026-11-21T12:00:00Z',
      summary: 'It runs on\x1b[31m scheme-server-2.',
      causes: [cause],
      why_not,
    };
    rig.rest.answer = ({ path }) =>
      path.endsWith('/events') ? { items: [event] } : path.endsWith('/explain') ? explained : FAILOVER;
    expect(await rig.trunkline('connections', 'events', LINK.connection_id)).toBe(0);
    expect(rig.written.stdout).toContain('failover-completed  active  active      2  established');
    expect(await rig.trunkline('connections', 'explain', LINK.connection_id)).toBe(0);
    for (const words of [
      // What others wrote commands no terminal.
      'It runs on [31m scheme-server-2.',
      '1. failover-decided',
      'connection-lost  east.connection-status/3@7',
      'scheme-server-2 80, scheme-server-1 (left)',
      'connect to bank-client-1: succeeded',
      'decided +12 ms',
      'Why did it not go back?',
    ]) {
      expect(rig.written.stdout).toContain(words);
    }
    expect(await rig.trunkline('failovers', 'get', FAILOVER.failover_id)).toBe(0);
    expect(rig.written.stdout).toContain('active      2026-11-21T11:58:00.090Z  +90 ms');
  });

  it('asks for changes with a token and a key of their own, and says what it asked', async () => {
    rig.rest.answer = () => new Told(202, { event_id: 'fact-1' });
    rig.env.TRUNKLINE_TOKEN = 'from-the-environment';
    expect(
      await rig.trunkline(
        'connections',
        'failover',
        'a:b',
        '--reason',
        'rack 4',
        '--planned',
        '--epoch',
        '2',
      ),
    ).toBe(0);
    expect(
      await rig.trunkline('agents', 'drain', 's-1', '--reason', 'upgrade', '--token', 'from-a-flag'),
    ).toBe(0);
    expect(await rig.trunkline('failovers', 'approve', 'a:b~2', '--reason', 'gone')).toBe(0);
    const [failover, drain, approve] = rig.rest.asked;
    expect(failover).toMatchObject({
      method: 'POST',
      path: '/api/v1/connections/a:b/failover',
      body: { reason: 'rack 4', planned: true, epoch: 2 },
      headers: { authorization: 'Bearer from-the-environment' },
    });
    expect(drain?.headers.authorization).toBe('Bearer from-a-flag');
    expect(approve?.path).toBe('/api/v1/failovers/a:b~2/approve');
    const keys = new Set(rig.rest.asked.map(({ headers }) => headers['idempotency-key']));
    expect(keys.size).toBe(3);
    expect(rig.written.stdout).toMatch(/asked for, as fact fact-1/);
  });

  it('waits for the move that it asked for, and says when it does not come', async () => {
    let epoch = 2;
    rig.rest.answer = ({ method, path }) => {
      if (method === 'POST') {
        epoch = 3;
        return new Told(202, { event_id: 'fact-1' });
      }
      return path.includes('/failovers/')
        ? { ...FAILOVER, failover_id: path.split('/').at(-1) }
        : { ...LINK, epoch };
    };
    const ask = ['connections', 'failover', LINK.connection_id, '--reason', 'r', '--wait', '1'];
    expect(await rig.trunkline(...ask)).toBe(0);
    expect(rig.written.stdout).toContain('bank-client-1:primary~3');
    rig.rest.answer = ({ method }) => (method === 'POST' ? new Told(202, { event_id: 'f' }) : LINK);
    let nowMs = 0;
    rig.nowMs = () => (nowMs += 600);
    expect(await rig.trunkline(...ask)).toBe(8);
    expect(rig.written.stderr).toContain('trunkline connections explain bank-client-1:primary says why');
  });

  it.each([
    [problem(401, 'missing-token'), 5, '--token, TRUNKLINE_TOKEN'],
    [problem(403, 'forbidden', { detail: 'needs the role operator' }), 5, 'needs the role operator'],
    [
      problem(409, 'other-control-region', { control_region: 'west' }),
      1,
      'ask a controller of west with --url',
    ],
    [problem(503, 'registry-rebuilding', {}, { 'retry-after': '7' }), 8, 'try again in 7 s'],
    [problem(410, 'before-retention'), 3, 'take a later time'],
    [problem(400, 'invalid-parameter', { detail: 'limit must be a number' }), 2, 'limit must be a number'],
    [problem(500, 'internal-error'), 8, 'the log of the central controller'],
    [new Told(502, 'no JSON of ours'), 8, '502'],
  ])('says what to do about an answer: %#', async (told, exitCode, words) => {
    rig.rest.answer = () => told;
    expect(await rig.trunkline('agents', 'get', 'x')).toBe(exitCode);
    expect(rig.written.stderr).toContain(words);
    expect(rig.written.stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('says what to do when nobody answers', async () => {
    expect(await rig.trunkline('connections', 'ls', '--url', 'http://127.0.0.1:1')).toBe(3);
    expect(rig.written.stderr).toMatch(/no answer from http:\S+ .*: is the central controller running\?/);
  });
});
