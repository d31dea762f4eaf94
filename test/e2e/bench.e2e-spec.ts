import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../deploy/local/paths.mjs';
import type { Comparison } from '../bench/figures.ts';
import { itLong } from '../support/length.ts';

/** The bench itself takes half an hour; its short form a few minutes, and far more on a busy machine. In milliseconds. */
const LIMIT_MS = 600_000;
const SHORTEST = ['latency', 'loop', '--samples', '1', '--facts', '3000', '--rounds', '1'];
/** The failovers are left to the long form: they need the whole local stack, whose moves other tests show. */
const SHORT = [
  ...['latency', 'loop', 'projector', 'mass', 'rest'],
  ...['--samples', '1', '--facts', '10000', '--rounds', '1', '--links', '200'],
  ...['--connections', '200', '--decisions', '2000', '--watch', '100'],
];
/** The deaths of brokers are one here. */
const SHORT_SESSIONS = [
  ...['relay', 'session', 'session-memory', 'broker-death'],
  ...['--samples', '1', '--rounds', '1', '--sessions', '20', '--watch', '1000'],
];
const CONTROLLERS = ['central-controller-east', 'central-controller-west'];
const MASS = 'mass failover of 200 links';
const REST_CALLS = [
  ...['one connection', 'a list of 100', 'explain', 'one connection, ?at='],
  ...['one connection with most of the decisions, ?at=', 'a list of 100, ?at='],
];
const REST_ROWS = Object.fromEntries(
  REST_CALLS.flatMap((call) => [
    [`REST with 200 connections: ${call}, ms`, ['p50', 'p99', 'max']],
    [`REST with 200 connections: ${call}, requests/s, 16 at once`, ['rate']],
  ]),
);
/** What is measured, by name and unit: the figures that have a floor. */
const ROWS: Readonly<Record<string, readonly string[]>> = {
  'fact → command at the sidecar, ms': ['p50', 'p90', 'p99', 'max'],
  'control loop, one process, facts/s': ['rate', 'per CPU s'],
  'projector, one process, decisions/s': ['rate', 'per CPU s'],
  [`${MASS}, ms`]: ['connect, p50', 'connect, p90', 'last connect'],
  [`${MASS}, links/s`]: ['rate'],
  [`${MASS}, peak memory, MiB`]: [],
  ...REST_ROWS,
};

const SESSION_ROWS: Readonly<Record<string, readonly string[]>> = {
  'relay, 1 stream, Gbit/s': ['rate'],
  'relay, 10 streams, Gbit/s': ['rate'],
  'relay, 10 streams over two broker processes, Gbit/s': ['rate'],
  // A difference of two small figures may be any.
  'relay, added round trip, µs': [],
  'session, attach → open relay at both ends, the controller redirected, ms': ['p50', 'p99', 'max'],
  'sessions opened by one broker, sessions/s': ['rate'],
  'memory of a broker for a session, both legs, KiB': [],
  'broker death, kill -9 of the broker → first byte again, there and back in the same stream, ms': [
    ...['p50', 'p90', 'max'],
  ],
};

const SHORTEST_ROWS = Object.fromEntries(Object.entries(ROWS).slice(0, 2));

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
    'measures beside a floor of the same run, on servers of its own',
    async () => {
      const { output } = await measure(SHORTEST, SHORTEST_ROWS);
      expect(output).not.toMatch(/NaN|Infinity/);
    },
    LIMIT_MS,
  );

  itLong(
    'measures its subjects beside a floor of the same run, on servers of its own',
    async () => {
      const { results, output } = await measure(SHORT, ROWS);
      // The bench itself fails when the links are not spread, or their commands not batched.
      const mass = results.find(({ name, unit }) => name === MASS && unit === 'ms');
      expect(mass?.notes).toMatchObject({
        'commands a record batch': expect.any(Number),
        'fill of the servers': expect.arrayContaining([expect.any(Number)]),
      });
      const memory = results.find(({ unit }) => unit === 'MiB')?.measured ?? {};
      for (const name of CONTROLLERS) expect(memory[`${name}, links moved`]).toBeGreaterThan(0);
      expect(output).not.toMatch(/NaN|Infinity/);
    },
    LIMIT_MS,
  );

  itLong(
    'measures sessions on real processes, beside a floor of the same run',
    async () => {
      const { results, output } = await measure(SHORT_SESSIONS, SESSION_ROWS);
      const notes = results.find(({ unit }) => unit === 'KiB')?.notes;
      expect(notes).toMatchObject({ 'readers that stopped': { readers: 10 } });
      expect(output).not.toMatch(/NaN|Infinity/);
    },
    LIMIT_MS,
  );

  it.each([
    [
      ['lateness'],
      'lateness: there is latency, loop, projector, peer, mass, failover, dr, rest, console, relay, session, session-memory, broker-death',
    ],
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

  /** Runs it, and holds its figures to their names: each there, above nothing, with a floor and in the table. */
  async function measure(
    args: readonly string[],
    rows: Readonly<Record<string, readonly string[]>>,
  ): Promise<{ results: readonly Comparison[]; output: string }> {
    const json = join(folder, 'bench.json');
    const { code, output } = await run([...args, '--json', json]);
    expect([code, code === 0 ? '' : output]).toEqual([0, '']);
    const { results }: { results: Comparison[] } = JSON.parse(readFileSync(json, 'utf8'));
    expect(results.map(({ name, unit }) => `${name}, ${unit}`).sort()).toEqual(Object.keys(rows).sort());
    for (const { name, unit, measured, floor, ratios } of results) {
      for (const figure of rows[`${name}, ${unit}`] ?? []) {
        const row = [measured[figure], floor[figure], ratios[figure]];
        expect([name, figure, row.map((value) => Number(value) > 0 && Number.isFinite(value))]).toEqual([
          name,
          figure,
          [true, true, true],
        ]);
        expect(output).toContain(`│ ${measured[figure]} `);
      }
    }
    return { results, output };
  }

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
