import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ssh2, { type Connection, type ParsedKey, type ServerChannel } from 'ssh2';
import { freePort } from '../../support/servers.mjs';
import { startOpenSshd } from './open-sshd.ts';
import { serveFiles } from './sftp-files.ts';

export interface SshServer {
  /** Which one it is. */
  readonly name: string;
  readonly port: number;
  /** Whom it lets in. */
  readonly user: string;
  /** Options of `ssh`, `scp` and `sftp` that trust this server and come with the key it takes. */
  readonly clientOptions: readonly string[];
  /** TCP connections that it has taken so far. */
  readonly connections: () => number;
  close(): void;
}

/**
 * An SSH server on loopback with keys of its own, which runs what it is told with a shell: OpenSSH's where this machine has
 * it and it works, else one in this process. The clients of the tests are OpenSSH's.
 */
export async function startSshServer(folder: string): Promise<SshServer> {
  for (const name of ['host', 'user']) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)]);
  }
  const clientOptions = [
    ...['-i', join(folder, 'user'), '-F', '/dev/null', '-o', 'BatchMode=yes', '-o', 'IdentitiesOnly=yes'],
    ...['-o', 'StrictHostKeyChecking=no', '-o', `UserKnownHostsFile=${join(folder, 'known')}`],
    ...['-o', 'LogLevel=ERROR', '-o', 'ServerAliveInterval=0'],
  ];
  const real = await startOpenSshd(folder, clientOptions);
  const server = typeof real === 'string' ? await startOwnServer(folder, clientOptions, real) : real;
  console.log(`the SSH server is ${server.name}`);
  return server;
}

async function startOwnServer(
  folder: string,
  clientOptions: readonly string[],
  why: string,
): Promise<SshServer> {
  const port = await freePort();
  let connections = 0;
  const allowed = ssh2.utils.parseKey(readFileSync(join(folder, 'user.pub')));
  if (allowed instanceof Error) throw allowed;
  const server = new ssh2.Server({ hostKeys: [readFileSync(join(folder, 'host'))] }, (client) => {
    connections += 1;
    serve(client, allowed, folder);
  });
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  return {
    name: `the tests' own (${why})`,
    ...{ port, user: 'me', clientOptions },
    connections: () => connections,
    close: () => server.close(),
  };
}

function serve(client: Connection, allowed: ParsedKey, folder: string): void {
  client.on('error', () => {});
  client.on('authentication', (context) => {
    if (context.method !== 'publickey' || !context.key.data.equals(allowed.getPublicSSH())) {
      context.reject(['publickey']);
      return;
    }
    const { blob, signature, hashAlgo } = context;
    // Without a signature it only asks whether the key would do.
    if (!blob || !signature || allowed.verify(blob, signature, hashAlgo) === true) context.accept();
    else context.reject(['publickey']);
  });
  client.on('session', (accept) => {
    const session = accept();
    session.on('exec', (acceptExec, _reject, { command }) => runShell(acceptExec(), command, folder));
    session.on('sftp', (acceptSftp) => serveFiles(acceptSftp(), folder));
  });
}

function runShell(channel: ServerChannel, command: string, cwd: string): void {
  const shell = spawn('sh', ['-c', command], { cwd });
  channel.pipe(shell.stdin);
  shell.stdout.pipe(channel, { end: false });
  shell.stderr.pipe(channel.stderr, { end: false });
  shell.stdin.on('error', () => {});
  shell.on('close', (code) => {
    channel.exit(code ?? 1);
    channel.end();
  });
}
