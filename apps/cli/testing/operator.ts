import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../src/program.ts';
import { FakeTerminal, Written } from './fakes.ts';
import { FakeRest } from './rest.ts';

/** An operator's command line before a controller that answers what the test says. */
export class OperatorRig {
  readonly rest = new FakeRest();
  readonly home = mkdtempSync(join(tmpdir(), 'trunkline-operator-'));
  readonly configFile = join(this.home, 'config.json');
  written = new Written();
  terminal = new FakeTerminal();
  env: NodeJS.ProcessEnv = {};
  /** Columns and rows of the terminal; undefined: a pipe. */
  size: { columns: number; rows: number } | undefined;
  nowMs: () => number = () => Date.parse('2026-11-21T12:00:00.000Z');

  start(): Promise<void> {
    return this.rest.start();
  }

  begin(): void {
    this.written = new Written();
    this.terminal = new FakeTerminal();
    this.env = { TRUNKLINE_URL: this.rest.url };
    this.size = undefined;
    this.rest.asked.length = 0;
    rmSync(this.configFile, { force: true });
    rmSync(join(this.home, 'token'), { force: true });
  }

  async clear(): Promise<void> {
    await this.rest.stop();
    rmSync(this.home, { recursive: true });
  }

  trunkline(...args: string[]): Promise<number> {
    return run(
      args,
      this.written,
      { version: '1.2.3', description: 'x', stackHome: this.home },
      {
        env: this.env,
        terminal: this.terminal,
        configFile: this.configFile,
        nowMs: this.nowMs,
        screen: {
          isTerminal: this.size !== undefined,
          columns: () => this.size?.columns,
          rows: () => this.size?.rows,
        },
      },
    );
  }
}
