import { HEADER, WRITER_CLAIMED } from '#libs/contracts';
import type { ReceivedEvent } from '#libs/log';
import { waitFor } from '../../support/wait-for.ts';
import { audit, readAll } from './audit.ts';
import type { Append, AppendFault } from './faulty-log.ts';
import { ledger } from './ledger.ts';
import { type LoopProcess, PARTITIONS, type World } from './processes.ts';

/** More than a loop lets be on its way to the log: the handler of such a batch is still in it when its append hangs. */
const FACTS_A_PARTITION = 2_600;

/** Two members share the partitions alternately, so one of these two moves, whichever member comes first. */
const SHARED = [0, 1] as const;

/** A process whose second append to each shared partition hangs, before or after it landed, until told. */
class Interrupted {
  readonly judged = new Map<number, number>();
  readonly hanging = new Set<number>();
  release!: () => void;
  private readonly released = new Promise<void>((resolve) => {
    this.release = resolve;
  });
  /** Records of each append to a shared partition, in order. */
  readonly appended = new Map<number, number[]>();

  private constructor(readonly process: LoopProcess) {}

  static async start(world: World, moment: 'before' | 'after'): Promise<Interrupted> {
    const { remember } = ledger(world.region);
    let self: Interrupted | undefined;
    const process = await world.startLoop({
      source: 'old',
      definition: {
        remember: (memory, input) => {
          if (input.kind === 'fact') self?.countJudged(input.at.partition);
          return remember(memory, input);
        },
      },
    });
    const started = new Interrupted(process);
    self = started;
    const hang = async ({ topic, partition, records }: Append) => {
      if (topic !== world.topic('controllerEvents')) return;
      const appended = started.appended.get(partition) ?? [];
      started.appended.set(partition, appended);
      appended.push(records.length);
      if (appended.length !== 2) return;
      started.hanging.add(partition);
      await started.released;
    };
    process.log.onAppend = async (append): Promise<AppendFault> => {
      if (moment === 'before') await hang(append);
      return 'none';
    };
    process.log.onLanded = async (append) => {
      if (moment === 'after') await hang(append);
    };
    return started;
  }

  private countJudged(partition: number): void {
    this.judged.set(partition, (this.judged.get(partition) ?? 0) + 1);
  }
}

/** One key for each shared partition, and what its facts come to. */
function sharedKeys(world: World): Map<number, string> {
  const keys = new Map<number, string>();
  for (let n = 0; keys.size < SHARED.length; n += 1) {
    const partition = world.log.partitionOf(`shared-${n}`, PARTITIONS);
    if (SHARED.some((one) => one === partition)) keys.set(partition, keys.get(partition) ?? `shared-${n}`);
  }
  return keys;
}

/** Where the last claim of one partition stands, and who made it. */
function lastClaim(records: readonly ReceivedEvent[], partition: number) {
  const claim = records.findLast((one) => one.partition === partition && one.name === WRITER_CLAIMED);
  if (!claim) throw new Error(`nobody claimed ${partition}`);
  return { offset: claim.offset, writer: claim.headers[HEADER.writerId], source: claim.source };
}

/** The group takes a partition away while its owner is in the middle of a batch of it. */
export function describeRebalance(worldNow: () => World): void {
  it.each(['before', 'after'] as const)(
    'moves a partition in the middle of a batch and judges every input once in effect (append hangs %s it landed)',
    async (moment) => {
      const world = worldNow();
      const old = await Interrupted.start(world, moment);
      const keys = sharedKeys(world);
      const facts = Array.from({ length: FACTS_A_PARTITION }, () =>
        [...keys.values()].map((key) => world.fact(key, 1)),
      );
      await world.log.publish(facts.flat());
      await waitFor(() => old.hanging.size === SHARED.length, { what: 'the appends to hang' });
      const heir = await world.startLoop({ source: 'heir' });
      const moved = SHARED.find((one) => heir.loop.partitions().some(({ partition }) => partition === one));
      if (moved === undefined) throw new Error('neither of the shared partitions moved');
      const key = keys.get(moved) ?? '';
      const claim = await waitFor(async () => {
        const found = lastClaim(await readAll(world.log, world.topic('controllerEvents')), moved);
        return found.source === 'heir' && found;
      });
      const judged = old.judged.get(moved) ?? 0;
      expect([judged > 0, judged < FACTS_A_PARTITION]).toEqual([true, true]);
      await waitFor(() => heir.loop.state(key)?.sum === FACTS_A_PARTITION, { withinMs: 30_000 });
      old.release();
      await world.untilSums(new Map([...keys.values()].map((one) => [one, FACTS_A_PARTITION])));
      await world.log.publish([world.fact(key, 1)]);
      await waitFor(() => heir.loop.state(key)?.sum === FACTS_A_PARTITION + 1, { withinMs: 30_000 });

      const found = await audit(world.log, world.region);
      expect(found.decisions).toHaveLength(SHARED.length * FACTS_A_PARTITION + 1);
      // Sent before its partition left, it stands behind the heir's claim, and counts for nothing.
      const late = (await readAll(world.log, world.topic('controllerEvents'))).filter(
        (one) => one.partition === moved && one.source === 'old' && one.offset > claim.offset,
      );
      const [first = 0, hung = 0] = old.appended.get(moved) ?? [];
      expect(late).toHaveLength(moment === 'before' ? hung : 0);
      const counted = found.decisions.filter((one) => one.key === key && one.source === 'old');
      expect(counted).toHaveLength(moment === 'before' ? first : first + hung);
      // Only what was acknowledged while it owned is commanded by it; the rest is the heir's to command.
      const commands = await readAll(world.log, world.topic('failoverCommands'));
      const ofKey = commands.filter((one) => one.key === key);
      expect(ofKey.filter(({ source }) => source === 'old')).toHaveLength(first);
      expect(ofKey.some(({ source }) => source === 'heir')).toBe(true);
    },
  );
}
