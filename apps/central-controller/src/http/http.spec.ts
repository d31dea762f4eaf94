import { Validator } from '@seriousme/openapi-schema-validator';
import { RegistryUnavailable } from '#libs/registry';
import { expectProblem, TOKEN, useRestApp } from '../../../../test/support/rest-app.ts';

describe('HTTP', () => {
  const rest = useRestApp();

  describe('other methods', () => {
    it.each([
      ['put', '/api/v1/connections', 'GET, HEAD'],
      ['delete', '/api/v1/connections/a:b', 'GET, HEAD'],
      ['get', '/api/v1/connections/a:b/failover', 'POST'],
      ['delete', '/api/v1/events', 'GET, HEAD, POST'],
      ['post', '/health/live', 'GET, HEAD'],
    ] as const)('%s of %s is not allowed; %s is', async (method, path, allowed) => {
      const answer = await rest.http()[method](path);
      expectProblem(answer, 405, 'method-not-allowed');
      expect(answer.headers.allow).toBe(allowed);
      if (allowed.includes('HEAD')) expect((await rest.http().head(path)).status).not.toBe(405);
    });
  });

  it('says of an address and headers that are too long that they are', async () => {
    for (const call of [
      rest.http().get(`/api/v1/connections/${'a'.repeat(20_000)}`),
      rest.http().get('/api/v1/events').set('last-event-id', 'a'.repeat(20_000)),
    ]) {
      expectProblem(await call, 431, 'headers-too-large');
    }
  });

  describe('the token', () => {
    it.each([undefined, 'Basic abc', 'Bearer', 'Bearer '])('is missing in %s', async (header) => {
      const call = rest.http().post('/api/v1/connections/a:b/failover');
      const answer = await (header === undefined ? call : call.set('authorization', header));
      expectProblem(answer, 401, 'missing-token');
      expect(answer.headers['www-authenticate']).toContain('Bearer');
    });

    it.each(['wrong', `${TOKEN}x`, TOKEN.slice(1), TOKEN.toUpperCase()])('is not %s', async (token) => {
      const answer = await rest.http().post('/api/v1/agents/a/drain').set('authorization', `Bearer ${token}`);
      expectProblem(answer, 401, 'invalid-token');
    });

    it('is needed for reads as well where others than this machine can read, probes excepted', async () => {
      await rest.otherwise({ httpHost: '0.0.0.0' }, async () => {
        expectProblem(await rest.http().get('/api/v1/agents'), 401, 'missing-token');
        expectProblem(await rest.http().get('/metrics'), 401, 'missing-token');
        expect((await rest.http().get('/health/live')).status).toBe(200);
        const answer = await rest.http().get('/api/v1/agents').set('authorization', `bearer ${TOKEN}`);
        expect(answer.status).toBe(200);
      });
    });

    it('is needed there for the descriptions, however they are written', async () => {
      const written = [
        '/openapi.json',
        '/openapi.json/',
        '/OpenAPI.json',
        '/docs',
        '/docs/',
        '/docs/index.html',
      ];
      await rest.otherwise({ httpHost: '0.0.0.0' }, async () => {
        for (const path of [...written, '/docs/swagger-ui-init.js', '/docs/swagger-ui.css']) {
          expectProblem(await rest.http().get(path), 401, 'missing-token');
          const wrong = rest.http().get(path).set('authorization', 'Bearer wrong');
          expectProblem(await wrong, 401, 'invalid-token');
          const answer = await rest.http().get(path).set('authorization', `Bearer ${TOKEN}`).redirects(1);
          expect([path, answer.status]).toEqual([path, 200]);
        }
      });
    });

    it.each(['/docs-json', '/docs-yaml'])('is not needed for %s, because there is none', async (path) => {
      expectProblem(await rest.http().get(path), 404, 'route-not-found');
    });
  });

  describe('what every process serves', () => {
    it('is its health, with its parts', async () => {
      expect((await rest.http().get('/health/live')).body.status).toBe('ok');
      const ready = await rest.http().get('/health/ready');
      expect(ready.body.details).toEqual({ rest: { status: 'up', registry: 'whole' } });
    });

    it('is not ready while the registry is away', async () => {
      rest.registry.failure = new RegistryUnavailable('gone');
      await rest.otherwise({}, async () => {
        const ready = await rest.http().get('/health/ready');
        expect(ready.status).toBe(503);
        expect(ready.body.error.rest).toMatchObject({ status: 'down', registry: 'unavailable' });
      });
    });

    it('is its metrics', async () => {
      const metrics = await rest.http().get('/metrics');
      expect(metrics.headers['content-type']).toContain('text/plain');
      expect(metrics.text).toContain('trunkline_consumer_lag');
    });

    it('is its description, for programs and for people', async () => {
      const { body } = await rest.http().get('/openapi.json');
      const paths = Object.keys(body.paths);
      expect(paths).toEqual(expect.arrayContaining(['/api/v1/connections/{id}', '/health/live', '/metrics']));
      // What the contract names; each call is made by the table of calls.
      expect(body.paths['/metrics'].get.responses['200'].content).toEqual({
        'text/plain': { schema: { type: 'string' } },
      });
      expect(body.components.schemas.Connection.properties.status.enum).toContain('migrating');
      expect((await rest.http().get('/docs')).status).toBe(200);
    });

    it('is a description that the schema of OpenAPI 3 allows', async () => {
      const { body } = await rest.http().get('/openapi.json');
      const validator = new Validator();
      expect(await validator.validate(structuredClone(body))).toEqual({ valid: true });
      expect(validator.version).toMatch(/^3\./);
      body.paths['/metrics'].get.responses['200'].description = 7;
      expect((await new Validator().validate(body)).valid).toBe(false);
    });

    it('is a description that names each operation once', async () => {
      const { body } = await rest.http().get('/openapi.json');
      const operations = Object.values<Record<string, { operationId: string }>>(body.paths).flatMap((path) =>
        Object.values(path).map(({ operationId }) => operationId),
      );
      expect(new Set(operations).size).toBe(operations.length);
    });
  });
});
