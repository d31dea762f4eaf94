import { crc32, deflateSync, inflateSync } from 'node:zlib';
import { HISTORY_MEMBERS } from '../row-members.ts';
import type { Entry } from './entry.ts';

/** A member's number, and its new value; '' removes it. */
type Change = readonly [member: number, value: string];

/**
 * The entries of a block by column: neighbours are alike, so most of a column is zeros or small differences, and
 * the deflated block takes a few bytes a decision.
 */
interface Columns {
  readonly first: number;
  /** Names of decisions in this block; `type` counts into it. */
  readonly types: string[];
  readonly type: number[];
  /** 0: as everywhere, `<connection_id>/<version>`. */
  readonly event_id: (string | 0)[];
  /** Milliseconds since the one before; the first since 1970. */
  readonly decided: number[];
  /** Milliseconds from the decision to its record. */
  readonly written: number[];
  /** Differences to the one before. */
  readonly partition: number[];
  readonly offset: number[];
  /** 0: the row is as before. */
  readonly row: (readonly Change[] | 0)[];
}

const NO_ROW: readonly string[] = HISTORY_MEMBERS.map(() => '');

/** @param entries of one connection, their versions without gaps. */
export function encodeBlock(id: string, entries: readonly Entry[]): Buffer {
  const columns: Columns = {
    first: entries[0]?.version ?? 0,
    types: [...new Set(entries.map(({ type }) => type))],
    type: [],
    event_id: [],
    decided: [],
    written: [],
    partition: [],
    offset: [],
    row: [],
  };
  let before = { decidedMs: 0, partition: 0, offset: 0, row: NO_ROW };
  for (const entry of entries) {
    columns.type.push(columns.types.indexOf(entry.type));
    columns.event_id.push(entry.event_id === `${id}/${entry.version}` ? 0 : entry.event_id);
    columns.decided.push(entry.decidedMs - before.decidedMs);
    columns.written.push(entry.timeMs - entry.decidedMs);
    columns.partition.push(entry.partition - before.partition);
    columns.offset.push(entry.offset - before.offset);
    columns.row.push(changes(before.row, entry.row));
    before = entry;
  }
  return deflateSync(JSON.stringify(columns));
}

/** @throws Error for bytes that are no block, or a damaged one: deflate has a checksum. */
export function decodeBlock(id: string, bytes: Buffer): Entry[] {
  const columns = JSON.parse(inflateSync(bytes).toString()) as Columns;
  let before = { decidedMs: 0, partition: 0, offset: 0, row: NO_ROW };
  return columns.decided.map((decided, i) => {
    const version = columns.first + i;
    const decidedMs = before.decidedMs + decided;
    const entry: Entry = {
      version,
      event_id: columns.event_id[i] || `${id}/${version}`,
      type: columns.types[columns.type[i] as number] as string,
      decidedMs,
      timeMs: decidedMs + (columns.written[i] as number),
      partition: before.partition + (columns.partition[i] as number),
      offset: before.offset + (columns.offset[i] as number),
      row: changed(before.row, columns.row[i] || []),
    };
    before = entry;
    return entry;
  });
}

/**
 * What a block says, in one number: two blocks with another one differ. Where the records stand is left out: a mirrored log
 * has other offsets and is the same history.
 */
export function addToCrc(crc: number, { version, event_id, type, decidedMs, row }: Entry): number {
  return crc32(`${version}\t${event_id}\t${type}\t${decidedMs}\t${row.join('\t')}\n`, crc);
}

function changes(before: readonly string[], now: readonly string[]): readonly Change[] | 0 {
  const found = now.flatMap((value, member): Change[] => (value === before[member] ? [] : [[member, value]]));
  return found.length === 0 ? 0 : found;
}

function changed(before: readonly string[], all: readonly Change[]): readonly string[] {
  if (all.length === 0) return before;
  const row = [...before];
  for (const [member, value] of all) row[member] = value;
  return row;
}
