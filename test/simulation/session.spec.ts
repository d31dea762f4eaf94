import fc from 'fast-check';
import { byLength } from '../support/length.ts';
import { SessionSimulation } from './session/world.ts';

/** Worlds of each test; more for a longer look: `TRUNKLINE_SIMULATION_RUNS=5000`. */
const RUNS = Number(process.env.TRUNKLINE_SIMULATION_RUNS ?? byLength(300, 5_000));
const SEED = Number(process.env.TRUNKLINE_SIMULATION_SEED ?? 20_261_122);
const LONG_MS = 20 * 60_000;
const TRACE_LINES = 60;
const STEPS_BETWEEN = 80;
const STEPS_AT_MOST = 6_000;
/** After the last strike, in virtual milliseconds: shorter than the session waits for its ends. */
const CALM_MS = 100_000;

/** @throws what the check says, with what happened */
function inWorlds(strikes: number, check: (world: SessionSimulation) => void): void {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: strikes }), (seed, count) => {
      const world = new SessionSimulation(seed);
      try {
        for (let strike = 0; strike < count; strike += 1) {
          world.strike();
          // Mostly at once, so that one comes while the one before is being mended.
          const steps = Math.floor(world.random.next() ** 2 * STEPS_BETWEEN);
          for (let step = 0; step < steps; step += 1) world.step();
        }
        check(world);
      } catch (error) {
        if (error instanceof Error) error.message += `\n${world.trace.slice(-TRACE_LINES).join('\n')}`;
        throw error;
      }
    }),
    { numRuns: RUNS, seed: SEED, endOnFailure: true },
  );
}

/** Goes on until it is so, or the session is over, or for as long as a calm lasts. */
function goOnUntil(world: SessionSimulation, isSo: () => boolean): void {
  const endMs = world.nowMs + CALM_MS;
  for (let step = 0; step < STEPS_AT_MOST && world.nowMs < endMs && !world.isOver && !isSo(); step += 1)
    world.step();
}

describe('a session whose brokers die, drain, are cut off, and whose ends lose them, in any order', () => {
  it(
    'has both ends on one relay again, and no other stands; each relay counts once, but for one that nobody knew of',
    () => {
      const seen = { worlds: 0, relays: 0, exact: 0 };
      inWorlds(4, (world) => {
        goOnUntil(world, () => world.isTogether);
        expect(world.isTogether).toBe(true);
        const counted = world.scenario.state?.traffic?.bytes_up ?? 0;
        expect(counted).toBeLessThanOrEqual(world.relaysEnded);
        seen.worlds += 1;
        seen.relays += world.relaysEnded;
        if (counted === world.relaysEnded) seen.exact += 1;
      });
      console.log(`${seen.worlds} worlds, ${seen.relays} relays that ended, each counted in ${seen.exact}`);
      expect(seen.relays).toBeGreaterThan(seen.worlds / 2);
      expect(seen.exact / seen.worlds).toBeGreaterThan(0.995);
    },
    LONG_MS,
  );

  it(
    'is over once a broker heard that an end hung up',
    () => {
      let heard = 0;
      inWorlds(1, (world) => {
        world.random.pick(world.ends).hangUp();
        goOnUntil(world, () => false);
        if (!world.isHangUpHeard) return;
        heard += 1;
        expect(world.scenario.state).toMatchObject({ phase: 'ended', closed: { reason: 'hung-up' } });
      });
      expect(heard).toBeGreaterThan(RUNS / 2);
    },
    LONG_MS,
  );
});
