import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spiffeId } from '#libs/contracts';
import { ensurePki } from '#libs/pki';
import { OperatorRig } from '../../testing/operator.ts';

describe('a controller that is not reached as it should be', () => {
  const rig = new OperatorRig();
  const pki = mkdtempSync(join(tmpdir(), 'trunkline-away-'));
  let tls: Server;
  const portOf = (server: Server) => (server.address() as AddressInfo).port;

  beforeAll(async () => {
    await rig.start();
    const uri = spiffeId('east', 'central-controller', 'one');
    await ensurePki(pki, [{ name: 'one', uri }], Date.now());
    const [cert, key] = ['one.crt', 'one.key'].map((file) => readFileSync(join(pki, file)));
    tls = createTlsServer({ cert, key }, (_request, response) => response.end('{"items":[]}'));
    await new Promise<void>((done) => tls.listen(0, '127.0.0.1', done));
  });
  beforeEach(() => rig.begin());
  afterAll(async () => {
    await new Promise((done) => tls.close(done));
    await rig.clear();
    rmSync(pki, { recursive: true });
  });

  const CALLS = [
    ['connections', 'ls'],
    ['connections', 'get', 'a:b'],
    ['connections', 'explain', 'a:b'],
    ['agents', 'drain', 'a', '--reason', 'x'],
    ['top', '--once'],
    ['tail', '--count', '1'],
  ];

  it.each<[string, (response: ServerResponse) => void, RegExp]>([
    ['a page', (response) => response.end('<html>'), /answers with no JSON: is it a central controller\?/],
    ['nothing at all', (response) => response.end(), /answers with no JSON: is it/],
    ['null', (response) => response.end('null'), /answers with no JSON object: is it/],
  ])('is told in one line when what answers is no controller: it says %s', async (_what, says, words) => {
    for (const args of CALLS) {
      rig.begin();
      rig.rest.answer = (_asked, response) => {
        says(response);
      };
      expect([args, await rig.trunkline(...args)]).toEqual([args, 3]);
      const expected = args[0] === 'tail' ? /answers with no type for a stream: is it/ : words;
      expect(rig.written.stderr).toMatch(expected);
      expect(rig.written.stderr.trimEnd()).not.toContain('\n');
    }
    expect(await rig.trunkline('check', '--brokers', '127.0.0.1:1')).toBe(3);
    expect(rig.written.stdout).toMatch(words);
  });

  it('is told in one line when a list has no items, or an answer breaks off', async () => {
    rig.rest.answer = () => ({ hello: 'world' });
    expect(await rig.trunkline('connections', 'ls')).toBe(3);
    expect(rig.written.stderr).toContain('answers with a list without items');
    rig.begin();
    rig.rest.answer = (_asked, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('{"items":[');
      setTimeout(() => response.destroy(), 20);
      return undefined;
    };
    expect(await rig.trunkline('connections', 'ls')).toBe(3);
    expect(rig.written.stderr).toMatch(/^trunkline: no answer from \S+ \(\w+\): it hung up.*\n$/);
  });

  it.each([
    [
      'speaks no TLS',
      () => rig.rest.url.replace('http:', 'https:'),
      'is --url, or TRUNKLINE_URL, an http:// one?',
    ],
    [
      'speaks TLS alone',
      () => `http://127.0.0.1:${portOf(tls)}`,
      'is --url, or TRUNKLINE_URL, an https:// one?',
    ],
    [
      'has a certificate of an authority of its own',
      () => `https://localhost:${portOf(tls)}`,
      'NODE_EXTRA_CA_CERTS names',
    ],
    ['is not there', () => 'http://127.0.0.1:1', 'is the central controller running?'],
  ])('is told in one line that says what to do: it %s', async (_what, url, words) => {
    expect(await rig.trunkline('connections', 'ls', '--url', url())).toBe(3);
    expect(rig.written).toMatchObject({ stdout: '' });
    expect(rig.written.stderr).toMatch(/^trunkline: no answer from \S+ \(.*\): .*\n$/);
    expect(rig.written.stderr).toContain(words);
    expect(await rig.trunkline('check', '--url', url(), '--brokers', '127.0.0.1:1')).toBe(3);
    expect(rig.written.stdout).toContain(words);
  });
});
