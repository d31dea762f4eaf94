import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { errors } from 'jose';
import { TestIssuer } from '../../../../../test/support/tokens.ts';
import { KEY_LIMITS, KeySet, KeysUnavailable } from './key-set.ts';

describe('a key set', () => {
  const issuer = new TestIssuer();
  let wallMs: number;
  let reads: number;
  let source: () => Promise<string>;
  let told: string[];
  let keys: KeySet;

  beforeAll(() => issuer.addKey('first'));
  afterAll(() => issuer.end());
  beforeEach(() => {
    [wallMs, reads, told] = [1_000_000, 0, []];
    source = () => issuer.keySet();
    keys = new KeySet(
      'the-source',
      { wallMs: () => wallMs } as never,
      (why) => told.push(why),
      () => {
        reads += 1;
        return source();
      },
    );
  });

  const find = async (kid: string) => keys.find({ alg: 'ES256', kid }, undefined as never);
  const away = async () => {
    throw new Error('the issuer is away');
  };

  it('is read once, however many ask at once', async () => {
    await Promise.all(Array.from({ length: 50 }, () => find('first')));
    await find('first');
    expect(reads).toBe(1);
    expect(keys.state()).toEqual({ state: 'read', age_ms: 0 });
  });

  it('is read again for an unknown key, but not at every one', async () => {
    await find('first');
    for (let n = 0; n < 100; n += 1)
      await expect(find(`none-${n}`)).rejects.toThrow(errors.JWKSNoMatchingKey);
    expect(reads).toBe(1);
    wallMs += KEY_LIMITS.unknownKeyMs;
    for (let n = 0; n < 100; n += 1)
      await expect(find(`none-${n}`)).rejects.toThrow(errors.JWKSNoMatchingKey);
    expect(reads).toBe(2);
  });

  it('says that it cannot tell when an unknown key cannot be looked up', async () => {
    await find('first');
    source = away;
    wallMs += KEY_LIMITS.unknownKeyMs;
    await expect(find('none')).rejects.toThrow(KeysUnavailable);
    expect(told).toEqual(['the issuer is away']);
    await find('first');
  });

  it('goes on with what it has for an hour, and not longer', async () => {
    await find('first');
    source = away;
    wallMs += KEY_LIMITS.staleMs;
    await find('first');
    expect(keys.state().state).toBe('stale');
    wallMs += 1;
    await expect(find('first')).rejects.toThrow(KeysUnavailable);
    source = () => issuer.keySet();
    wallMs += KEY_LIMITS.retryMs;
    await find('first');
    expect(keys.state()).toEqual({ state: 'read', age_ms: 0 });
  });

  it('is read anew once it is old, so that a key that was taken back stops counting', async () => {
    await issuer.addKey('taken-back', 'ES256', false);
    await find('taken-back');
    issuer.forgetKey('taken-back');
    wallMs += KEY_LIMITS.refreshMs + 1;
    await expect(find('taken-back')).rejects.toThrow(errors.JWKSNoMatchingKey);
    expect(reads).toBe(2);
  });

  it('does not ask an issuer that is away at every token', async () => {
    source = away;
    for (let n = 0; n < 100; n += 1) await expect(find('first')).rejects.toThrow(KeysUnavailable);
    expect(reads).toBe(1);
    expect(keys.state()).toEqual({ state: 'unread' });
    wallMs += KEY_LIMITS.retryMs;
    source = () => issuer.keySet();
    await find('first');
  });

  describe('at an address', () => {
    const found = async (answer: (path: string) => [status: number, body: string, headers?: object]) => {
      const server = createServer((request, response) => {
        const [status, body, headers] = answer(request.url ?? '');
        response.writeHead(status, { ...headers }).end(body);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
      const remote = new KeySet(url, { wallMs: () => wallMs } as never, (why) => told.push(why));
      try {
        return await remote.find({ alg: 'ES256', kid: 'first' }, undefined as never);
      } finally {
        server.close();
      }
    };

    it('is fetched', async () => {
      const text = await issuer.keySet();
      expect(await found(() => [200, text])).toMatchObject({ type: 'public' });
    });

    it('must answer with a key set of bounded length, and from there', async () => {
      const long = JSON.stringify({ keys: [], filler: 'x'.repeat(KEY_LIMITS.bytes) });
      const answers: [number, string, object?][] = [
        [500, ''],
        [200, '<html>'],
        [200, 'null'],
        [200, '{"keys":[null]}'],
        [200, long],
        [302, '', { location: '/elsewhere' }],
      ];
      for (const answer of answers) await expect(found(() => answer)).rejects.toThrow(KeysUnavailable);
      expect(told).toHaveLength(answers.length);
    });

    it('may be away', async () => {
      const nobody = new KeySet('http://127.0.0.1:1/jwks', { wallMs: () => wallMs } as never, (why) =>
        told.push(why),
      );
      await expect(nobody.find({ alg: 'ES256', kid: 'first' }, undefined as never)).rejects.toThrow(
        KeysUnavailable,
      );
    });
  });
});
