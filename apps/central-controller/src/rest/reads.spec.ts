import { InvalidCursor, RegistryRebuilding, RegistryUnavailable } from '#libs/registry';
import { AGENT, CONNECTION, expectProblem, useRestApp } from '../../../../test/support/rest-app.ts';

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
      ['/api/v1/agents/nobody', 'agent-not-found'],
      ['/api/v1/failovers/a:b~3', 'failover-not-found'],
      ['/api/v1/connections/a:b/explain', 'route-not-found'],
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
      ['/api/v1/connections?at=yesterday', 'at'],
      ['/api/v1/connections/a:b?at=2026-01-01T00:00:00Z', 'at'],
      ['/api/v1/agents/scheme-server-1?at=yesterday', 'at'],
      ['/api/v1/failovers/a:b~3?at=yesterday', 'at'],
      ['/api/v1/connections/a:b/events?limit=-1', 'limit'],
      ['/api/v1/agents?limit=1e9', 'limit'],
      ['/api/v1/failovers?cursor=a&cursor=b', 'cursor'],
      ['/api/v1/connections/a%20b', 'connection_id'],
      ['/api/v1/agents/a:b', 'agent_id'],
      ['/api/v1/failovers/none', 'failover_id'],
      ['/api/v1/connections/%zz', '%'],
    ])('refuse %s, naming %s', async (path, name) => {
      const body = expectProblem(await rest.http().get(path), 400, 'invalid-parameter');
      expect(body.detail).toContain(name);
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
      expectProblem(await rest.http().get('/api/v1/agents'), 503, 'registry-unavailable');
    });

    it('tell nothing of an error that nobody foresaw', async () => {
      rest.registry.failure = new Error('secret 4111111111111111');
      const answer = await rest.http().get('/api/v1/agents');
      expectProblem(answer, 500, 'internal-error');
      expect(answer.text).not.toContain('secret');
    });
  });
});
