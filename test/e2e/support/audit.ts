import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KafkaLog } from '#libs/log';
import { textReport } from '../../../apps/cli/src/verify/report.ts';
import { verifyKafka } from '../../../apps/cli/src/verify/run.ts';
import { isLong } from '../../support/length.ts';
import type { Stack } from '../../support/stack.ts';

/** All programs of a stack read one clock. */
const CLOCK_SKEW_MS = 0;

/**
 * Audits at the end of the tests of this `describe`, and in the long form after each of them too. The whole log is
 * read each time. Before `afterAll` stops the stack, as hooks run in the order they are declared in.
 */
export function auditing(stack: () => Stack): void {
  const look = () => audit(stack());
  if (isLong) afterEach(look);
  else afterAll(look);
}

export interface AuditWanted {
  /** False: no application of the stack sends anything. */
  readonly requests?: boolean;
}

/**
 * What `trunkline verify` says of a stack's whole log and of what its applications wrote down, while it runs on.
 * @throws with every violation, and where the slice was kept that shows them.
 */
export async function audit(stack: Stack, wanted: AuditWanted = {}): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-audit-'));
  const slice = join(folder, 'slice.ndjson');
  const file = openSync(slice, 'w');
  const log = new KafkaLog({ brokers: stack.kafkaBrokers.split(','), clientId: 'audit' });
  let isClean = false;
  try {
    const report = await verifyKafka(
      { log, regions: [stack.regions.bank, stack.regions.scheme] },
      {
        ...(wanted.requests === false ? {} : { data: stack.layout.data }),
        clockSkewMs: CLOCK_SKEW_MS,
        exportLine: (line) => void writeSync(file, `${line}\n`),
      },
    );
    isClean = report.found === 0;
    if (!isClean) throw new Error(`${textReport(report)}\nThe slice: trunkline verify --log ${slice}`);
    const { decisions, facts, requests } = report.counts;
    // An audit that read nothing proves nothing.
    if (decisions === 0 || facts === 0 || (wanted.requests !== false && requests === 0))
      throw new Error(`nothing to audit: ${textReport(report)}`);
  } finally {
    closeSync(file);
    await log.close();
    if (isClean) rmSync(folder, { recursive: true, force: true });
  }
}
