import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../../deploy/local/paths.mjs';
import { sessionTourOf } from '../../support/readme.ts';
import type { Stack } from '../../support/stack.ts';
import { waitFor } from '../../support/wait-for.ts';
import type { SshServer } from './ssh-server.ts';

const STEP_MS = 60_000;

/** A terminal (a pseudo terminal by `script`) with one command in it, and the keys that a test presses. */
export class TourTerminal {
  private readonly child: ChildProcess;
  private shown = '';
  private exit: number | undefined;

  constructor(line: string, env: Record<string, string>) {
    this.child = spawn('script', ['-qefc', line, '/dev/null'], {
      cwd: ROOT,
      env: { PATH: process.env.PATH ?? '', SHELL: '/bin/bash', TERM: 'xterm', ...env },
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (bytes) => {
        this.shown += String(bytes);
      });
    }
    this.child.stdin?.on('error', () => {});
    this.child.on('close', (code) => {
      this.exit = code ?? 1;
    });
  }

  type(keys: string): void {
    this.child.stdin?.write(keys);
  }

  /** @returns the first group of the pattern, or all that it matched */
  async says(pattern: RegExp): Promise<string> {
    const found = await waitFor(() => pattern.exec(this.shown), {
      what: `${pattern} of:\n${this.shown}`,
      withinMs: STEP_MS,
    }).catch(() => {
      throw new Error(`${pattern} is not in:\n${this.shown}`);
    });
    return found[1] ?? found[0];
  }

  async ended(): Promise<number> {
    const end = await waitFor(() => (this.exit === undefined ? undefined : { code: this.exit }), {
      what: `the end of what said:\n${this.shown}`,
      withinMs: STEP_MS,
    });
    return end.code;
  }

  /** Whatever became of the test. */
  clear(): void {
    if (this.exit === undefined) this.child.kill('SIGKILL');
  }
}

export interface TourPlace {
  readonly stack: Stack;
  /** Where the controller listens instead of 2222. */
  readonly listenPort: number;
  /** Stands where port 22 would. */
  readonly ssh: Pick<SshServer, 'port' | 'user' | 'clientOptions'>;
}

/** The README's tour of a session in a stack of the tests: its commands as they stand there, but for folders and ports. */
export function tourIn({ stack, listenPort, ssh }: TourPlace) {
  const { home, pki } = stack.layout;
  const tour = sessionTourOf(ROOT);
  const here = (command: string): string =>
    replaced(command, [
      [/npx trunkline/g, `exec ${process.execPath} bin/trunkline.mjs`],
      [/\.trunkline\//g, `${home}/`],
      [/127\.0\.0\.1:2222\b/g, `127.0.0.1:${listenPort}`],
      [/127\.0\.0\.1:22\b/g, `127.0.0.1:${ssh.port}`],
      [/^ssh -p 2222\b/g, `exec ssh ${ssh.clientOptions.join(' ')} -l ${ssh.user} -p ${listenPort}`],
    ]);
  const person = join(home, 'person');
  mkdirSync(person, { recursive: true });
  const open = (command: string, who: 'controller' | 'target'): TourTerminal =>
    new TourTerminal(here(command), {
      HOME: person,
      // The stack of the tests is not the clone's own, where both would be found without a word.
      ...{ TRUNKLINE_TLS_CA: join(pki, 'ca.crt'), TRUNKLINE_TLS_CERT: join(pki, `${who}.crt`) },
      TRUNKLINE_TLS_KEY: join(pki, `${who}.key`),
    });
  return {
    probe: () => open(tour.probe, 'target'),
    controller: () => open(tour.controller, 'controller'),
    target: (code: string) => open(replaced(tour.target, [[/<CODE>/g, code]]), 'target'),
    // What is typed comes back: the server of the tests has no shell to talk to.
    ssh: () => open(`${tour.ssh} cat`, 'controller'),
    kill: (broker: string) => open(replaced(tour.kill, [[/broker-in-3/g, broker]]), 'controller'),
  };
}

/** What of the patterns is there becomes the text beside it; something of them must be. */
function replaced(command: string, pairs: readonly (readonly [RegExp, string])[]): string {
  const found = pairs.filter(([from]) => command.search(from) >= 0);
  if (found.length === 0) throw new Error(`nothing of ${command} is known`);
  return found.reduce((line, [from, to]) => line.replaceAll(from, to), command);
}
