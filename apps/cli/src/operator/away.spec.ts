import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
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
