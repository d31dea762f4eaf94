import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { KafkaLog } from '#libs/log';
import { audit } from '../e2e/support/audit.ts';
import { type Name, type Stack, startStack } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';
import { atMost, type Comparison, quantiles, ratiosOf } from './figures.ts';
import { twoRawHops } from './floors/hops.ts';
import { tlsDials } from './floors/tls-dial.ts';
import { allowAnyPace } from './mass/settings.ts';
import { type BenchOptions, say } from './options.ts';

/** Often enough that the wait for the next message is small beside what is measured. */
const MESSAGES_PER_SECOND = 200;
const SETTLED_AFTER_APPROVALS = 100;
const MOVE_LIMIT_MS = 90_000;
const HOPS = 100;
const AIM_P90_MS = 100;
const AIM_P90_RATIO = 5;
/** Of the local stack's servers. */
const SERVER_GROUP = 'scheme';

const SERVERS_BEHIND: Partial<Record<Name, readonly string[]>> = {
  'server-sidecar-1': ['iso-server-1', 'iso-server-1b'],
  'server-sidecar-2': ['iso-server-2'],
  'server-sidecar-3': ['iso-server-3'],
};
const SIDECARS = Object.keys(SERVERS_BEHIND) as Name[];
const PROGRAMS: readonly Name[] = [
  'central-controller-east',
  'central-controller-west',
  'client-sidecar-1',
  ...SIDECARS,
  'iso-client-1',
  ...(Object.values(SERVERS_BEHIND).flat() as Name[]),
];

interface Approval {
  readonly atMs: number;
  readonly server: string;
}

/**
 * From `kill -9` of the server sidecar that carries a link to the first message approved through another one, as
 * the bank's application sees it, over and over.
 */
export async function failover({ brokers, samples }: BenchOptions): Promise<Comparison> {
  const rate = { TRUNKLINE_SIMULATOR_RATE: String(MESSAGES_PER_SECOND) };
  const stack = await startStack({ programs: PROGRAMS, env: { 'iso-client-1': rate } });
  const approvals = new Approvals(join(stack.layout.data, 'iso-client-1.ndjson'));
  const took: number[] = [];
  const log = new KafkaLog({ brokers: stack.kafkaBrokers.split(','), clientId: 'bench' });
  try {
    // No bank's link moves so often: by default it would be damped.
    await allowAnyPace(log, stack.regions.bank, SERVER_GROUP);
    // Before and after, the stack running, so that a busy machine is busy for both.
    const hops = await twoRawHops(brokers, HOPS);
    for (let index = 0; index < samples; index++) {
      const ms = await moveOnce(stack, approvals);
      took.push(ms);
      say(`failover ${index + 1} of ${samples}: ${ms} ms`);
    }
    hops.push(...(await twoRawHops(brokers, HOPS)));
    // A figure of a run that broke an invariant is none.
    await audit(stack);
    const dials = await tlsDials(stack.layout.pki, 'operator', 100);
    // The two follow each other, so their samples are added in pairs.
    const floor = quantiles(hops.map((hop, index) => hop + (dials[index % dials.length] ?? 0)));
    const measured = quantiles(took);
    const ratios = ratiosOf(measured, floor);
    return {
      name: 'failover, kill -9 of the server sidecar → first approved message from the new one',
      unit: 'ms',
      measured,
      floor,
      floorIs: 'two raw kafkajs hops through another process + one mTLS dial',
      ratios,
      aims: [
        atMost('p90 in ms', measured.p90, AIM_P90_MS),
        atMost('p90 to floor', ratios.p90, AIM_P90_RATIO),
      ],
    };
  } finally {
    approvals.close();
    await log.close();
    await stack.stop();
  }
}

async function moveOnce(stack: Stack, approvals: Approvals): Promise<number> {
  const carrying = await settledOn(approvals);
  const victim = SIDECARS.find((name) => SERVERS_BEHIND[name]?.includes(carrying));
  if (victim === undefined) throw new Error(`nobody carries to ${carrying}`);
  const handle = stack.program(victim);
  const killedMs = Date.now();
  await handle.kill('SIGKILL');
  const first = await waitFor(
    () => approvals.read().find(({ server }) => !SERVERS_BEHIND[victim]?.includes(server)),
    { what: `an approval after the death of ${victim}`, withinMs: MOVE_LIMIT_MS },
  );
  await handle.start();
  return first.atMs - killedMs;
}

/** The server that approved so many messages, all the last ones. */
async function settledOn(approvals: Approvals): Promise<string> {
  let seen: Approval[] = [];
  return waitFor(
    () => {
      seen = [...seen, ...approvals.read()].slice(-SETTLED_AFTER_APPROVALS);
      const servers = new Set(seen.map(({ server }) => server));
      return seen.length === SETTLED_AFTER_APPROVALS && servers.size === 1 && [...servers][0];
    },
    { what: 'steady approvals by one server', withinMs: MOVE_LIMIT_MS },
  );
}

/** Follows the fates that the bank's application writes down, each with the millisecond it was known. */
export class Approvals {
  private file: number | undefined;
  private at = 0;
  private rest = '';

  constructor(private readonly path: string) {}

  /** What was approved since the last call. */
  read(): Approval[] {
    this.file ??= openSync(this.path, 'r');
    const bytes = Buffer.alloc(fstatSync(this.file).size - this.at);
    this.at += readSync(this.file, bytes, 0, bytes.length, this.at);
    const lines = (this.rest + bytes.toString('utf8')).split('\n');
    this.rest = lines.pop() ?? '';
    return lines.flatMap((line) => {
      const { time, fate, server } = JSON.parse(line);
      return fate === 'approved' && server !== undefined ? [{ atMs: Date.parse(time), server }] : [];
    });
  }

  close(): void {
    if (this.file !== undefined) closeSync(this.file);
  }
}
