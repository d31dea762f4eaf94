import type { Log } from '#libs/log';
import { textReport } from '../../apps/cli/src/verify/report.ts';
import { verifyKafka } from '../../apps/cli/src/verify/run.ts';
import { say } from './options.ts';

/** A command may be under way for so long when a bench stops, in milliseconds. */
const UNDER_WAY_MS = 1_000;
const TOLD_LENGTH = 4_000;

/**
 * What `trunkline verify` says of the log of these control regions; a figure of a run that broke an invariant is none.
 * For benches whose agents answer their commands.
 * @throws with the violations, or when there was nothing to look at.
 */
export async function holdToAccount(log: Log, regions: readonly string[]): Promise<void> {
  const report = await verifyKafka({ log, regions }, { clockSkewMs: 0, underWayMs: UNDER_WAY_MS });
  const text = textReport(report);
  if (report.found > 0) throw new Error(text.slice(0, TOLD_LENGTH));
  if (report.counts.decisions === 0) throw new Error(`nothing to hold to account: ${text}`);
  say(text);
}
