import { spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../support/servers.mjs';
import { waitFor } from '../support/wait-for.ts';
import { build } from './libs.ts';

const READY_LIMIT_MS = 60_000;
const TOKEN = 'bench-token-of-no-worth';

export interface ControllerOptions {
  readonly region: string;
  /** Every control region that it reads; absent: its own. */
  readonly regions?: readonly string[];
  readonly brokers: string;
  readonly redisUrl: string;
  readonly parts: readonly string[];
  /** Variables on top. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface ControllerProcess {
  /** Where it serves HTTP. */
  readonly url: string;
  /** The sum of one of its metrics over all labels, and the processor time it has used, in seconds. */
  sample(metric: string): Promise<{ readonly done: number; readonly cpuS: number }>;
  /** Resolves once its own /health/ready says so. */
  ready(): Promise<void>;
  stop(): Promise<void>;
}

/** One process of a central controller with some of its parts. */
export async function startController(options: ControllerOptions): Promise<ControllerProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-bench-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  writeFileSync(join(folder, 'token'), TOKEN);
  const logFile = join(folder, 'log');
  const output = openSync(logFile, 'w');
  // For a profile of what is measured: TRUNKLINE_BENCH_NODE_ARGS='--cpu-prof --cpu-prof-dir=…'.
  const nodeArgs = process.env.TRUNKLINE_BENCH_NODE_ARGS?.split(' ') ?? [];
  const program = join(build, 'apps/central-controller/src/main.js');
  const child = spawn(process.execPath, [...nodeArgs, program], {
    stdio: ['ignore', output, output],
    env: {
      ...process.env,
      TRUNKLINE_REGION: options.region,
      TRUNKLINE_REGIONS: (options.regions ?? [options.region]).join(','),
      TRUNKLINE_KAFKA_BROKERS: options.brokers,
      TRUNKLINE_REDIS_URL: options.redisUrl,
      TRUNKLINE_PARTS: options.parts.join(','),
      TRUNKLINE_HTTP_PORT: String(port),
      TRUNKLINE_TOKEN_FILE: join(folder, 'token'),
      TRUNKLINE_LOG_LEVEL: 'warn',
      ...options.env,
    },
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  // A bench that is interrupted leaves nothing running.
  const killWithUs = () => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', killWithUs);
  const readyOrEnded = async () => {
    if (child.exitCode !== null) return 'ended';
    const answer = await fetch(`${url}/health/ready`).catch(() => undefined);
    return answer?.status === 200 && 'ready';
  };
  return {
    url,
    async ready() {
      const state = await waitFor(readyOrEnded, { what: 'a ready controller', withinMs: READY_LIMIT_MS });
      if (state === 'ended') throw new Error(`the controller ended:\n${readFileSync(logFile, 'utf8')}`);
    },
    async sample(metric) {
      const text = await (await fetch(`${url}/metrics`)).text();
      return { done: sumOf(text, metric), cpuS: sumOf(text, 'process_cpu_seconds_total') };
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
      process.off('exit', killWithUs);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function sumOf(metrics: string, name: string): number {
  const values = metrics.split('\n').filter((line) => line.startsWith(`${name}{`));
  return values.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}
