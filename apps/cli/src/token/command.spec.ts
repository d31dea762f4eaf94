import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyResult, jwtVerify } from 'jose';
import { ensureIssuer } from '#libs/pki';
import { Written } from '../../testing/fakes.ts';
import { run } from '../program.ts';

const NOW_MS = Date.parse('2026-01-01T00:00:00.000Z');

describe('trunkline token', () => {
  let home: string;
  let written: Written;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'trunkline-token-'));
    ensureIssuer(join(home, 'pki'));
    written = new Written();
  });
  afterEach(() => rmSync(home, { recursive: true }));

  const token = (...args: string[]): Promise<number> => {
    const about = { version: '1', description: 'x', stackHome: home };
    return run(['token', ...args], written, about, { nowMs: () => NOW_MS });
  };
  const keySet = (): JSONWebKeySet => JSON.parse(readFileSync(join(home, 'pki/jwks.json'), 'utf8'));
  const verified = (): Promise<JWTVerifyResult> =>
    jwtVerify(written.stdout.trim(), createLocalJWKSet(keySet()), { currentDate: new Date(NOW_MS) });

  it('signs what the key set of the stack verifies', async () => {
    expect(await token('--role', 'operator', '--subject', 'alice', '--expires', '30m')).toBe(0);
    const { payload, protectedHeader } = await verified();
    expect(payload).toEqual({
      roles: ['operator'],
      iss: 'trunkline-local',
      aud: 'trunkline',
      sub: 'alice',
      iat: NOW_MS / 1_000,
      exp: NOW_MS / 1_000 + 1_800,
    });
    expect(protectedHeader).toMatchObject({ alg: 'ES256', kid: keySet().keys[0]?.kid });
  });

  it('takes several roles, and lasts eight hours unless told', async () => {
    expect(await token('--role', 'viewer', 'publisher', '--role', 'viewer')).toBe(0);
    const { payload } = await verified();
    expect(payload).toMatchObject({ roles: ['viewer', 'publisher'], exp: NOW_MS / 1_000 + 8 * 3_600 });
    expect(payload.sub).not.toBe('');
  });

  it('signs for another issuer with another key', async () => {
    const [dir, key] = [join(home, 'other'), join(home, 'other/issuer.key')];
    ensureIssuer(dir);
    expect(await token('--role', 'viewer', '--key', key, '--issuer', 'i', '--audience', 'a')).toBe(0);
    await expect(verified()).rejects.toThrow('no applicable key');
    const keys = createLocalJWKSet(JSON.parse(readFileSync(join(dir, 'jwks.json'), 'utf8')));
    const rules = { currentDate: new Date(NOW_MS), issuer: 'i', audience: 'a' };
    expect((await jwtVerify(written.stdout.trim(), keys, rules)).payload.roles).toEqual(['viewer']);
  });

  it('has an issuer whose key is its owner’s alone, and stays', () => {
    const key = join(home, 'pki/issuer.key');
    const before = [readFileSync(key, 'utf8'), JSON.stringify(keySet())];
    expect(statSync(key).mode & 0o077).toBe(0);
    ensureIssuer(join(home, 'pki'));
    expect([readFileSync(key, 'utf8'), JSON.stringify(keySet())]).toEqual(before);
    expect(JSON.stringify(keySet())).not.toContain('"d"');
    writeFileSync(key, before[0]?.slice(0, 40) ?? '');
    ensureIssuer(join(home, 'pki'));
    expect(JSON.stringify(keySet())).not.toBe(before[1]);
  });

  it.each<[string, string[], number, RegExp]>([
    ['no role', [], 2, /required option '--role/],
    ['a role that is none', ['--role', 'root'], 2, /Allowed choices are viewer, operator, publisher/],
    ['a time that is none', ['--role', 'viewer', '--expires', 'never'], 2, /90s, 30m, 8h or 7d/],
    ['a time that is too long', ['--role', 'viewer', '--expires', '31d'], 2, /at most 30d/],
    ['a subject that is none', ['--role', 'viewer', '--subject', 'a b'], 2, /without a space/],
    [
      'a key that is not there',
      ['--role', 'viewer', '--key', 'nowhere.key'],
      3,
      /nowhere.key cannot be read/,
    ],
    ['a key that is none', ['--role', 'viewer', '--key', 'package.json'], 3, /no private key for ES256/],
  ])('says what is wrong: %s', async (_what, args, exit, says) => {
    expect(await token(...args)).toBe(exit);
    expect(written.stderr).toMatch(says);
    expect(written.stdout).toBe('');
  });

  it('says what to do when the stack never ran', async () => {
    rmSync(join(home, 'pki/issuer.key'));
    expect(await token('--role', 'viewer')).toBe(3);
    expect(written.stderr).toContain('npm start makes it');
  });
});
