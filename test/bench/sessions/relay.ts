import { atLeast, type Comparison, type Figures, quantiles, ratiosOf, rounded } from '../figures.ts';
import { haproxyVersion } from '../floors/haproxy.ts';
import { say } from '../options.ts';
import { best } from '../steady.ts';
import type { SessionBenchOptions } from './all.ts';
import { cpuSecondsOf } from './processes.ts';
import { RelayStage, type WayName } from './relay-ways.ts';
import type { SessionStage } from './stage.ts';

const WARM_UP_MS = 700;
const LEAST_CPU_S = 0.05;
const BITS = 8;
const GIGA = 1e9;
const MICROSECONDS = 1_000;
/** As near as can be; docs/performance.md says what is in the way. */
const AIM = 1;

const MEASURED: readonly { name: string; way: WayName; streams: number }[] = [
  { name: 'relay, 1 stream', way: 'broker', streams: 1 },
  { name: 'relay, 10 streams', way: 'broker', streams: 10 },
  { name: 'relay, 10 streams over two broker processes', way: 'brokers', streams: 10 },
];

/** The relay that is not ours: haproxy where the machine has it, else what Node itself makes of it. */
interface Floor {
  readonly way: 'haproxy' | 'node-pipe';
  readonly is: string;
}

/** What a broker carries in a second and adds to a round trip, beside another relay that does TLS in and TLS out. */
export async function relay(stage: SessionStage, options: SessionBenchOptions): Promise<Comparison[]> {
  const floor = floorOf();
  const at = new RelayStage(stage);
  try {
    const seen = new Map<string, Figures[]>();
    const watched = waysOf(floor);
    for (let round = 0; round < options.rounds; round += 1) {
      for (const { way, streams } of watched) {
        const figures = await throughput(at, way, streams, options.watchMs);
        say(`relay, ${way}, ${streams} streams: ${JSON.stringify(figures)}`);
        const key = `${way} ${streams}`;
        seen.set(key, [...(seen.get(key) ?? []), figures]);
      }
    }
    const bestOf = (way: WayName, streams: number): Figures => best(seen.get(`${way} ${streams}`) ?? []);
    const rates = MEASURED.map(({ name, way, streams }): Comparison => {
      const [measured, least] = [bestOf(way, streams), bestOf(floor.way, streams)];
      const ratios = ratiosOf(measured, least);
      return {
        ...{ name, unit: 'Gbit/s', measured, floor: least, floorIs: floor.is, ratios },
        aims: [atLeast('rate to floor', ratios.rate, AIM)],
        notes: { 'a plain Node process, TLS in, TLS out': bestOf('node-pipe', streams) },
      };
    });
    return [...rates, await added(at, floor, options.samples)];
  } finally {
    at.end();
  }
}

function floorOf(): Floor {
  const haproxy = haproxyVersion();
  if (haproxy !== undefined) return { way: 'haproxy', is: `${haproxy}, 2 threads, TLS in, TLS out` };
  say('haproxy is not on the PATH: the floor is a plain Node process, TLS in, TLS out');
  return { way: 'node-pipe', is: 'a plain Node process, TLS in, TLS out, for want of haproxy' };
}

/** In one order, so that a machine that becomes busy is so for all of them. */
function waysOf({ way: floor }: Floor): { way: WayName; streams: number }[] {
  const floors = [...new Set<WayName>([floor, 'node-pipe'])];
  const counts = [...new Set(MEASURED.map(({ streams }) => streams))];
  return [...MEASURED, ...counts.flatMap((streams) => floors.map((way) => ({ way, streams })))].sort(
    (one, other) => one.streams - other.streams,
  );
}

/** How much one way carries: by the clock, and by processor second of what stands between. */
function throughput(at: RelayStage, way: WayName, streams: number, watchMs: number): Promise<Figures> {
  return at.through(way, streams, async ({ source, sink }, pids) => {
    await sink.ask('count');
    await source.ask('flood');
    await pause(Math.min(WARM_UP_MS, watchMs));
    const look = async () => ({
      ...(await sink.ask('counted')),
      cpuS: pids.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0),
    });
    const before = await look();
    await pause(watchMs);
    const after = await look();
    const gigabits = ((after.bytes - before.bytes) * BITS) / GIGA;
    const cpuS = after.cpuS - before.cpuS;
    return {
      rate: rounded((gigabits * 1_000) / (after.atMs - before.atMs)),
      // The system counts in hundredths of a second.
      ...(cpuS < LEAST_CPU_S ? {} : { 'per CPU s': rounded(gigabits / cpuS) }),
    };
  });
}

/** What a relay adds to the round trip of a small message, with nothing else under way. */
async function added(at: RelayStage, floor: Floor, samples: number): Promise<Comparison> {
  const trips = (way: WayName): Promise<Figures> =>
    at.through(way, 1, async ({ source, sink }) => {
      await sink.ask('echo');
      const took = await source.ask('roundTrips', samples);
      return quantiles(
        took.map((ms) => ms * MICROSECONDS),
        [0.5, 0.99],
      );
    });
  // Before and after, so that a busy machine is busy for both.
  const first = await trips('direct');
  const [ours, theirs] = [await trips('broker'), await trips(floor.way)];
  const second = await trips('direct');
  const figuresOf = (make: (figure: 'p50' | 'p99') => number): Figures => ({
    p50: rounded(make('p50')),
    p99: rounded(make('p99')),
  });
  const direct = figuresOf((figure) => Math.min(first[figure] ?? Number.NaN, second[figure] ?? Number.NaN));
  const over = (trip: Figures): Figures =>
    figuresOf((figure) => (trip[figure] ?? Number.NaN) - (direct[figure] ?? Number.NaN));
  const [measured, least] = [over(ours), over(theirs)];
  return {
    name: 'relay, added round trip',
    ...{ unit: 'µs', measured, floor: least, floorIs: floor.is, ratios: ratiosOf(measured, least), aims: [] },
    notes: { 'round trip, direct': direct, 'through the broker': ours, 'through the floor': theirs },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
