import { RegistryUnavailable } from '#libs/registry';
import { expectProblem, useRestApp } from '../../../../test/support/rest-app.ts';
import { TestIssuer } from '../../../../test/support/tokens.ts';

const FAILOVER = '/api/v1/connections/bank-client-1%3Aprimary/failover';
const FREEZE = '/api/v1/freeze';
const UNTIL = '2099-01-01T00:00:00Z';

describe('an Idempotency-Key', () => {
  const rest = useRestApp();
  const ask = (path: string, key: string, body: object) =>
    rest.post(path).set('idempotency-key', key).send(body);

  it('has a repeated request answered as before, and asks for nothing more', async () => {
    const first = await ask(FAILOVER, 'one', { reason: 'x' });
    const again = await ask(FAILOVER, 'one', { reason: 'x' });
    expect([first.status, again.status]).toEqual([202, 202]);
    expect(again.body).toEqual(first.body);
    expect(first.headers['idempotency-replayed']).toBeUndefined();
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(rest.published).toHaveLength(1);
    expect((await ask(FAILOVER, 'two', { reason: 'x' })).body).not.toEqual(first.body);
    expect((await rest.post(FAILOVER).send({ reason: 'x' })).body).not.toEqual(first.body);
    expect(rest.published).toHaveLength(3);
  });

  it('is for one request only', async () => {
    await ask(FAILOVER, 'one', { reason: 'x' });
    expectProblem(await ask(FAILOVER, 'one', { reason: 'y' }), 422, 'idempotency-key-reused');
    expect((await ask(FREEZE, 'one', { reason: 'x', until: UNTIL })).status).toBe(202);
  });

  it('is of who sends it: another subject asks anew, and is told nothing of the first', async () => {
    const issuer = new TestIssuer();
    await issuer.addKey('first');
    const tokens = [
      await issuer.sign(['operator'], { sub: 'ann' }),
      await issuer.sign(['operator'], { sub: 'bob' }),
      await issuer.sign(['viewer'], { sub: 'ann' }),
    ];
    await rest.otherwise(issuer.config, async () => {
      const post = (token: string | undefined, body: object) =>
        rest
          .http()
          .post(FAILOVER)
          .set('authorization', `Bearer ${token}`)
          .set('idempotency-key', 'one')
          .send(body);
      const [ann, bob, late] = tokens;
      const first = await post(ann, { reason: 'x' });
      const other = await post(bob, { reason: 'x' });
      expect([first.status, other.status]).toEqual([202, 202]);
      expect(other.headers['idempotency-replayed']).toBeUndefined();
      expect(other.body).not.toEqual(first.body);
      expect((await post(bob, { reason: 'y' })).status).toBe(422);
      // Who may not ask any more is not given what was answered before.
      expectProblem(await post(late, { reason: 'x' }), 403, 'forbidden');
      expect((await post(ann, { reason: 'x' })).body).toEqual(first.body);
    });
    expect(rest.published.map(({ data }) => (data as { requested_by?: string }).requested_by)).toEqual([
      'ann',
      'bob',
    ]);
    issuer.end();
  });

  it('is taken while its first request runs', async () => {
    const [first, second] = await Promise.all([
      ask(FAILOVER, 'one', { reason: 'x' }),
      ask(FAILOVER, 'one', { reason: 'x' }),
    ]);
    expect(rest.published).toHaveLength(1);
    const statuses = [first.status, second.status].sort();
    expect(statuses[0]).toBe(202);
    expect([202, 409]).toContain(statuses[1]);
    for (const [key, [fingerprint]] of rest.answers.kept) rest.answers.kept.set(key, [fingerprint, '']);
    const waiting = await ask(FAILOVER, 'one', { reason: 'x' });
    expect(expectProblem(waiting, 409, 'idempotency-key-in-use').retriable).toBe(true);
  });

  it('of a request that was refused or failed may be used again', async () => {
    expectProblem(await ask(FAILOVER, 'one', { reason: '' }), 400, 'invalid-body');
    rest.logFails = true;
    expectProblem(await ask(FAILOVER, 'one', { reason: 'x' }), 503, 'log-unavailable');
    rest.logFails = false;
    expect((await ask(FAILOVER, 'one', { reason: 'x' })).status).toBe(202);
  });

  it.each(['', ' ', 'a b', 'ü', 'k'.repeat(129)])('is not "%s"', async (key) => {
    const answer = await ask(FAILOVER, encodeURI(key) === key || key === 'a b' ? key : 'k k', {
      reason: 'x',
    });
    expect(expectProblem(answer, 400, 'invalid-parameter').detail).toContain('Idempotency-Key');
    expect(rest.published).toEqual([]);
  });

  it('cannot be kept while Redis is away: then only what may come twice is taken', async () => {
    rest.answers.failure = new RegistryUnavailable('gone');
    const refused = await ask(FAILOVER, 'one', { reason: 'x' });
    expectProblem(refused, 503, 'registry-unavailable');
    expect(refused.headers['retry-after']).toBe('1');
    expect(rest.published).toEqual([]);
    expect((await ask(FAILOVER, 'one', { reason: 'x', epoch: 2 })).status).toBe(202);
    expect((await ask(FREEZE, 'one', { reason: 'x', until: UNTIL })).status).toBe(202);
    expect((await rest.post(FAILOVER).send({ reason: 'x' })).status).toBe(202);
  });

  it('means nothing to reads', async () => {
    expect((await rest.http().get('/api/v1/agents').set('idempotency-key', 'one')).status).toBe(200);
    expect(rest.answers.kept.size).toBe(0);
  });
});
