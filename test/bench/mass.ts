import { TOPIC } from '#libs/contracts';
import { type Comparison, type Figures, quantiles, ratiosOf, rounded } from './figures.ts';
import { massFloor } from './floors/mass.ts';
import { holdToAccount } from './hold.ts';
import { type ReadDecision, tally } from './mass/decisions.ts';
import { batchesSince } from './mass/record-batches.ts';
import { allowAnyBlast, approve } from './mass/settings.ts';
import { CONTROLLERS, type Group, type Loss, Stage } from './mass/stage.ts';
import { type BenchOptions, say } from './options.ts';

/** Past this there is nothing new to learn of what the default policy does. */
const DEFAULT_POLICY_LINKS = 2_000;
/** Longer than a command is waited for, so that every command has its end when the log is held to account. */
const SETTLE_MS = 7_000;
/** Spread by capacity: every server that is left has some, and none is fuller than the average by more than so many times. */
const MOST_TO_MEAN_FILL = 3;
/** Alone, each command would be a batch of its own. */
const LEAST_COMMANDS_A_BATCH = 2;

/**
 * The server sidecar that carries all links of its group dies: its clients' sidecars say so for each link, and both
 * regions' controllers place all of them again. Once with no limit to what moves for one cause, once with the default.
 */
export async function mass(options: BenchOptions, links: number): Promise<Comparison[]> {
  const [free, careful] = [
    { name: 'mass', links },
    { name: 'mass-default', links: Math.min(links, DEFAULT_POLICY_LINKS) },
  ];
  const stage = await Stage.start([free, careful]);
  try {
    await allowAnyBlast(stage.log, stage.stack.regions.bank, free.name);
    const before = memoryOf(stage);
    await stage.place(free);
    const placed = memoryOf(stage);
    const loss = await stage.lose(free, (lost) => stage.counter.count('failover-completed') >= lost);
    const completedMs = stage.counter.lastMs('failover-completed') - loss.beganMs;
    const memory = memoryOf(stage);
    const notes = await notesOf(stage, free, loss, options.kafkaLogs);
    // Said before anything may be found wrong with it.
    say(`mass failover: ${JSON.stringify({ connects: quantiles(loss.connects), completedMs, ...notes })}`);
    checkSpread(stage.fills(free));
    const held = await withDefaultPolicy(stage, careful);
    await settled(stage);
    await holdToAccount(stage.log, Object.values(stage.stack.regions));
    const floor = await massFloor(options.brokers, {
      facts: stage.topic(TOPIC.connectionStatus),
      decisions: stage.topic(TOPIC.controllerEvents),
      commands: stage.topic(TOPIC.failoverCommands),
      group: free.name,
    });
    return comparisons({
      links: loss.lost,
      connects: loss.connects,
      completedMs,
      floor,
      memory: { before, placed, memory },
      notes: { ...notes, 'with the default policy': held, ...(await stage.oddities()) },
    });
  } finally {
    await stage.stop();
  }
}

const memoryOf = (stage: Stage): Figures =>
  Object.fromEntries(CONTROLLERS.map((name) => [name, rounded(stage.peakMiB(name))]));

/** Which way the links went and why, how evenly, and how many commands travelled together. */
async function notesOf(
  stage: Stage,
  group: Group,
  loss: Loss,
  kafkaLogs: string | undefined,
): Promise<Record<string, unknown>> {
  const all = await loss.decisions();
  const decided = all.filter(({ name }) => name === 'failover-decided');
  const answers = (await loss.reservations()).filter(({ kind }) => String(kind) === 'reservation');
  const fills = stage.fills(group);
  const sent = kafkaLogs && batchesSince(kafkaLogs, stage.topic(TOPIC.failoverCommands), loss.wallMs);
  if (sent && sent.records < LEAST_COMMANDS_A_BATCH * sent.batches)
    throw new Error(`commands are not batched: ${sent.records} went in ${sent.batches} record batches`);
  return {
    'decided at, ms': timesOf(all, loss.wallMs),
    'reserved at, ms': timesOf(answers, loss.wallMs),
    reasons: tally(all.map(({ name, reason }) => `${name} ${reason}`)),
    'ways of the links': tally(
      decided.map(({ peer }) => (peer ? `${peer.went}, ${peer.outcome}` : 'not asked')),
    ),
    'decisions of the peer': tally(answers.map(({ name, reason }) => `${name} ${reason}`)),
    'fill of the servers': fills.map(rounded),
    ...(sent
      ? { commands: sent.records, 'commands a record batch': rounded(sent.records / sent.batches) }
      : {}),
  };
}

function checkSpread(fills: readonly number[]): void {
  const [least, most] = [Math.min(...fills), Math.max(...fills)];
  const mean = fills.reduce((sum, fill) => sum + fill, 0) / fills.length;
  if (least === 0 || most > MOST_TO_MEAN_FILL * mean)
    throw new Error(`the links are not spread: the servers are full by ${least} to ${most}`);
}

/** When each kind of decision was taken: the first, the median and the last, from the loss on. */
function timesOf(decisions: readonly ReadDecision[], sinceMs: number): Record<string, number[]> {
  const times = new Map<string, number[]>();
  for (const { name, decided_at } of decisions) {
    const known = times.get(name) ?? [];
    if (known.length === 0) times.set(name, known);
    known.push(Date.parse(decided_at) - sinceMs);
  }
  const ofName = (all: number[]) => {
    const sorted = all.sort((a, b) => a - b);
    return [sorted[0] ?? 0, sorted[Math.floor(sorted.length / 2)] ?? 0, sorted.at(-1) ?? 0];
  };
  return Object.fromEntries([...times].map(([name, all]) => [name, ofName(all)]));
}

/** How many links the default policy lets go by itself, and how long the others take once an operator agrees. */
async function withDefaultPolicy(stage: Stage, group: Group): Promise<Record<string, number>> {
  const { counter } = stage;
  await stage.place(group);
  const loss = await stage.lose(
    group,
    (lost) => counter.count('failover-completed') + counter.count('failover-suppressed') >= lost,
  );
  const [moved, held] = [counter.count('failover-completed'), counter.count('failover-suppressed')];
  const movedMs = counter.lastMs('failover-completed') - loss.beganMs;
  if (held === 0) return { moved, held };
  const suppressed = (await loss.decisions()).find(({ name }) => name === 'failover-suppressed');
  const { failover, suppressed: hold } = suppressed ?? {};
  if (failover === undefined || hold?.cause === undefined) throw new Error('held back, and no cause is told');
  const approvedMs = performance.now();
  await approve(stage.log, stage.stack.regions.bank, failover.failover_id, hold.cause);
  await stage.until(() => counter.count('failover-completed') >= loss.lost, 'the approved moves');
  return {
    moved,
    held,
    'moved within, ms': rounded(movedMs),
    'held ones after the approval, ms': rounded(counter.lastMs('failover-completed') - approvedMs),
  };
}

/** Every command that was sent is over. */
async function settled(stage: Stage): Promise<void> {
  const fromMs = performance.now();
  await stage.until(() => performance.now() - fromMs > SETTLE_MS, 'the end of every command');
}

interface Result {
  readonly links: number;
  readonly connects: readonly number[];
  readonly completedMs: number;
  /** Milliseconds until each second command came. */
  readonly floor: readonly number[];
  readonly memory: { readonly before: Figures; readonly placed: Figures; readonly memory: Figures };
  readonly notes: Readonly<Record<string, unknown>>;
}

function comparisons({ links, connects, completedMs, floor: hops, memory, notes }: Result): Comparison[] {
  const name = `mass failover of ${links} links`;
  const floorIs =
    'kafkajs: as many facts, decisions and pairs of commands, the same bytes, one process, no logic';
  const until = (times: readonly number[]) => {
    const { p50, p90, max } = quantiles(times);
    return { 'connect, p50': p50 ?? 0, 'connect, p90': p90 ?? 0, 'last connect': max ?? 0 };
  };
  const measured = { ...until(connects), 'last failover-completed': rounded(completedMs) };
  const floor = until(hops);
  const rate = (ms: number | undefined): Figures => ({ rate: rounded((links * 1000) / (ms ?? Number.NaN)) });
  const rates = [rate(measured['last connect']), rate(floor['last connect'])] as const;
  const peaks = Object.entries(memory.memory).flatMap(([controller, peak]) => [
    [`${controller} at its start`, memory.before[controller] ?? 0] as const,
    [`${controller}, links placed`, memory.placed[controller] ?? 0] as const,
    [`${controller}, links moved`, peak] as const,
  ]);
  return [
    { name, unit: 'ms', measured, floor, floorIs, ratios: ratiosOf(measured, floor), aims: [], notes },
    {
      name,
      unit: 'links/s',
      measured: rates[0],
      floor: rates[1],
      floorIs,
      ratios: ratiosOf(...rates),
      aims: [],
    },
    {
      name: `${name}, peak memory`,
      unit: 'MiB',
      measured: Object.fromEntries(peaks),
      floor: {},
      floorIs: 'none',
      ratios: {},
      aims: [],
    },
  ];
}
