import { LIMITS } from '#libs/contracts';
import { RegistryRebuilding, RegistryUnavailable } from '#libs/registry';
import { expectProblem, useRestApp } from '../../../../test/support/rest-app.ts';

describe('REST', () => {
  const rest = useRestApp();

  describe('a failover', () => {
    const path = '/api/v1/connections/bank-client-1%3Aprimary/failover';

    it('becomes a fact for the home region', async () => {
      const answer = await rest.post(path).send({ reason: 'maintenance', planned: true, epoch: 2 });
      expect(answer.status).toBe(202);
      expect(rest.published).toEqual([
        {
          topic: 'east.connection-status',
          key: 'bank-client-1:primary',
          id: answer.body.event_id,
          type: 'failover-requested',
          source: '/trunkline/east/rest',
          data: {
            connection_id: 'bank-client-1:primary',
            home_region: 'west',
            requested_by: 'operator',
            reason: 'maintenance',
            planned: true,
            epoch: 2,
          },
        },
      ]);
    });

    it.each([
      ['away', new RegistryUnavailable('gone')],
      ['being rebuilt', new RegistryRebuilding({ partitions: 1, of: 1, done: 0, total: 1 })],
    ])('does not need a registry that is %s', async (_state, failure) => {
      rest.registry.failure = failure;
      expect((await rest.post(path).send({ reason: 'now' })).status).toBe(202);
      expect(rest.published[0]?.data).toMatchObject({ home_region: 'east', planned: false });
    });

    it.each([
      [path, { reason: 'x' }],
      ['/api/v1/agents/scheme-server-1/drain', { reason: 'x' }],
      ['/api/v1/freeze', { reason: 'x', until: '2099-01-01T00:00:00Z' }],
    ])('of a traced request, or what %s asks for, is part of that trace', async (asked, body) => {
      const traceparent = `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`;
      const traced = await rest.post(asked).set('traceparent', traceparent).send(body);
      expect(traced.status).toBe(202);
      expect(rest.published[0]?.headers).toEqual({ traceparent });
      rest.published.length = 0;
      await rest.post(asked).set('traceparent', 'broken').send(body);
      expect(rest.published[0]?.headers).toBeUndefined();
    });

    it('of a connection that nobody knows is refused', async () => {
      const answer = await rest.post('/api/v1/connections/no:body/failover').send({ reason: 'x' });
      expectProblem(answer, 404, 'connection-not-found');
    });

    it.each([
      [{}, 'reason'],
      [{ reason: '' }, 'reason'],
      [{ reason: 7 }, 'reason'],
      [{ reason: null }, 'reason'],
      [{ reason: ' \t\u00a0\n' }, 'reason'],
      [{ reason: ['x'] }, 'reason'],
      [{ reason: 'x', constructor: 'y' }, 'constructor'],
      [{ reason: 'x', toString: 'y' }, 'toString'],
      [{ reason: { constructor: { name: 'x' } } }, 'reason'],
      [{ reason: 'x', planned: 'yes' }, 'planned'],
      [{ reason: 'x', force: 1 }, 'force'],
      [{ reason: 'x', epoch: 0 }, 'epoch'],
      [{ reason: 'x', epoch: 1.5 }, 'epoch'],
      [{ reason: 'x', epoch: null }, 'epoch'],
      [{ reason: 'x', plannd: true }, 'plannd'],
    ])('asked for with %j is refused, naming %s', async (body, name) => {
      expect(expectProblem(await rest.post(path).send(body), 400, 'invalid-body').detail).toContain(name);
    });

    it('with a reason as long as a book is refused', async () => {
      const answer = await rest.post(path).send({ reason: 'r'.repeat(LIMITS.reasonLength + 1) });
      expectProblem(answer, 400, 'invalid-body');
    });

    it('nested as deep as a well is refused, and not walked', async () => {
      const deep = '['.repeat(20_000) + ']'.repeat(20_000);
      for (const body of [`{"reason":${deep}}`, `{"reason":"x","more":${deep}}`]) {
        const answer = await rest.post(path).set('content-type', 'application/json').send(body);
        expectProblem(answer, 400, 'invalid-body');
      }
    });

    it.each(['', '{', '[]', 'null', '"x"', '{"reason":"x"', '{"__proto__":{"reason":"x"}}'])(
      'asked for with the body %s is refused',
      async (body) => {
        const answer = await rest.post(path).set('content-type', 'application/json').send(body);
        expectProblem(answer, 400, 'invalid-body');
        expect(rest.published).toEqual([]);
      },
    );

    it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp'])(
      'is not read as %s',
      async (type) => {
        const answer = await rest.post(path).set('content-type', type).send('{"reason":"x"}');
        expectProblem(answer, 415, 'unsupported-media-type');
      },
    );

    it('of a body over the limit is refused unread', async () => {
      const answer = await rest.post(path).send({ reason: 'r'.repeat(LIMITS.messageBytes) });
      expectProblem(answer, 413, 'body-too-large');
    });

    it('says so when Kafka does not take it', async () => {
      rest.logFails = true;
      expectProblem(await rest.post(path).send({ reason: 'x' }), 503, 'log-unavailable');
    });
  });

  describe('a drain', () => {
    it('goes to every partition, of the life that reports', async () => {
      const answer = await rest.post('/api/v1/agents/scheme-server-1/drain').send({ reason: 'patch day' });
      expect(answer.status).toBe(202);
      expect(rest.published.map((event) => event.partition)).toEqual([0, 1, 2]);
      expect(new Set(rest.published.map((event) => event.id))).toEqual(new Set([answer.body.event_id]));
      expect(rest.published[0]).toMatchObject({
        topic: 'east.connection-status',
        key: 'scheme-server-1',
        type: 'agent-drain-requested',
        data: {
          agent_id: 'scheme-server-1',
          incarnation: 'life-1',
          control_region: 'east',
          kind: 'server-sidecar',
          reason: 'patch day',
          requested_by: 'operator',
        },
      });
    });

    it('is asked for where the agent belongs', async () => {
      await rest.otherwise({ region: 'west' }, async () => {
        const answer = await rest.post('/api/v1/agents/scheme-server-1/drain').send({ reason: 'x' });
        const { control_region, detail } = expectProblem(answer, 409, 'other-control-region');
        expect(control_region).toBe('east');
        expect(detail).toContain('belongs to east: ask a controller of that region');
        expect(rest.published).toEqual([]);
      });
    });

    it('of an agent that nobody knows is refused', async () => {
      expectProblem(
        await rest.post('/api/v1/agents/nobody/drain').send({ reason: 'x' }),
        404,
        'agent-not-found',
      );
    });
  });
});
