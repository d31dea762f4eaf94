import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Layout } from '../../../deploy/local/paths.mjs';
import { launch } from '../../../deploy/local/processes.mjs';
import { freePort } from '../../support/servers.mjs';
import { waitFor } from '../../support/wait-for.ts';
import type { TlsFiles } from '../sessions/tls-files.ts';

const THREADS = 2;

/** A relay that is not ours: TLS in, TLS out. */
export interface FloorRelay {
  readonly port: number;
  readonly pid: number;
  stop(): void;
}

/** What stands on the PATH; undefined: nothing does. */
export function haproxyVersion(): string | undefined {
  const { status, stdout } = spawnSync('haproxy', ['-v'], { encoding: 'utf8' });
  return status === 0 ? stdout.split('\n')[0]?.trim() : undefined;
}

/** haproxy with two threads; it ends with the stack of this layout. */
export async function startHaproxy(layout: Layout, tls: TlsFiles, targetPort: number): Promise<FloorRelay> {
  const port = await freePort();
  const pair = join(layout.home, `haproxy-${port}.pem`);
  writeFileSync(pair, `${readFileSync(tls.cert, 'utf8')}\n${readFileSync(tls.key, 'utf8')}`, { mode: 0o600 });
  const file = join(layout.home, `haproxy-${port}.cfg`);
  writeFileSync(file, configOf({ port, targetPort, pair, ca: tls.ca }));
  const child = launch(layout, { name: `haproxy-${port}`, command: 'haproxy', args: ['-db', '-f', file] });
  await untilListening(port, `haproxy on ${port}`);
  return { port, pid: child.pid ?? 0, stop: () => void child.kill('SIGKILL') };
}

export async function untilListening(port: number, what: string): Promise<void> {
  const dial = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
  await waitFor(dial, { what });
}

function configOf(at: { port: number; targetPort: number; pair: string; ca: string }): string {
  const verified = `crt ${at.pair} ca-file ${at.ca} verify required`;
  return `global
  nbthread ${THREADS}
  ssl-default-bind-options ssl-min-ver TLSv1.3
  ssl-default-server-options ssl-min-ver TLSv1.3
defaults
  mode tcp
  timeout connect 5s
  timeout client 10m
  timeout server 10m
frontend in
  bind 127.0.0.1:${at.port} ssl ${verified}
  default_backend out
backend out
  server sink 127.0.0.1:${at.targetPort} ssl ${verified} sni str(localhost) verifyhost localhost
`;
}
