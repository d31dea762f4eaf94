import { byLength } from '../../support/length.ts';
import { Broken } from './simulation/oracle.ts';
import { RULES } from './simulation/rules.ts';
import { Schedule } from './simulation/schedule.ts';

/** Random schedules; `TRUNKLINE_SCHEDULES` asks for another number. */
const SCHEDULES = Number(process.env.TRUNKLINE_SCHEDULES ?? byLength(30, 200));
const STEPS = 1_500;
/** Schedules in which a rule taken away must show. */
const REMOVAL_SCHEDULES = 400;

/** A simulation that never comes here shows nothing. */
const MUST_MEET = [
  'claimed',
  'checkpointed',
  'ignored already-handled',
  'reclaiming append-misplaced',
  'reclaiming append-rejected',
  'reclaiming answer-late',
  'reclaiming foreign-record',
  'reclaiming claim-void',
  'reclaiming higher-claim-in-state',
  'voided claim',
  'voided version',
  'voided writer',
];

describe('the log under random schedules of pauses, crashes, zombies, late appends and compaction', () => {
  it('keeps every invariant', async () => {
    const met = new Map<string, number>();
    for (let seed = 1; seed <= SCHEDULES; seed += 1) {
      const schedule = new Schedule(seed, { steps: STEPS });
      await schedule.run().catch((error: unknown) => {
        throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
      });
      for (const [word, count] of schedule.counts.by) met.set(word, (met.get(word) ?? 0) + count);
    }
    for (const word of MUST_MEET) expect([word, met.get(word) ?? 0]).not.toEqual([word, 0]);
  }, 300_000);

  it.each(RULES)(
    'breaks an invariant without this: $rule',
    async ({ remove, options }) => {
      const putBack = remove?.();
      try {
        let broken: unknown;
        for (let seed = 1; seed <= REMOVAL_SCHEDULES && !broken; seed += 1) {
          const schedule = new Schedule(seed, { steps: STEPS, ...options });
          await schedule.run().catch((error: unknown) => {
            broken = error;
          });
        }
        expect(broken).toBeInstanceOf(Broken);
      } finally {
        putBack?.();
      }
    },
    300_000,
  );
});
