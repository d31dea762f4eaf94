import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SessionPhase } from '#libs/contracts';
import { ROOT } from '../../../deploy/local/paths.mjs';
import { logFile, writeRecord } from '../../../deploy/local/processes.mjs';
import { freePort } from '../../support/servers.mjs';
import type { Stack } from '../../support/stack.ts';
import { waitFor } from '../../support/wait-for.ts';
import { type BrokerName, type Place, Ways } from './session-matrix-ways.ts';
import { rowsOf } from './session-remains.ts';
import { type CliRun, flagsOf, followRun, nameRun, trunkline } from './sessions.ts';

/** Programs that may be struck while a session is at one of its steps. */
export const PROGRAMS = ['broker', 'controller', 'target', 'control loop'] as const;
export const SIGNALS = ['SIGKILL', 'SIGSTOP'] as const;
export type Side = 'controller' | 'target';

export interface CellName {
  readonly phase: SessionPhase;
  readonly program: (typeof PROGRAMS)[number];
  readonly signal: (typeof SIGNALS)[number];
}

const STEP_MS = 60_000;
/** broker-in-3 alone is near to the target, so that it is the one that is chosen. */
const FROM_INDIA: Readonly<Record<BrokerName, Place>> = {
  ...{ 'broker-us-1': 'india', 'broker-us-2': 'india', 'broker-in-3': 'india', 'broker-in-4': 'usa' },
};
const FROM_USA: Readonly<Record<BrokerName, Place>> = {
  ...{ 'broker-us-1': 'usa', 'broker-us-2': 'usa', 'broker-in-3': 'usa', 'broker-in-4': 'usa' },
};

/** One session on its way to a step: two people, each with a way of their own to the brokers. */
export class Cell {
  code = '';
  id = '';
  /** Of the session to which its target's code would lead, when that is not the controller's. */
  mistakenId: string | undefined;
  /** Where the controller listens. */
  port = 0;
  /** Tells a target that asks its person what that presses. */
  press: (key: string) => void = () => {};
  private readonly runs = new Map<Side, CliRun>();

  private constructor(
    readonly stack: Stack,
    readonly name: CellName,
    private readonly forwardPort: number,
    private readonly ways: Readonly<Record<Side, Ways>>,
  ) {}

  static async open(
    stack: Stack,
    name: CellName,
    forwardPort: number,
    with_: { readonly codeBroker: BrokerName; readonly farTarget?: boolean },
  ): Promise<Cell> {
    const label = `${name.phase}-${name.program.replace(' ', '-')}-${name.signal}`;
    const { codeBroker, farTarget } = with_;
    return new Cell(stack, name, forwardPort, {
      controller: await Ways.open(stack, `${label}-controller`, FROM_USA, codeBroker),
      target: await Ways.open(stack, `${label}-target`, farTarget ? FROM_USA : FROM_INDIA, 'broker-in-3'),
    });
  }

  way(side: Side): Ways {
    return this.ways[side];
  }

  /** Those who were started. */
  get sides(): readonly Side[] {
    return [...this.runs.keys()];
  }

  has(side: Side): boolean {
    return this.runs.has(side);
  }

  run(side: Side): CliRun {
    const run = this.runs.get(side);
    if (run === undefined) throw new Error(`there is no ${side} yet`);
    return run;
  }

  isStruck(side: Side): boolean {
    return this.name.program === side;
  }

  /** The controller has a code and waits. */
  async askForCode(): Promise<void> {
    this.port = await freePort();
    const listen = ['controller', '--listen', `127.0.0.1:${this.port}`];
    const run = trunkline(this.stack, [...listen, ...this.flags('controller')]);
    this.runs.set('controller', run);
    const { code, connection_id: id } = await run.until('code');
    this.code = code;
    this.id = id;
  }

  /** Starts the target, which consents beforehand. */
  attach(code = this.code): CliRun {
    const run = trunkline(this.stack, [...this.targetLine(code), '--yes']);
    this.runs.set('target', run);
    return run;
  }

  /** Starts the target at a terminal (a pseudo terminal by `script`), where a person is asked. */
  attachAsking(): CliRun {
    const { stack } = this;
    const name = nameRun('target');
    const file = logFile(stack.layout, name);
    const line = [process.execPath, join(ROOT, 'bin/trunkline.mjs'), ...this.targetLine(this.code)];
    const log = openSync(file, 'a', 0o600);
    const child = spawn('script', ['-qefc', `exec ${line.join(' ')} 2>>${file}`, '/dev/null'], {
      stdio: ['pipe', log, log],
      env: { PATH: process.env.PATH ?? '', HOME: join(stack.layout.home, 'person'), SHELL: '/bin/sh' },
    });
    closeSync(log);
    const { pid = 0 } = child;
    writeRecord(stack.layout, name, pid);
    child.stdin?.on('error', () => {});
    this.press = (key) => child.stdin?.write(key);
    const run = followRun(stack, name, child);
    this.runs.set('target', {
      ...run,
      get result() {
        return run.result;
      },
      // The terminal stops with what runs in it, and goes on first.
      signal: (kind) => {
        for (const each of kind === 'SIGCONT' ? [pid, ...childrenOf(pid)] : childrenOf(pid)) send(each, kind);
      },
    });
    return this.run('target');
  }

  /** The session is open and carries bytes. */
  async untilOpen(): Promise<void> {
    await this.run('target').until('open');
    await this.run('controller').until('open');
    await this.untilPhase('open');
  }

  // biome-ignore lint/suspicious/noExplicitAny: tests look into rows of every phase
  async row(): Promise<any> {
    const id = this.mistakenId ?? this.id;
    return (await rowsOf(this.stack)).find((row) => row.connection_id === id);
  }

  untilPhase(phase: string): Promise<unknown> {
    const look = async () => (await this.row())?.phase === phase;
    return waitFor(look, { what: `${this.id} ${phase}`, withinMs: STEP_MS });
  }

  letGo(): void {
    for (const ways of Object.values(this.ways)) ways.letGo();
  }

  /** Ends what is left of it. */
  clear(): void {
    for (const run of this.runs.values()) {
      if (run.result !== undefined) continue;
      run.signal('SIGCONT');
      run.signal('SIGKILL');
    }
    for (const ways of Object.values(this.ways)) ways.close();
  }

  private targetLine(code: string): string[] {
    return ['target', code, '--forward', `127.0.0.1:${this.forwardPort}`, ...this.flags('target')];
  }

  private flags(side: Side): string[] {
    // The last of a flag counts.
    return [...flagsOf(this.stack, side, ''), '--brokers', this.ways[side].file];
  }
}

function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return children.split(' ').filter(Boolean).map(Number);
}

function send(pid: number, kind: NodeJS.Signals): void {
  try {
    process.kill(pid, kind);
  } catch {
    // It is gone.
  }
}
