import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endpointSpiffeId } from '#libs/contracts';
import {
  type ControllerOptions,
  EndpointError,
  type ProbeTable,
  type ResumeTargetOptions,
  type TargetOptions,
} from '#libs/endpoint';
import { ensurePki } from '#libs/pki';
import { run } from '../src/program.ts';
import { FakeSession, FakeTerminal, Written } from './fakes.ts';

const BROKER = { id: 'broker-in-3', host: 'broker-in-3.company.com', port: 7445, region: 'west' };
const TABLE: ProbeTable = {
  rows: [
    { broker: BROKER, status: 'ok', roundTripMs: 15.25, jitterMs: 0.31, samples: 5 },
    {
      broker: { ...BROKER, id: 'broker-us-1', region: 'east' },
      status: 'no-broker',
      detail: 'ECONNREFUSED',
      roundTripMs: undefined,
      jitterMs: undefined,
      samples: 0,
    },
  ],
  best: undefined,
};
export const CODE = 'E7F3-K9QX-M2B4-TR';

/** The command line with an SDK that does what the test says; certificates and files are real. */
export class Rig {
  readonly home = mkdtempSync(join(tmpdir(), 'trunkline-cli-'));
  readonly brokers = [BROKER];
  written = new Written();
  terminal = new FakeTerminal();
  session = new FakeSession();
  asked: { controller?: ControllerOptions; target?: TargetOptions; resume?: ResumeTargetOptions } = {};
  failure: EndpointError | undefined;
  answer: boolean | undefined;
  table: ProbeTable = TABLE;

  async prepare(): Promise<void> {
    const members = ['controller', 'target'].map((name) => ({ name, uri: endpointSpiffeId(name) }));
    await ensurePki(join(this.home, 'pki'), members, Date.now());
    writeFileSync(join(this.home, 'brokers.json'), JSON.stringify(this.brokers));
  }

  /** As before the first test. */
  begin(): void {
    this.written = new Written();
    this.terminal = new FakeTerminal();
    this.session = new FakeSession();
    this.asked = {};
    this.failure = undefined;
    this.answer = undefined;
    this.table = { ...TABLE, best: TABLE.rows[0] };
  }

  withoutBest(): void {
    this.table = TABLE;
  }

  clear(): void {
    rmSync(this.home, { recursive: true });
  }

  trunkline(...args: string[]): Promise<number> {
    const about = { version: '1.2.3', description: 'x', stackHome: this.home };
    return run(args, this.written, about, {
      terminal: this.terminal,
      stateHome: join(this.home, 'state'),
      endpoint: {
        probe: (_brokers, _identity, options) => {
          for (const row of this.table.rows) options?.onRow?.(row);
          return this.failure ? Promise.reject(this.failure) : Promise.resolve(this.table);
        },
        openController: (options) => {
          this.asked.controller = options;
          options.onProbe?.(this.table);
          return this.failure ? Promise.reject(this.failure) : Promise.resolve(this.session);
        },
        attachTarget: (options) => this.attach(options),
        resumeTarget: (options) => {
          this.asked.resume = options;
          return Promise.resolve(this.session);
        },
      },
    });
  }

  private async attach(options: TargetOptions): Promise<FakeSession> {
    this.asked.target = options;
    options.onProbe?.(this.table);
    if (this.failure) throw this.failure;
    const { consent } = options;
    this.answer = consent === true || (await consent({ id: 'alice', brokerId: 'broker-in-3' }));
    if (!this.answer) throw new EndpointError('declined');
    return this.session;
  }
}
