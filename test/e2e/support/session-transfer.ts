import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, createReadStream, openSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { SshServer } from './ssh-server.ts';

const command = promisify(execFile);
const PIECE_BYTES = 1_000_000;

/** Two files that go through one session at once, one each way, by OpenSSH's scp; each over one TCP connection. */
export interface TwoWayTransfer {
  /** Bytes that have arrived so far, of both. */
  arrived(): { readonly up: number; readonly down: number };
  /** Settles when both are over, with the SHA-256 of what was sent and of what came. @throws when scp failed */
  readonly done: Promise<{ readonly up: Hashes; readonly down: Hashes }>;
}

export interface Hashes {
  readonly sent: string;
  readonly came: string;
}

/** @param port where the session's controller listens */
export function transferBothWays(
  ssh: SshServer,
  given: { readonly port: number; readonly folder: string; readonly bytes: number; readonly limitMs: number },
): TwoWayTransfer {
  const { port, folder, bytes, limitMs } = given;
  const file = (name: string): string => join(folder, `${name}-${port}`);
  const up = { sent: file('up'), came: file('up-came') };
  const down = { sent: file('down'), came: file('down-came') };
  for (const { sent } of [up, down]) writeRandom(sent, bytes);
  // The first protocol, which runs scp at the other side: the server of these tests has a shell.
  const scp = (from: string, to: string) =>
    command('scp', ['-O', ...ssh.clientOptions, '-P', String(port), from, to], { timeout: limitMs });
  const run = async () => {
    const there = (path: string): string => `${ssh.user}@127.0.0.1:${path}`;
    await Promise.all([scp(up.sent, there(up.came)), scp(there(down.sent), down.came)]);
    return { up: await hashesOf(up), down: await hashesOf(down) };
  };
  return { arrived: () => ({ up: sizeOf(up.came), down: sizeOf(down.came) }), done: run() };
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function writeRandom(path: string, bytes: number): void {
  const file = openSync(path, 'w');
  for (let left = bytes; left > 0; left -= PIECE_BYTES) {
    writeSync(file, randomBytes(Math.min(left, PIECE_BYTES)));
  }
  closeSync(file);
}

async function hashesOf({ sent, came }: { sent: string; came: string }): Promise<Hashes> {
  return { sent: await hashOf(sent), came: await hashOf(came) };
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}
