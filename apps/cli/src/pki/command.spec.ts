import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Written } from '../../testing/fakes.ts';
import { run } from '../program.ts';

describe('trunkline pki', () => {
  let dir: string;
  let written: Written;

  beforeEach(() => {
    dir = join(mkdtempSync(join(tmpdir(), 'trunkline-pki-')), 'pki');
    written = new Written();
  });
  afterEach(() => rmSync(join(dir, '..'), { recursive: true }));

  const pki = (...args: string[]): Promise<number> =>
    run(['pki', ...args, '--dir', dir], written, { version: '1', description: 'x', stackHome: dir });
  const names = (file: string): string =>
    new X509Certificate(readFileSync(join(dir, file))).subjectAltName ?? '';

  it('makes an authority and the key of the codes, for their owner alone, and keeps them', async () => {
    expect(await pki('init')).toBe(0);
    expect(written.stdout).toBe(`made  ${join(dir, 'ca.crt')}\nmade  ${join(dir, 'code.key')}\n`);
    for (const key of ['ca.key', 'code.key']) expect(statSync(join(dir, key)).mode & 0o077).toBe(0);
    const before = readFileSync(join(dir, 'ca.crt'), 'utf8');
    expect(await pki('init')).toBe(0);
    expect(written.stdout).toMatch(/kept .*ca.crt\nkept .*code.key\n$/);
    expect(readFileSync(join(dir, 'ca.crt'), 'utf8')).toBe(before);
  });

  it('issues certificates with the names that peers check', async () => {
    await pki('init');
    expect(await pki('issue', 'alice')).toBe(0);
    expect(names('alice.crt')).toContain('URI:spiffe://trunkline/endpoint/alice');
    const host = 'broker-us-1.company.com';
    expect(await pki('issue', 'broker-us-1', '--kind', 'broker', '--region', 'east', '--host', host)).toBe(0);
    expect(names('broker-us-1.crt')).toContain('URI:spiffe://trunkline/east/broker/broker-us-1');
    expect(names('broker-us-1.crt')).toContain(`DNS:localhost, DNS:${host}`);
    expect(written.stdout).toMatch(/spiffe:\/\/trunkline\/endpoint\/alice, for 90 days/);
  });

  it.each<[string, string[], number, RegExp]>([
    ['no authority', ['issue', 'alice'], 3, /no authority in .*pki init --dir/],
    ['a name that is none', ['issue', 'a/b'], 2, /a name is 1 to 64 of/],
    ['a broker without its region', ['issue', 'b', '--kind', 'broker'], 2, /a broker needs --region/],
    ['an endpoint with a region', ['issue', 'b', '--region', 'east'], 2, /leave out --region/],
    ['a kind that is none', ['issue', 'b', '--kind', 'king'], 2, /Allowed choices are endpoint, broker/],
  ])('says what is wrong: %s', async (_what, args, exit, says) => {
    expect(await pki(...args)).toBe(exit);
    expect(written.stderr).toMatch(says);
  });
});
