import {
  baseOfTopic,
  messageType,
  regionKey,
  regionOfTopic,
  TIMING,
  TOPIC,
  topicName,
  WRITER_CLAIMED,
} from '#libs/contracts';
import type { Log, LogRecord } from '#libs/log';
import { endsOf, readToEnd } from '../verify/read-kafka.ts';
import { lineOfRecord } from '../verify/slice.ts';

export interface ExportWanted {
  /** Only this connection, with the agents and settings that its loop knew; absent: all. */
  readonly connectionId?: string;
  /** Facts, commands and reports from then on, in milliseconds since 1970; decisions always from the first. */
  readonly fromMs?: number;
  /** Nothing written after. */
  readonly toMs?: number;
}

export interface Exported {
  readonly decisions: number;
  readonly facts: number;
  readonly commands: number;
  readonly reports: number;
}

type Kind = keyof Exported | 'other';

const KINDS: Readonly<Record<string, Kind>> = {
  [TOPIC.controllerEvents]: 'decisions',
  [TOPIC.connectionStatus]: 'facts',
  [TOPIC.failoverCommands]: 'commands',
  [TOPIC.relayCommands]: 'commands',
  [TOPIC.healthReports]: 'reports',
};

/**
 * Writes a slice of the log, line by line. It holds all that a replay of it needs: every decision of its connections from
 * the first on, the claims that say which of them count, the facts on agents and settings, and the reports that the fleet
 * was made of.
 */
export async function exportSlice(
  log: Log,
  regions: readonly string[],
  wanted: ExportWanted,
  write: (line: string) => void,
): Promise<Exported> {
  const counts = { decisions: 0, facts: 0, commands: 0, reports: 0 };
  const topics = (...bases: (typeof TOPIC)[keyof typeof TOPIC][]) =>
    regions.flatMap((region) => bases.map((base) => topicName(region, base)));
  const places = await placesOf(log, regions, wanted.connectionId);
  const take = (record: LogRecord) => {
    const kind = KINDS[baseOfTopic(record.topic)] ?? 'other';
    if (kind === 'other' || !isWanted(record, kind, wanted)) return;
    counts[kind] += 1;
    write(lineOfRecord(record, record.raw));
  };
  const from =
    wanted.fromMs === undefined ? 'earliest' : ({ timeMs: wanted.fromMs - TIMING.fleetAgeMs } as const);
  const own = places && { partitions: () => [places.own] };
  const truth = places && {
    partitions: (topic: string) => [...new Set([places.own, places.settings(topic)])],
  };
  // As `verify` reads: what agents wrote comes before the decisions that cite it.
  await readToEnd(log, { topics: topics(TOPIC.connectionStatus), ...own }, take);
  const byAgent = topics(TOPIC.failoverCommands, TOPIC.relayCommands, TOPIC.healthReports);
  await readToEnd(log, { topics: byAgent, from }, take);
  await readToEnd(log, { topics: topics(TOPIC.controllerEvents), ...truth, trusted: true }, take);
  return counts;
}

/** Where the records of one connection stand, and the settings of each region. @throws CliError */
async function placesOf(log: Log, regions: readonly string[], connectionId: string | undefined) {
  let partitions = 0;
  for (const region of regions) {
    partitions = (await endsOf(log, topicName(region, TOPIC.controllerEvents), region)).length;
  }
  if (connectionId === undefined) return undefined;
  return {
    own: log.partitionOf(connectionId, partitions),
    settings: (topic: string) => log.partitionOf(regionKey(regionOfTopic(topic)), partitions),
  };
}

function isWanted(
  record: LogRecord,
  kind: keyof Exported,
  { connectionId, fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY }: ExportWanted,
): boolean {
  const { timestampMs } = record.raw;
  if (timestampMs > toMs) return false;
  const connection = connectionOf(record);
  const isConcerned = connectionId === undefined || connection === undefined || connection === connectionId;
  switch (kind) {
    case 'decisions':
      return isConcerned || isClaim(record);
    case 'facts':
      // Of agents as a whole and of settings: what a loop remembers of them is as old as it may be.
      return isConcerned && (connection === undefined || timestampMs >= fromMs);
    case 'commands':
      return timestampMs >= fromMs && (connectionId === undefined || connection === connectionId);
    case 'reports':
      return timestampMs >= fromMs - TIMING.fleetAgeMs;
    default:
      return kind satisfies never;
  }
}

const isClaim = ({ headers }: LogRecord): boolean => headers.ce_type === messageType(WRITER_CLAIMED);

/** Of an unreadable record its key, which may be a connection's. */
function connectionOf(record: LogRecord): string | undefined {
  if (!record.readable) return record.key;
  const { connection_id } = record.data as { connection_id?: unknown };
  return typeof connection_id === 'string' ? connection_id : undefined;
}
