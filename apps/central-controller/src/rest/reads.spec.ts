import { BeforeRetention, InvalidCursor, RegistryRebuilding, RegistryUnavailable } from '#libs/registry';
import { AGENT, CONNECTION, expectProblem, POINT, useRestApp } from '../../../../test/support/rest-app.ts';

describe('REST', () => {
  const rest = useRestApp();

  describe('reads', () => {
    it('answer lists, with the filters and the page that were asked for', async () => {
      const answer = await rest
        .http()
        .get('/api/v1/connections?status=active&kind=link&limit=500&cursor=abc');
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({ items: [CONNECTION], next_cursor: 'next' });
      expect(rest.registry.asked).toEqual([
        { status: 'active', kind: 'link' },
        { limit: 500, cursor: 'abc' },
      ]);
    });

    it('pass every filter and order on', async () => {
      const asked = async (path: string) => {
        expect((await rest.http().get(`/api/v1/${path}`)).status).toBe(200);
        return rest.registry.asked;
      };
      const filter = { broker_id: 'b', phase: 'open', home_region: 'east', kind: 'session' };
      expect(await asked(`connections?${new URLSearchParams({ ...filter, sort: '-updated_at' })}`)).toEqual([
        filter,
        {},
        '-updated_at',
      ]);
      const agents = { kind: 'broker', status: 'lost', control_region: 'east' };
      expect(await asked(`agents?limit=2&${new URLSearchParams(agents)}`)).toEqual([
        { limit: 2 },
        expect.any(Number),
        agents,
      ]);
      const moves = { connection_id: 'c:a', reason: 'peer-lost', from: 's1', to: 's2' };
      const within = { since: '2026-01-01T01:00:00+01:00', until: '2026-01-01T00:00:01.500Z' };
      expect(await asked(`failovers?${new URLSearchParams({ ...moves, ...within })}`)).toEqual([
        {},
        { ...moves, sinceMs: 1_767_225_600_000, untilMs: 1_767_225_601_500 },
      ]);
    });

    it.each(['bank-client-1:primary', 'bank-client-1%3Aprimary', 'bank-client-1%3aprimary'])(
      'find a connection written as %s',
      async (id) => {
        expect((await rest.http().get(`/api/v1/connections/${id}`)).body).toEqual(CONNECTION);
        expect((await rest.http().get(`/api/v1/connections/${id}/events`)).body).toEqual({ items: [] });
      },
    );

    it('find agents', async () => {
      expect((await rest.http().get('/api/v1/agents')).body).toEqual({ items: [AGENT] });
      expect((await rest.http().get('/api/v1/agents/scheme-server-1')).body).toEqual(AGENT);
    });

    it.each([
      ['/api/v1/connections/nobody:at-all', 'connection-not-found'],
      ['/api/v1/connections/nobody:at-all/events', 'connection-not-found'],
      ['/api/v1/connections/nobody:at-all/health', 'connection-not-found'],
      ['/api/v1/agents/nobody', 'agent-not-found'],
      ['/api/v1/failovers/a:b~3', 'failover-not-found'],
      ['/api/v1/connections/nobody:at-all/explain', 'connection-not-found'],
      ['/api/v1/nothing', 'route-not-found'],
      ['/', 'route-not-found'],
    ])('say of %s that there is none: %s', async (path, code) => {
      expectProblem(await rest.http().get(path), 404, code);
    });

    it.each([
      ['/api/v1/connections?limit=0', 'limit'],
      ['/api/v1/connections?limit=501', 'limit'],
      ['/api/v1/connections?limit=1.5', 'limit'],
      ['/api/v1/connections?limit=many', 'limit'],
      ['/api/v1/connections?limit=1&limit=2', 'limit'],
      ['/api/v1/connections?limit=', 'limit'],
      ['/api/v1/connections?status=fine', 'status'],
      ['/api/v1/connections?kind=rope', 'kind'],
      ['/api/v1/connections?client_id=a%20b', 'client_id'],
      ['/api/v1/connections?server_id[]=a', 'server_id[]'],
      ['/api/v1/connections?__proto__=a', '__proto__'],
      ['/api/v1/connections?constructor=a', 'constructor'],
      ['/api/v1/connections?toString', 'toString'],
      ['/api/v1/events?hasOwnProperty=a', 'hasOwnProperty'],
      ['/api/v1/connections?at=yesterday', 'at'],
      ['/api/v1/connections?at=', 'at'],
      ['/api/v1/connections/a:b?at=2026-01-01', 'at'],
      ['/api/v1/connections/a:b?at=2026-01-01T00:00:00', 'at'],
      ['/api/v1/connections/a:b?at=2026-02-29T00:00:00Z', 'at'],
      ['/api/v1/connections/a:b?at=2026-01-01T24:00:01Z', 'at'],
      ['/api/v1/connections/a:b?at=2026-01-01T00:00:00+02:00', '%2B'],
      ['/api/v1/connections/a:b?at=2999-01-01T00:00:00Z', 'future'],
      ['/api/v1/connections?at=2999-01-01T00:00:00Z', 'future'],
      ['/api/v1/connections/a:b?at=2026-01-01T00:00:00Z&at=2026-01-01T00:00:00Z', 'at'],
      ['/api/v1/connections/a:b?since=2026-01-01T00:00:00Z', 'since'],
      ['/api/v1/agents/scheme-server-1?at=yesterday', 'at'],
      ['/api/v1/failovers/a:b~3?at=yesterday', 'at'],
      ['/api/v1/connections/a:b/health?at=2999-01-01T00:00:00Z', 'future'],
      ['/api/v1/connections/a:b/health?limit=1', 'limit'],
      ['/api/v1/connections/a:b/events?limit=-1', 'limit'],
      ['/api/v1/agents?limit=1e9', 'limit'],
      ['/api/v1/failovers?cursor=a&cursor=b', 'cursor'],
      ['/api/v1/connections?sort=age', 'sort'],
      ['/api/v1/connections?sort=updated_at&sort=-updated_at', 'sort'],
      ['/api/v1/connections?sort=-updated_at&at=2026-01-01T00:00:00Z', 'sort'],
      ['/api/v1/connections?phase=happy', 'phase'],
      ['/api/v1/connections?broker_id=a%20b', 'broker_id'],
      ['/api/v1/connections?home_region=', 'home_region'],
      ['/api/v1/agents?status=well', 'status'],
      ['/api/v1/agents?kind=link', 'kind'],
      ['/api/v1/failovers?connection_id=a%20b', 'connection_id'],
      ['/api/v1/failovers?since=yesterday', 'since'],
      ['/api/v1/failovers?until=2026-02-30T00:00:00Z', 'until'],
      ['/api/v1/failovers?until=2026-12-31T23:59:60Z', 'until'],
      ['/api/v1/connections/a%20b', 'connection_id'],
      ['/api/v1/agents/a:b', 'agent_id'],
      ['/api/v1/failovers/none', 'failover_id'],
      ['/api/v1/connections/%zz', '%'],
    ])('refuse %s, naming %s', async (path, name) => {
      const body = expectProblem(await rest.http().get(path), 400, 'invalid-parameter');
      expect(`${body.detail} ${JSON.stringify(body.errors)}`).toContain(name);
    });

    it.each([
      ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.000Z'],
      ['2026-01-01T02:00:00.1239%2B02:00', '2026-01-01T00:00:00.123Z'],
      ['2025-12-31t19:00:00-05:00', '2026-01-01T00:00:00.000Z'],
      ['2024-02-29T23:59:59.999z', '2024-02-29T23:59:59.999Z'],
    ])('are as of %s when asked so, one and the list', async (at, moment) => {
      const one = await rest.http().get(`/api/v1/connections/${CONNECTION.connection_id}?at=${at}`);
      expect(one.body).toEqual(CONNECTION);
      expect(rest.registry.asked).toEqual([Date.parse(moment)]);
      const list = await rest.http().get(`/api/v1/connections?kind=link&limit=7&at=${at}`);
      expect(list.body).toEqual({ items: [CONNECTION], next_cursor: 'next' });
      expect(rest.registry.asked).toEqual([{ kind: 'link' }, { limit: 7 }, Date.parse(moment)]);
    });

    it('say of a moment before anything was decided on a connection that it is not found', async () => {
      const answer = await rest.http().get('/api/v1/connections/nobody:at-all?at=2026-01-01T00:00:00Z');
      const body = expectProblem(answer, 404, 'connection-not-found');
      expect(body.detail).toContain('2026-01-01T00:00:00Z');
    });

    it('refuse a moment that is not kept any more, and name the first one that is', async () => {
      rest.registry.failure = new BeforeRetention(Date.parse('2026-01-01T00:00:00.007Z'));
      for (const path of ['connections', 'connections/a:b']) {
        const answer = await rest.http().get(`/api/v1/${path}?at=2025-01-01T00:00:00Z`);
        const body = expectProblem(answer, 410, 'before-retention');
        expect(body).toMatchObject({ retriable: false, earliest: '2026-01-01T00:00:00.007Z' });
      }
    });

    it('tell of the health of a connection over the last hour, or up to a moment of it', async () => {
      const path = `/api/v1/connections/${CONNECTION.connection_id}/health`;
      const body = { connection_id: CONNECTION.connection_id, items: [POINT] };
      const beforeMs = Date.now() - 3_600_000;
      expect((await rest.http().get(path)).body).toEqual(body);
      const [fromMs, toMs] = rest.registry.asked as number[];
      expect(fromMs).toBeGreaterThanOrEqual(beforeMs);
      expect(toMs).toBeGreaterThan(Date.now());
      const atMs = Date.now() - 60_000;
      const then = await rest.http().get(`${path}?at=${new Date(atMs).toISOString()}`);
      expect(then.body).toEqual(body);
      expect(rest.registry.asked).toEqual([expect.any(Number), atMs]);
      const nobody = `/api/v1/connections/nobody:at-all/health?at=${new Date(atMs).toISOString()}`;
      expectProblem(await rest.http().get(nobody), 404, 'connection-not-found');
      const old = await rest.http().get(`${path}?at=2026-01-01T00:00:00Z`);
      const { earliest } = expectProblem(old, 410, 'before-retention');
      expect(Date.parse(earliest)).toBeGreaterThanOrEqual(beforeMs);
    });

    it('refuse a cursor that the list did not issue', async () => {
      rest.registry.failure = new InvalidCursor();
      expectProblem(await rest.http().get('/api/v1/connections?cursor=x'), 400, 'invalid-cursor');
    });

    it('say that the registry is being rebuilt, how far, and when to come again', async () => {
      rest.registry.failure = new RegistryRebuilding({ partitions: 2, of: 12, done: 10, total: 40 });
      for (const path of [
        'connections',
        'connections/a:b',
        'connections/a:b/events',
        'connections/a:b/health',
        'agents',
        'failovers',
      ]) {
        const answer = await rest.http().get(`/api/v1/${path}`);
        const body = expectProblem(answer, 503, 'registry-rebuilding');
        expect(body).toMatchObject({
          retriable: true,
          progress: { partitions: 2, of: 12, done: 10, total: 40 },
        });
        expect(answer.headers['retry-after']).toBe('1');
      }
    });

    it('say that Redis is away', async () => {
      rest.registry.failure = new RegistryUnavailable('gone');
      const away = await rest.http().get('/api/v1/agents');
      expect(expectProblem(away, 503, 'registry-unavailable').detail).toBeUndefined();
      expect(away.headers['retry-after']).toBe('1');
    });

    it('say that Redis is there and does not take this process, without what Redis said', async () => {
      rest.registry.failure = new RegistryUnavailable('WRONGPASS of alice', true);
      const refused = expectProblem(await rest.http().get('/api/v1/agents'), 503, 'registry-unavailable');
      expect(refused.detail).toMatch(/^Redis does not take the user or password/);
      expect(JSON.stringify(refused)).not.toContain('alice');
      expect((await rest.http().get('/api/v1/status')).body.registry).toEqual({ state: 'unavailable' });
    });

    it('tell nothing of an error that nobody foresaw', async () => {
      rest.registry.failure = new Error('secret 4111111111111111');
      const answer = await rest.http().get('/api/v1/agents');
      expectProblem(answer, 500, 'internal-error');
      expect(answer.text).not.toContain('secret');
    });
  });
});
