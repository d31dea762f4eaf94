import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CACHE, layoutOf, ROOT } from '../../deploy/local/paths.mjs';
import { isFree } from '../../deploy/local/preflight.mjs';
import { recordsOf, stop } from '../../deploy/local/processes.mjs';
import { PORTS } from '../../deploy/local/programs.mjs';
import { waitFor } from './wait-for.ts';

/** A fresh clone of this repository as it stands in the working tree, with nothing installed or built. */
export function freshClone(): string {
  const dir = mkdtempSync(join(tmpdir(), 'trunkline-clone-'));
  git(['clone', '--quiet', '--no-hardlinks', ROOT, dir]);
  const changed = git(['diff', '--name-only', '-z', 'HEAD']);
  const added = git(['ls-files', '--others', '--exclude-standard', '-z']);
  for (const file of `${changed}${added}`.split('\0').filter((path) => path !== '')) {
    rmSync(join(dir, file), { force: true });
    if (!existsSync(join(ROOT, file))) continue;
    mkdirSync(dirname(join(dir, file)), { recursive: true });
    cpSync(join(ROOT, file), join(dir, file));
  }
  return dir;
}

function git(args: string[]): string {
  return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Lends a clone what was fetched and installed here, for tests that are not about fetching. */
export function lend(clone: string, what: { jars?: boolean; dependencies?: boolean }): void {
  if (what.jars) {
    mkdirSync(join(clone, '.trunkline'), { recursive: true });
    symlinkSync(CACHE, join(clone, '.trunkline/cache'));
  }
  if (what.dependencies) symlinkSync(join(ROOT, 'node_modules'), join(clone, 'node_modules'));
}

/** Ends whatever still runs of a clone's stack, its launcher first, and removes the clone. */
export async function removeClone(clone: string): Promise<void> {
  for (const child of started.get(clone) ?? []) {
    if (child.exitCode === null && child.signalCode === null) process.kill(-(child.pid ?? 0), 'SIGKILL');
  }
  started.delete(clone);
  await stop(recordsOf(layoutOf(join(clone, '.trunkline'))), 2_000);
  rmSync(clone, { recursive: true, force: true });
}

/** An offset by which all ports of the local stack are free. */
export async function freeOffset(): Promise<number> {
  const base = Object.values(PORTS).flatMap((purposes) => Object.values(purposes) as number[]);
  for (;;) {
    const offset = 100 + Math.floor(Math.random() * 3_700);
    const free = await Promise.all(base.map((port) => isFree(port + offset)));
    if (free.every(Boolean)) return offset;
  }
}

const started = new Map<string, ChildProcess[]>();

export interface Running {
  readonly child: ChildProcess;
  /** Everything it printed so far. */
  output(): string;
  /** Waits until it printed this. */
  says(pattern: RegExp, withinMs: number): Promise<void>;
  /** Waits for its end and gives its exit code, or the signal that ended it. */
  ended(withinMs: number): Promise<number | NodeJS.Signals>;
}

/**
 * Runs a command in a clone, in a process group of its own as a shell would. The environment of this test run
 * does not reach it: neither its servers nor its npm.
 */
export function runIn(clone: string, command: string[], env: Record<string, string> = {}): Running {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|TRUNKLINE_|NODE_OPTIONS$|JEST)/.test(name),
  );
  const [name = '', ...args] = command;
  const child = spawn(name, args, {
    cwd: clone,
    env: { ...Object.fromEntries(inherited), ...env } as NodeJS.ProcessEnv,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  started.set(clone, [...(started.get(clone) ?? []), child]);
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    output += String(chunk);
  });
  let result: number | NodeJS.Signals | undefined;
  child.on('error', () => {
    result = 127;
  });
  child.on('close', (code, signal) => {
    result = code ?? signal ?? 1;
  });
  return {
    child,
    output: () => output,
    async says(pattern, withinMs) {
      const look = () => pattern.test(output) || result !== undefined;
      const wait = { withinMs, everyMs: 100, what: `${command.join(' ')} to say ${pattern}` };
      await waitFor(look, wait).catch((error: Error) => {
        throw new Error(`${error.message}; it said:\n${output}`);
      });
      if (!pattern.test(output)) throw new Error(`it ended with ${result} and said:\n${output}`);
    },
    async ended(withinMs) {
      await waitFor(() => result !== undefined, { withinMs, what: `the end of ${command.join(' ')}` });
      return result ?? 1;
    },
  };
}
