import { type ConnectionView, connectionView, type EventView } from '../connections.ts';
import { eventOfText } from '../event-text.ts';
import { HISTORY_MEMBERS } from '../row-members.ts';

/** One decision as the history keeps it. */
export interface Entry {
  readonly version: number;
  readonly event_id: string;
  readonly type: string;
  /** When it was decided: what a question for a moment is compared with. */
  readonly decidedMs: number;
  /** `ce_time` of its record. */
  readonly timeMs: number;
  readonly partition: number;
  readonly offset: number;
  /** Of HISTORY_MEMBERS, in their order; '' is absent. */
  readonly row: readonly string[];
}

/** One decision of a connection's history, and the row it left. */
export interface HistoryEntry extends Omit<EventView, 'data'> {
  readonly version: number;
  /** Without `health_score` and `last_heartbeat`: reports are not kept so long. */
  readonly row: ConnectionView;
}

/** A decision whose own time can't be read counts from when its record was written. */
export function decidedMsOf(decidedAt: unknown, timeMs: number): number {
  const ms = typeof decidedAt === 'string' ? Date.parse(decidedAt) : Number.NaN;
  return Number.isNaN(ms) ? timeMs : ms;
}

export function historyRow(data: Readonly<Record<string, unknown>>): string[] {
  return HISTORY_MEMBERS.map((member) => {
    const value = data[member];
    return value === undefined ? '' : String(value);
  });
}

export function entryOfEvent(text: string, version: number): Entry {
  const { data, time, ...event } = eventOfText(text);
  const timeMs = Date.parse(time);
  const decidedMs = decidedMsOf(data.decided_at, timeMs);
  return { ...event, version, timeMs, decidedMs, row: historyRow(data) };
}

export function rowOfEntry(id: string, { version, decidedMs, row }: Entry): ConnectionView {
  const fields: Record<string, string> = { version: `${version}` };
  HISTORY_MEMBERS.forEach((member, i) => {
    const value = row[i];
    if (value) fields[member] = value;
  });
  fields.updated_at = new Date(decidedMs).toISOString();
  return connectionView(id, fields) as ConnectionView;
}

export function historyEntry(id: string, entry: Entry): HistoryEntry {
  const { version, event_id, type, timeMs, partition, offset } = entry;
  const time = new Date(timeMs).toISOString();
  return { version, event_id, type, time, partition, offset, row: rowOfEntry(id, entry) };
}
