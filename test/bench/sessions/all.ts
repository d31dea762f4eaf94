import { audit } from '../../e2e/support/audit.ts';
import type { Comparison } from '../figures.ts';
import type { BenchOptions } from '../options.ts';
import { brokerDeath } from './broker-death.ts';
import { sessionMemory } from './memory.ts';
import { relay } from './relay.ts';
import { session } from './session.ts';
import { startSessionStage } from './stage.ts';

export const SESSION_BENCHES = ['relay', 'session', 'session-memory', 'broker-death'] as const;
export type SessionBench = (typeof SESSION_BENCHES)[number];

export interface SessionBenchOptions extends BenchOptions {
  /** Idle ones at one broker. */
  readonly sessions: number;
  /** How long each rate of a relay is watched, in milliseconds. */
  readonly watchMs: number;
}

/** Those of the benches of sessions that are wanted, one after the other on the same processes. */
export async function sessionBenches(
  wanted: readonly SessionBench[],
  options: SessionBenchOptions,
): Promise<Comparison[]> {
  if (wanted.length === 0) return [];
  const { samples } = options;
  const stage = await startSessionStage();
  try {
    const results: Comparison[] = [];
    if (wanted.includes('relay'))
      results.push(...(await relay(stage, { ...options, samples: samples * 40 })));
    if (wanted.includes('session'))
      results.push(...(await session(stage, { ...options, samples: samples * 2 })));
    if (wanted.includes('session-memory')) results.push(await sessionMemory(stage, options.sessions));
    if (wanted.includes('broker-death'))
      results.push(await brokerDeath(stage, { ...options, samples: Math.ceil(samples * 0.6) }));
    // A figure of a run that broke an invariant is none.
    await audit(stage.stack, { requests: false });
    return results;
  } finally {
    await stage.stack.stop();
  }
}
