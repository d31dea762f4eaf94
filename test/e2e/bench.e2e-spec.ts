import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../deploy/local/paths.mjs';
import type { Comparison } from '../bench/figures.ts';

/** The long form takes 10 to 15 minutes; this one half a minute, and far more on a busy machine. In milliseconds. */
const LIMIT_MS = 300_000;
/** The failover is left to the long form: it needs the whole local stack, whose moves other tests show. */
const SHORT = ['latency', 'loop', 'projector', '--samples', '1', '--facts', '10000', '--rounds', '1'];
const ROWS = {
  'fact → command at the sidecar': ['p50', 'p90', 'p99', 'max'],
  'control loop, one process': ['rate', 'per CPU s'],
  'projector, one process': ['rate', 'per CPU s'],
};

describe('the short form of the bench', () => {
  let folder: string;
  let bench: ChildProcess | undefined;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'trunkline-bench-'));
  });
  afterAll(() => {
    bench?.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });

  it(
    'measures its subjects beside a floor of the same run, on servers of its own',
    async () => {
      const json = join(folder, 'bench.json');
      const { code, output } = await run([...SHORT, '--json', json]);
      expect([code, code === 0 ? '' : output]).toEqual([0, '']);
      const { results }: { results: Comparison[] } = JSON.parse(readFileSync(json, 'utf8'));
      expect(results.map(({ name }) => name).sort()).toEqual(Object.keys(ROWS).sort());
      for (const { name, measured, floor, ratios } of results) {
        for (const figure of ROWS[name as keyof typeof ROWS]) {
          const row = [measured[figure], floor[figure], ratios[figure]];
          expect([name, figure, row.map((value) => Number(value) > 0 && Number.isFinite(value))]).toEqual([
            name,
            figure,
            [true, true, true],
          ]);
          expect(output).toContain(`│ ${measured[figure]} `);
        }
      }
      expect(output).not.toMatch(/NaN|Infinity/);
    },
    LIMIT_MS,
  );

  it.each([
    [['lateness'], 'lateness: there is latency, loop, projector, peer, mass, failover'],
    [['loop', '--facts', 'many'], '--facts is "many": give a whole number from 1'],
  ])(
    'refuses %j before it starts anything',
    async (args, said) => {
      const { code, output } = await run(args);
      expect(code).toBe(1);
      expect(output).toContain(said);
    },
    LIMIT_MS,
  );

  /** Without the servers of the other tests in its environment. */
  async function run(args: readonly string[]): Promise<{ code: number | null; output: string }> {
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(TRUNKLINE_|NODE_OPTIONS$|JEST)/.test(name)),
    );
    const program = ['--import', './test/bench/typescript.mjs', 'test/bench/main.ts', ...args];
    bench = spawn(process.execPath, program, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [bench.stdout, bench.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        output += chunk.toString('utf8');
      });
    }
    const [code] = await once(bench, 'close');
    return { code, output };
  }
});
