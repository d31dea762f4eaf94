import { createSecretKey } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { exportSPKI, UnsecuredJWT } from 'jose';
import { expectProblem, TOKEN, useRestApp } from '../../../../../test/support/rest-app.ts';
import { TestIssuer } from '../../../../../test/support/tokens.ts';

const FAILOVER = '/api/v1/connections/bank-client-1:primary/failover';
const HOUR_S = 3_600;

describe('tokens of an issuer', () => {
  const rest = useRestApp();
  const issuer = new TestIssuer();
  const now = () => Math.floor(Date.now() / 1_000);
  beforeAll(() => issuer.addKey('first'));
  afterAll(() => issuer.end());

  /** A process that others than this machine can reach, so that reads need a token as well. */
  const served = (look: () => Promise<void>) =>
    rest.otherwise({ httpHost: '0.0.0.0', ...issuer.config }, look);
  const get = (token: string) => rest.http().get('/api/v1/agents').set('authorization', `Bearer ${token}`);
  const post = (path: string, token: string) =>
    rest.http().post(path).set('authorization', `Bearer ${token}`);

  it('allow each role its own, and name the role that is missing', async () => {
    const [viewer, operator, publisher] = await Promise.all(
      ['viewer', 'operator', 'publisher'].map((role) => issuer.sign([role])),
    );
    await served(async () => {
      expect((await get(viewer ?? '')).status).toBe(200);
      expect((await get(operator ?? '')).status).toBe(200);
      expect(expectProblem(await get(publisher ?? ''), 403, 'forbidden').role).toBe('viewer');
      const failover = (token = '') => post(FAILOVER, token).send({ reason: 'x' });
      const refused = await failover(viewer);
      const { role, detail } = expectProblem(refused, 403, 'forbidden');
      expect(role).toBe('operator');
      expect(detail).toBe('it needs the role operator; the token of alice has viewer');
      expect(refused.headers['www-authenticate']).toContain('insufficient_scope');
      expectProblem(await failover(publisher), 403, 'forbidden');
      expect((await failover(operator)).status).toBe(202);
      expectProblem(await post('/api/v1/events', operator ?? ''), 403, 'forbidden');
      expectProblem(await post('/api/v1/events', publisher ?? ''), 415, 'unsupported-media-type');
      expect((await get(TOKEN)).status).toBe(200);
    });
  });

  it('tell their holder whom the controller takes them for', async () => {
    const token = await issuer.sign(['operator'], { sub: 'grace@bank.example' });
    const askedBy = async (given: string) => {
      const { body } = await rest.http().get('/api/v1/status').set('authorization', `Bearer ${given}`);
      return body.asked_by;
    };
    await rest.otherwise(issuer.config, async () => {
      expect(await askedBy(token)).toEqual({
        subject: 'grace@bank.example',
        roles: ['operator'],
        named: true,
      });
      expect(await askedBy(TOKEN)).toMatchObject({ subject: 'operator', named: false });
      // Reads are open here, so that a bad token is as good as none.
      expect(await askedBy(`${token}x`)).toEqual({ subject: 'anybody', roles: ['viewer'], named: false });
    });
  });

  it('put who asked into the log', async () => {
    const token = await issuer.sign(['operator'], { sub: 'grace@bank.example' });
    await served(async () => {
      await post(FAILOVER, token).send({ reason: 'patch day' });
      await post('/api/v1/agents/scheme-server-1/drain', token).send({ reason: 'patch day' });
      await post('/api/v1/freeze', token).send({ reason: 'patch day', until: '2099-01-01T00:00:00Z' });
      const policy = rest.http().put('/api/v1/policies/night').set('authorization', `Bearer ${token}`);
      await policy.send({ settings: {}, reason: 'patch day' });
    });
    const said = new Map(rest.published.map(({ type, data }) => [type, data]));
    expect([...said.keys()].sort()).toEqual([
      'agent-drain-requested',
      'failover-requested',
      'freeze-requested',
      'policy-change-requested',
    ]);
    for (const data of said.values()) {
      expect(data).toMatchObject({ requested_by: 'grace@bank.example', reason: 'patch day' });
    }
  });

  it('let nobody ask for a change in another name by an event', async () => {
    const event = (token: string, requested_by: string) =>
      post('/api/v1/events', token)
        .set({
          'content-type': 'application/json',
          'ce-specversion': '1.0',
          'ce-id': 'e1',
          'ce-source': '/me',
        })
        .set('ce-type', 'trunkline.failover-requested.v1')
        .send({ connection_id: 'a:b', reason: 'x', requested_by, planned: false });
    const both = await issuer.sign(['publisher', 'operator']);
    const publisher = await issuer.sign(['publisher']);
    await served(async () => {
      expect((await event(both, 'alice')).status).toBe(202);
      expect(expectProblem(await event(both, 'bob'), 403, 'forbidden').detail).toContain('must be alice');
      expect(expectProblem(await event(publisher, 'alice'), 403, 'forbidden').role).toBe('operator');
      expect((await event(TOKEN, 'bob')).status).toBe(202);
    });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['another audience', { aud: 'other' }, 'invalid-token'],
    ['no audience', { aud: undefined }, 'invalid-token'],
    ['another issuer', { iss: 'https://evil.example' }, 'invalid-token'],
    ['no issuer', { iss: undefined }, 'invalid-token'],
    ['no subject', { sub: undefined }, 'invalid-token'],
    ['an empty subject', { sub: '' }, 'invalid-token'],
    ['a subject that breaks lines', { sub: 'alice\nroot' }, 'invalid-token'],
    ['a subject as long as a book', { sub: 'a'.repeat(513) }, 'invalid-token'],
    ['no end', { exp: undefined }, 'invalid-token'],
    ['an end that is no number', { exp: 'never' }, 'invalid-token'],
    ['an end an hour ago', { exp: Math.floor(Date.now() / 1_000) - HOUR_S }, 'expired-token'],
    ['a beginning in an hour', { nbf: Math.floor(Date.now() / 1_000) + HOUR_S }, 'invalid-token'],
  ])('are refused with %s', async (_what, claims, code) => {
    const token = await issuer.sign(['operator'], claims);
    await served(async () => {
      expectProblem(await get(token), 401, code);
      expectProblem(await post(FAILOVER, token).send({ reason: 'x' }), 401, code);
    });
  });

  it.each([[undefined], [[]], ['operator'], [['OPERATOR', 'root']], [[['operator']]], [{ operator: true }]])(
    'allow nothing with the roles %j',
    async (roles) => {
      const token = await issuer.sign(roles as string[]);
      await served(async () => {
        expectProblem(await get(token), 403, 'forbidden');
        expectProblem(await post(FAILOVER, token).send({ reason: 'x' }), 403, 'forbidden');
      });
    },
  );

  it('may be a few seconds early or late, as clocks are', async () => {
    await served(async () => {
      expect((await get(await issuer.sign(['viewer'], { exp: now() - 2 }))).status).toBe(200);
      expect((await get(await issuer.sign(['viewer'], { nbf: now() + 2 }))).status).toBe(200);
    });
  });

  it('are refused without a signature, or with one that anybody could make', async () => {
    const claims = { roles: ['operator'], sub: 'mallory', iss: issuer.issuer, aud: issuer.audience };
    const none = new UnsecuredJWT({ ...claims, exp: now() + 60 }).encode();
    // HS256 under the public key, which everybody has.
    const publicPem = createSecretKey(Buffer.from(await exportSPKI(issuer.publicKey('first'))));
    const shared = await issuer.sign(['operator'], {}, { alg: 'HS256', key: publicPem as never });
    const stranger = new TestIssuer();
    await stranger.addKey('first');
    const forged = await stranger.sign(['operator']);
    stranger.end();
    const good = await issuer.sign(['viewer']);
    const [header, , signature] = good.split('.');
    const payload = Buffer.from(JSON.stringify({ ...claims, exp: now() + 60 })).toString('base64url');
    const changed = `${header}.${payload}.${signature}`;
    await served(async () => {
      for (const token of [
        none,
        shared,
        forged,
        changed,
        `${good}x`,
        'a.b.c',
        '..',
        `${'a'.repeat(9_000)}.b.c`,
      ]) {
        expectProblem(await get(token), 401, 'invalid-token');
      }
      expect((await get(good)).status).toBe(200);
    });
  });

  it('are taken by a key that was published after the process started', async () => {
    await served(async () => {
      await issuer.addKey('second', 'RS256', false);
      const token = await issuer.sign(['viewer'], {}, { kid: 'second', alg: 'RS256' });
      await issuer.publish();
      expect((await get(token)).status).toBe(200);
    });
  });

  it('let nobody in while the keys cannot be read, but the shared token', async () => {
    const token = await issuer.sign(['operator']);
    const private_ = JSON.stringify({ keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: 'first' }] });
    try {
      for (const text of ['', '{', '{"keys":[]}', private_]) {
        writeFileSync(issuer.jwks, text);
        await served(async () => {
          const answer = await get(token);
          expectProblem(answer, 503, 'keys-unavailable');
          expect(answer.headers['retry-after']).toBe('1');
          expectProblem(await post(FAILOVER, token).send({ reason: 'x' }), 503, 'keys-unavailable');
          expect((await get(TOKEN)).status).toBe(200);
        });
      }
    } finally {
      await issuer.publish();
    }
  });

  it('are not needed for reads on loopback, good or bad', async () => {
    await rest.otherwise(issuer.config, async () => {
      expect((await get('wrong')).status).toBe(200);
      expect((await get(await issuer.sign(['publisher']))).status).toBe(200);
      expectProblem(await post(FAILOVER, 'wrong').send({ reason: 'x' }), 401, 'invalid-token');
    });
  });
});
