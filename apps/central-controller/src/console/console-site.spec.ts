import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import request from 'supertest';
import { ConsoleSite } from './console-site.ts';

const SCRIPT = `console.log('${'x'.repeat(600)}');`;

describe('the console, as it is served', () => {
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-console-'));
  let server: Server;

  beforeAll(async () => {
    mkdirSync(join(folder, 'assets'));
    writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Trunkline</title>');
    writeFileSync(join(folder, 'assets/main-AB12.js'), SCRIPT);
    writeFileSync(join(folder, 'assets/main-AB12.js.br'), brotliCompressSync(SCRIPT));
    writeFileSync(join(folder, 'assets/main-AB12.js.gz'), gzipSync(SCRIPT));
    writeFileSync(join(folder, 'assets/theme-CD34.css'), 'body{}');
    writeFileSync(join(folder, 'secret.txt'), 'no part of it');
    const site = ConsoleSite.open(folder);
    server = createServer((asked, answer) => {
      if (!site?.answer(asked, answer)) answer.writeHead(418).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  });

  const ask = () => request(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);

  it.each(['/', '/index.html', '/?at=now'])(
    'has its page at %s, which is asked for anew each time',
    async (path) => {
      const { status, headers, text } = await ask().get(path);
      expect([status, text]).toEqual([200, '<!doctype html><title>Trunkline</title>']);
      expect(headers).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-cache',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'x-frame-options': 'DENY',
      });
      const again = await ask().get(path).set('if-none-match', String(headers.etag));
      expect([again.status, again.text]).toEqual([304, '']);
    },
  );

  it('lets the page run and load nothing but its own files', async () => {
    const { headers } = await ask().get('/');
    const policy = new Map(
      String(headers['content-security-policy'])
        .split('; ')
        .map((each) => [each.slice(0, each.indexOf(' ')), each.slice(each.indexOf(' ') + 1)]),
    );
    expect(policy.get('default-src')).toBe("'none'");
    expect(policy.get('script-src')).toBe("'self'");
    expect(policy.get('style-src')).toBe("'self'");
    expect(policy.get('frame-ancestors')).toBe("'none'");
    expect(policy.get('require-trusted-types-for')).toBe("'script'");
    expect(String(headers['content-security-policy'])).not.toMatch(/unsafe|\*|https?:/);
  });

  it.each([
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip', 'gzip'],
    ['GZIP;q=0.5', 'gzip'],
    ['br;q=0, gzip', 'gzip'],
    ['identity', undefined],
    ['br;q=0.0, gzip;q=0', undefined],
  ])('has its scripts for ever, for who accepts %s in %s', async (accepted, coding) => {
    const { headers, text } = await ask().get('/assets/main-AB12.js').set('accept-encoding', accepted);
    expect(headers['content-encoding']).toBe(coding);
    expect(headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
      vary: 'accept-encoding',
    });
    // supertest takes gzip and brotli apart by itself.
    expect(text).toBe(SCRIPT);
  });

  it('has what was not compressed as it is', async () => {
    const { headers, text } = await ask().get('/assets/theme-CD34.css').set('accept-encoding', 'br, gzip');
    expect([headers['content-encoding'], headers['content-type'], text]).toEqual([
      undefined,
      'text/css; charset=utf-8',
      'body{}',
    ]);
  });

  it.each([
    '/secret.txt',
    '/assets/',
    '/assets',
    '/assets/main-AB12.js.br',
    '/assets/../secret.txt',
    '/assets/%2e%2e/secret.txt',
    '/console',
    '/api/v1/connections',
  ])('leaves %s to others', async (path) => {
    expect((await ask().get(path)).status).toBe(418);
  });

  it('leaves changes to others, and answers HEAD without a body', async () => {
    expect((await ask().post('/')).status).toBe(418);
    const head = await ask().head('/');
    expect([head.status, head.headers['content-length'], head.text]).toEqual([200, '39', undefined]);
  });
});

it('there is none where none was built', () => {
  expect(ConsoleSite.open(join(tmpdir(), 'no-such-console'))).toBeUndefined();
});
