import type { ClaimTracker } from '../claims.ts';
import { TruthUnreadable } from '../errors.ts';
import type { LogRecord, ReceivedEvent } from '../port.ts';

/** What a record of the log is worth to whoever reads it. */
export type Judged =
  | { readonly kind: 'claim' }
  | { readonly kind: 'decision'; readonly record: ReceivedEvent; readonly version: number }
  | { readonly kind: 'void'; readonly why: 'claim' | 'writer' | 'version' }
  | { readonly kind: 'unreadable'; readonly error: TruthUnreadable };

/**
 * The rule of who counts, for the records of one partition in their order: by the last valid claim's writer, and the
 * first of each version. `versionSeen` tells the highest version that counted so far on a key; 0 for none.
 */
export function judgeRecord(
  record: LogRecord,
  claims: ClaimTracker,
  versionSeen: (key: string) => number,
): Judged {
  const { topic, partition, offset } = record;
  const standing = claims.judge(record);
  if (!standing.valid) return { kind: 'void', why: standing.kind === 'claim' ? 'claim' : 'writer' };
  if (standing.kind === 'claim') return { kind: 'claim' };
  const unreadable = (detail: string): Judged => ({
    kind: 'unreadable',
    error: new TruthUnreadable(topic, partition, offset, UNREADABLE, detail),
  });
  if (!record.readable) return unreadable(record.detail);
  const version = versionIn(record);
  if (version === undefined) return unreadable('no version');
  if (version <= versionSeen(record.key)) return { kind: 'void', why: 'version' };
  return { kind: 'decision', record, version };
}

export const UNREADABLE = 'unreadable-record';

/** The version a decision's data holds; undefined: it is none of ours. */
export function versionIn(record: ReceivedEvent): number | undefined {
  const { version } = record.data as { version?: unknown };
  return Number.isSafeInteger(version) && (version as number) > 0 ? (version as number) : undefined;
}
