import { execFile, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../support/servers.mjs';
import { waitFor } from '../../support/wait-for.ts';
import { onPath } from './on-path.ts';
import type { SshServer } from './ssh-server.ts';

const LOGIN_LIMIT_MS = 15_000;

/**
 * OpenSSH's own server, as the user of these tests, with the keys in `folder`.
 * @returns why it can't be, where this machine has none or it lets nobody in
 */
export async function startOpenSshd(
  folder: string,
  clientOptions: readonly string[],
): Promise<SshServer | string> {
  const program = onPath('sshd');
  if (program === undefined) return 'no sshd on the PATH';
  const [config, log] = [join(folder, 'sshd_config'), join(folder, 'sshd.log')];
  const [port, user] = [await freePort(), userInfo().username];
  copyFileSync(join(folder, 'user.pub'), join(folder, 'authorized_keys'));
  writeFileSync(config, configOf(folder, port));
  writeFileSync(log, '');
  const test = spawnSync(program, ['-t', '-f', config], { encoding: 'utf8' });
  if (test.status !== 0) return `sshd: ${test.stderr.trim()}`;
  const child = spawn(program, ['-D', '-f', config, '-E', log], { stdio: 'ignore' });
  const connections = (): number => readFileSync(log, 'utf8').match(/^Connection from /gm)?.length ?? 0;
  try {
    await waitFor(() => /Server listening/.test(readFileSync(log, 'utf8')), { withinMs: LOGIN_LIMIT_MS });
    const login = [...clientOptions, '-p', String(port), `${user}@127.0.0.1`, 'true'];
    await promisify(execFile)('ssh', login, { timeout: LOGIN_LIMIT_MS });
  } catch (error) {
    child.kill();
    return `sshd lets nobody in: ${(error as Error).message}\n${readFileSync(log, 'utf8')}`;
  }
  const before = connections();
  return {
    ...{ name: program, port, user, clientOptions },
    connections: () => connections() - before,
    close: () => void child.kill(),
  };
}

/** It looks at nobody's files but those of the folder. */
function configOf(folder: string, port: number): string {
  return `${[
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${join(folder, 'host')}`,
    `AuthorizedKeysFile ${join(folder, 'authorized_keys')}`,
    `PidFile ${join(folder, 'sshd.pid')}`,
    'LogLevel VERBOSE',
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin prohibit-password',
    'PrintMotd no',
    'Subsystem sftp internal-sftp',
  ].join('\n')}\n`;
}
