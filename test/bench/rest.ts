import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KafkaLog } from '#libs/log';
import { positionField } from '#libs/registry';
import { startController } from './controller.ts';
import { atMost, type Comparison, type Figures, quantiles, ratiosOf, rounded } from './figures.ts';
import { unique } from './kafka.ts';
import { type BenchOptions, say } from './options.ts';
import { type Filled, fill, PARTITIONS, topicsOf } from './rest/fill.ts';
import { atOnce, oneByOne } from './rest/load.ts';
import { CALLS, type CallName, requestsOf } from './rest/requests.ts';
import { linkOf } from './rest/stories.ts';

/** Different requests of a call; they come again and again. */
const REQUESTS = 250;
/** Links whose facts stand in the log. */
const WITH_FACTS = 1_000;
/** Calls at once when their rate is measured. */
const CONNECTIONS = 16;
/** The first calls of a kind, which count nowhere: code still gets compiled. */
const WARM_UP = 100;
const FLOOR_READY_MS = 120_000;
/** What is promised of one connection as of then. */
const AT_P99_MS = 200;

const TITLES: Readonly<Record<CallName, string>> = {
  get: 'one connection',
  list: 'a list of 100',
  explain: 'explain',
  at: 'one connection, ?at=',
  'at-busy': 'one connection with most of the decisions, ?at=',
  'list-at': 'a list of 100, ?at=',
};

export interface RestBenchOptions extends BenchOptions {
  readonly connections: number;
  readonly decisions: number;
  /** How long each rate is watched, in milliseconds. */
  readonly watchMs: number;
}

/** How long a controller takes to answer reads of a large registry, and how many it answers in a second. */
export async function rest(options: RestBenchOptions): Promise<Comparison[]> {
  const { brokers, redisUrl, connections, decisions } = options;
  const region = unique('rest');
  const log = new KafkaLog({ brokers: brokers.split(','), clientId: 'bench' });
  try {
    const size = { links: connections, decisions, withFacts: Math.min(connections, WITH_FACTS) };
    const filled = await fill(log, { region, redisUrl }, size);
    say(`rest: ${JSON.stringify(filled.notes)}`);
    const controller = await startController({ region, brokers, redisUrl, parts: ['rest'] });
    try {
      await controller.ready();
      await mustExplain(controller.url);
      return await measureAll(controller.url, filled, options);
    } finally {
      await controller.stop();
    }
  } finally {
    await log.close();
  }
}

/** An explanation that does not find its facts in the log is another thing, and a quicker one. */
async function mustExplain(url: string): Promise<void> {
  const answer = await fetch(`${url}/api/v1/connections/${linkOf(0)}/explain`);
  const text = await answer.text();
  if (answer.status !== 200 || !text.includes('"data":{')) throw new Error(`explain: ${text}`);
}

async function measureAll(url: string, filled: Filled, options: RestBenchOptions): Promise<Comparison[]> {
  const { redisUrl, samples } = options;
  const { region } = filled;
  const each = Math.min(REQUESTS, samples);
  const requests = CALLS.map((call) => requestsOf(call, filled, each));
  const fields = topicsOf(region).flatMap((topic) =>
    Array.from({ length: PARTITIONS }, (_none, partition) => positionField(topic, partition)),
  );
  const floor = await startFloor({ redisUrl, region, fields, controllerUrl: url, requests: requests.flat() });
  try {
    const results: Comparison[] = [];
    for (const [c, call] of CALLS.entries()) {
      const paths = (requests[c] ?? []).map(({ path }) => path);
      const ours = new Side(url, paths);
      const theirs = new Side(
        floor.url,
        paths.map((_path, n) => `/${c * each + n}`),
      );
      await inTurns([ours, theirs], options);
      say(`rest, ${call}: ${JSON.stringify(ours.took())}, floor ${JSON.stringify(theirs.took())}`);
      results.push(...compared(call, ours, theirs, filled));
    }
    return results;
  } finally {
    floor.stop();
  }
}

/** So that what else the machine does falls on both. */
async function inTurns(
  sides: readonly Side[],
  { samples, rounds, watchMs }: RestBenchOptions,
): Promise<void> {
  for (const side of sides) await side.warmUp(Math.min(WARM_UP, samples));
  for (let round = 0; round < rounds; round += 1) {
    for (const side of sides) await side.watch(Math.ceil(samples / rounds), watchMs);
  }
}

function compared(call: CallName, ours: Side, theirs: Side, { links, notes }: Filled): Comparison[] {
  const name = `REST with ${links} connections: ${TITLES[call]}`;
  const floorIs = 'a bare Nest app + the same Redis reads; the answer is made beforehand';
  const took = { measured: ours.took(), floor: theirs.took() };
  const rate = { measured: ours.rate(), floor: theirs.rate() };
  const aims = call === 'at-busy' ? [atMost('p99', took.measured.p99, AT_P99_MS)] : [];
  const of = (unit: string, both: { measured: Figures; floor: Figures }) => ({
    ...{ name, unit, ...both, floorIs, ratios: ratiosOf(both.measured, both.floor) },
  });
  return [
    { ...of('ms', took), aims, ...(call === 'get' && { notes }) },
    { ...of(`requests/s, ${CONNECTIONS} at once`, rate), aims: [] },
  ];
}

/** One of the two that are compared. */
class Side {
  private readonly samples: number[] = [];
  private best = 0;

  constructor(
    private readonly url: string,
    private readonly paths: readonly string[],
  ) {}

  async warmUp(calls: number): Promise<void> {
    await oneByOne(this.url, this.paths, calls);
  }

  async watch(samples: number, forMs: number): Promise<void> {
    this.samples.push(...(await oneByOne(this.url, this.paths, samples)));
    const rate = await atOnce(this.url, this.paths, { connections: CONNECTIONS, forMs });
    this.best = Math.max(this.best, rate);
  }

  took(): Figures {
    return quantiles(this.samples, [0.5, 0.99]);
  }

  rate(): Figures {
    return { rate: rounded(this.best) };
  }
}

interface FloorProcess {
  readonly url: string;
  stop(): void;
}

async function startFloor(given: object): Promise<FloorProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-bench-'));
  const file = join(folder, 'given.json');
  writeFileSync(file, JSON.stringify(given));
  const child: ChildProcess = fork(fileURLToPath(new URL('floors/rest.ts', import.meta.url)), [file]);
  try {
    const port = await new Promise<unknown>((resolve, reject) => {
      const late = () => reject(new Error(`the floor was not ready within ${FLOOR_READY_MS} ms`));
      const timer = setTimeout(late, FLOOR_READY_MS);
      child.once('exit', (code) => reject(new Error(`the floor ended with ${code}`)));
      child.once('message', (message) => {
        clearTimeout(timer);
        resolve(message);
      });
    });
    // It ends with the channel to it.
    return { url: `http://127.0.0.1:${port}`, stop: () => child.disconnect() };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
