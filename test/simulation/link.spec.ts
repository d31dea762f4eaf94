import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { link } from '#libs/domain';
import { read } from '../../libs/domain/testing/table.ts';
import { byLength } from '../support/length.ts';
import { Coverage, UNREACHABLE } from './coverage.ts';
import { DEFECTS } from './defects.ts';
import { Broken } from './invariants.ts';
import type { Decider } from './loop.ts';
import type { Faults } from './model.ts';
import { Simulation } from './simulation.ts';

/** Runs of the model world; more for a longer look: `TRUNKLINE_SIMULATION_RUNS=5000`. */
const RUNS = Number(process.env.TRUNKLINE_SIMULATION_RUNS ?? byLength(100, 2_000));
/** Every run of a suite has its own seed; a failure prints the seed and how to see it again. */
const SEED = Number(process.env.TRUNKLINE_SIMULATION_SEED ?? 20_261_121);
const RUNS_PER_DEFECT = 150;
const LONG_MS = 20 * 60_000;
const TRACE_LINES = 40;

/** Probabilities of each fault, each between none and often. */
const faults: fc.Arbitrary<Faults> = fc.record({
  duplicate: fc.constantFrom(0, 0.02, 0.1),
  late: fc.constantFrom(0, 0.02, 0.1),
  loseCommand: fc.constantFrom(0, 0.02, 0.1),
  loseFact: fc.constantFrom(0, 0.02, 0.05),
  ownerDies: fc.constantFrom(0, 0.02, 0.05),
});
const STORM: Faults = { duplicate: 0.1, late: 0.1, loseCommand: 0.1, loseFact: 0.05, ownerDies: 0.05 };
const worlds = fc.record({ seed: fc.integer(), faults });

function run(world: { seed: number; faults: Faults }, decider: Decider, coverage: Coverage): Simulation {
  const simulation = new Simulation({ ...world, decider, coverage });
  try {
    simulation.run();
  } catch (error) {
    if (error instanceof Error) error.message += `\n${simulation.loop.trace.slice(-TRACE_LINES).join('\n')}`;
    throw error;
  }
  return simulation;
}

describe('links in a world where anything may fail', () => {
  const coverage = new Coverage();

  it(
    'keep every invariant, whatever is lost, late, repeated, killed, paused or cut off',
    () => {
      let decisions = 0;
      fc.assert(
        fc.property(worlds, (world) => {
          decisions += run(world, link, coverage).loop.log.length;
        }),
        { numRuns: RUNS, seed: SEED, endOnFailure: true },
      );
      console.log(
        `${RUNS} worlds, ${decisions} decisions; of each cell: decided/ignored\n${coverage.table()}`,
      );
    },
    LONG_MS,
  );

  it('reach every state with every input, save those that no state can have', () => {
    expect(coverage.wrong()).toEqual([]);
    expect(Object.keys(UNREACHABLE).length).toBeLessThan(6);
  });
});

describe('the table of states', () => {
  it(
    'has everything that happened in any world',
    () => {
      const coverage = new Coverage();
      for (let seed = 0; seed < RUNS / 4; seed++) run({ seed, faults: STORM }, link, coverage);
      const place = new URL('../../libs/domain/src/link/states.md', import.meta.url);
      expect(coverage.missingIn(read(readFileSync(place, 'utf8')))).toEqual([]);
    },
    LONG_MS,
  );
});

describe('a copy of the rules with a mistake in it is found out', () => {
  for (const [name, decider] of Object.entries(DEFECTS)) {
    it(
      name,
      () => {
        const result = fc.check(
          fc.property(worlds, (world) => {
            run(world, decider, new Coverage());
          }),
          { numRuns: RUNS_PER_DEFECT, seed: SEED, endOnFailure: true },
        );
        expect(result.failed).toBe(true);
        expect(result.errorInstance).toBeInstanceOf(Broken);
        const { invariant } = result.errorInstance as Broken;
        console.log(`${name}: found by "${invariant}" in world ${result.numRuns}`);
      },
      LONG_MS,
    );
  }
});
