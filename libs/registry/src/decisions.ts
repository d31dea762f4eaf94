import {
  type AgentDecision,
  type LinkDecision,
  REGION_DECISIONS,
  type RegionDecision,
  type RegionDecisionName,
  type SessionDecision,
} from '#libs/contracts';
import type { RedisClient, RedisCommand } from './client.ts';
import { timePrefix } from './event-text.ts';
import { failoverMember, ledgerScore } from './failover-order.ts';
import { decidedMsOf } from './history/entry.ts';
import { sealHistories } from './history/seal.ts';
import { KEYS } from './keys.ts';
import { REGISTRY_LIMITS } from './limits.ts';
import { INDEX_COLUMNS } from './scripts/connection-index.ts';
import { settingFields } from './settings.ts';

/** A decision as it stands in the log. */
export interface DecisionRecord {
  readonly key: string;
  readonly event_id: string;
  /** Short name, e.g. `failover-decided`. */
  readonly name: string;
  readonly version: number;
  readonly timeMs: number;
  readonly partition: number;
  readonly offset: number;
  readonly data: LinkDecision | SessionDecision | AgentDecision | RegionDecision;
  /** The data as JSON; the record's own bytes serve. */
  readonly dataJson: string;
}

/** The registry has `have` of a key and was given `next`: what lies between is missing. */
export interface VersionGap {
  readonly key: string;
  readonly have: number;
  readonly next: number;
}

export interface ApplyOutcome {
  readonly applied: number;
  /** Were there already. */
  readonly skipped: number;
  readonly gaps: readonly VersionGap[];
}

/** What rows there are: each kind has its own. */
export type AggregateKind = 'connection' | 'agent' | 'region';

/** The events must still hold what was not sealed yet when a run has been added to them. */
const RUN_LENGTH = REGISTRY_LIMITS.eventsPerConnection - REGISTRY_LIMITS.historyBlock;

/** Decisions of one key, their versions without gaps. */
interface Run {
  readonly key: string;
  readonly records: DecisionRecord[];
}

/**
 * Applies decisions in the order of the log; each is applied once, however often it is given.
 * The rows first, then their histories and the indexes over them: a list may miss a row for a moment, never for good,
 * because whoever stopped in between gives the same decisions again.
 */
export async function applyDecisions(
  client: RedisClient,
  records: readonly DecisionRecord[],
): Promise<ApplyOutcome> {
  let outcome: ApplyOutcome = { applied: 0, skipped: 0, gaps: [] };
  for (const runs of rounds(records)) {
    const sorted: Sorted = { connection: [], agent: [], region: [] };
    for (const run of runs) sorted[kindOf(newest(run))].push(run);
    const before = await applyRuns(client, sorted);
    const all = [...sorted.connection, ...sorted.agent, ...sorted.region];
    outcome = all.reduce((sum, run, i) => counted(sum, run, before[i] ?? 0), outcome);
    await sealHistories(client, filling(sorted.connection));
    await client.run(indexCommands(sorted));
  }
  return outcome;
}

function newest(run: Run): DecisionRecord {
  return run.records[run.records.length - 1] as DecisionRecord;
}

type Sorted = Record<AggregateKind, Run[]>;

const OF_REGIONS: ReadonlySet<string> = new Set(REGION_DECISIONS);

function kindOf({ name, data }: DecisionRecord): AggregateKind {
  if (OF_REGIONS.has(name)) return 'region';
  return 'connection_id' in data ? 'connection' : 'agent';
}

/** Rounds of runs, one run a key and round; more than one round only when versions of a key have a gap. */
function rounds(records: readonly DecisionRecord[]): Run[][] {
  const perKey = new Map<string, Run[]>();
  for (const record of records) {
    const runs = perKey.get(record.key) ?? [];
    if (runs.length === 0) perKey.set(record.key, runs);
    const last = runs[runs.length - 1];
    const have = last && newest(last).version;
    if (have !== undefined && record.version <= have) continue;
    if (last && have === record.version - 1 && last.records.length < RUN_LENGTH) {
      last.records.push(record);
    } else {
      runs.push({ key: record.key, records: [record] });
    }
  }
  const depth = Math.max(0, ...[...perKey.values()].map((runs) => runs.length));
  return Array.from({ length: depth }, (_none, round) =>
    [...perKey.values()].flatMap((runs) => runs[round] ?? []),
  );
}

/** Connections of which a decision was given that fills a block of their history, applied just now or before. */
function filling(runs: readonly Run[]): string[] {
  const blocks = (version: number) => Math.floor(version / REGISTRY_LIMITS.historyBlock);
  return runs.flatMap((run) => {
    const [first] = run.records;
    return first && blocks(newest(run).version) > blocks(first.version - 1) ? [run.key] : [];
  });
}

async function applyRuns(client: RedisClient, { connection, agent, region }: Sorted): Promise<number[]> {
  const size = client.clustered ? 1 : REGISTRY_LIMITS.rowsPerCall;
  const answers = await client.run([
    ...chunks(connection, size).map(connectionCall),
    ...chunks(agent, size).map((runs) => rowCall('applyAgentDecisions', runs, KEYS.agent, agentRow)),
    ...chunks(region, size).map((runs) => rowCall('applyRegionDecisions', runs, KEYS.settings, settingsRow)),
  ]);
  return (answers as number[][]).flat();
}

function counted(sum: ApplyOutcome, run: Run, before: number): ApplyOutcome {
  const first = (run.records[0] as DecisionRecord).version;
  const last = newest(run).version;
  if (before + 1 < first) return { ...sum, gaps: [...sum.gaps, { key: run.key, have: before, next: first }] };
  const skipped = Math.min(before, last) - first + 1;
  return { ...sum, applied: sum.applied + run.records.length - skipped, skipped: sum.skipped + skipped };
}

function connectionCall(runs: readonly Run[]): RedisCommand {
  const keys: string[] = [];
  const args: (string | number)[] = [
    REGISTRY_LIMITS.eventsPerConnection,
    REGISTRY_LIMITS.failoversPerConnection,
  ];
  for (const run of runs) {
    keys.push(KEYS.connection(run.key), KEYS.connectionEvents(run.key), KEYS.connectionFailovers(run.key));
    args.push((run.records[0] as DecisionRecord).version, newest(run).version);
    for (const record of run.records) args.push(eventText(record));
    pushRow(args, connectionRow(newest(run)));
    const ledgers = [...ledgersOf(run)].flat();
    args.push(ledgers.length, ...ledgers);
  }
  return ['applyConnectionDecisions', keys.length, ...keys, ...args];
}

function rowCall(
  script: string,
  runs: readonly Run[],
  keyOf: (id: string) => string,
  rowOf: (run: Run) => Row,
): RedisCommand {
  const args: (string | number)[] = [];
  for (const run of runs) {
    args.push((run.records[0] as DecisionRecord).version, newest(run).version);
    pushRow(args, rowOf(run));
  }
  return [script, runs.length, ...runs.map((run) => keyOf(run.key)), ...args];
}

type Row = Record<string, string | number | undefined>;

/** Fields with a value are set, fields without one removed. */
export function pushRow(args: (string | number)[], row: Row): void {
  const set: (string | number)[] = [];
  const remove: string[] = [];
  for (const [field, value] of Object.entries(row)) {
    if (value === undefined) remove.push(field);
    else set.push(field, value);
  }
  args.push(set.length, ...set, remove.length, ...remove);
}

/** `health_score` and `last_heartbeat` are the reports' to say, so that the order of the two does not matter. */
function connectionRow(record: DecisionRecord): Row {
  const data = record.data as LinkDecision;
  return {
    version: record.version,
    kind: data.kind,
    status: data.status,
    phase: data.phase,
    epoch: data.epoch,
    home_region: data.home_region,
    client_id: data.client_id,
    server_id: data.server_id,
    failover_target: data.failover_target,
    updated_at: data.decided_at,
    ...(data.kind === 'link' ? {} : { broker_id: (record.data as SessionDecision).broker_id }),
  };
}

/** Agents' decisions add up: a drain stays with its incarnation when the agent is lost and comes back. */
function agentRow(run: Run): Row {
  const row: Row = {};
  for (const record of run.records) {
    const data = record.data as AgentDecision;
    Object.assign(row, {
      version: record.version,
      control_region: data.control_region,
      updated_at: data.decided_at,
      ...(data.kind === undefined ? {} : { kind: data.kind }),
    });
    if (record.name === 'agent-lost') row.lost_incarnation = data.incarnation;
    if (record.name === 'agent-recovered') row.lost_incarnation = undefined;
    if (record.name === 'agent-draining') row.draining_incarnation = data.incarnation;
  }
  return row;
}

/** Each decision sets one thing anew; what others set stays. */
function settingsRow(run: Run): Row {
  const row: Row = {};
  for (const { name, version, data } of run.records) {
    Object.assign(row, { version }, settingFields(name as RegionDecisionName, data as RegionDecision));
  }
  return row;
}

function eventText(record: DecisionRecord): string {
  const head = JSON.stringify({
    event_id: record.event_id,
    type: record.name,
    time: new Date(record.timeMs).toISOString(),
    partition: record.partition,
    offset: record.offset,
  });
  const decidedMs = decidedMsOf(record.data.decided_at, record.timeMs);
  return `${timePrefix(decidedMs)}${head.slice(0, -1)},"data":${record.dataJson}}`;
}

/** The newest state of each failover in a run, by score. */
function ledgersOf(run: Run): Map<number, string> {
  const found = new Map<number, string>();
  for (const { data } of run.records) {
    const { failover, connection_id, suppressed } = data as LinkDecision;
    if (failover)
      found.set(
        ledgerScore(failover.failover_id),
        JSON.stringify({ connection_id, ...failover, suppressed }),
      );
  }
  return found;
}

/** The keys of the indexes over connections, and the prefix of the others: what each call on them begins with. */
export const INDEX_KEYS = [
  3,
  KEYS.connectionRows,
  KEYS.allConnections,
  KEYS.connectionsByUpdate,
  KEYS.indexPrefix,
] as const;

function indexCommands({ connection: connections, agent: agents, region: regions }: Sorted): RedisCommand[] {
  const commands: RedisCommand[] = chunks(connections, REGISTRY_LIMITS.rowsPerCall).map((runs) => [
    'indexConnections',
    ...INDEX_KEYS,
    ...runs.flatMap((run) => indexRow(newest(run))),
  ]);
  const failovers = new Set(
    connections.flatMap((run) => run.records).flatMap(({ data }) => failoverMember(data as LinkDecision)),
  );
  for (const members of chunks([...failovers], REGISTRY_LIMITS.rowsPerCall)) {
    commands.push(['zadd', KEYS.allFailovers, ...members.flatMap((member) => [0, member])]);
    commands.push(['zremrangebyrank', KEYS.allFailovers, REGISTRY_LIMITS.failoversListed, -1]);
  }
  if (agents.length > 0) commands.push(['zadd', KEYS.allAgents, ...agents.flatMap(({ key }) => [0, key])]);
  if (regions.length > 0) commands.push(['zadd', KEYS.allRegions, ...regions.flatMap(({ key }) => [0, key])]);
  return commands;
}

function indexRow(record: DecisionRecord): (string | number)[] {
  const data = record.data as LinkDecision;
  const columns: Partial<Record<(typeof INDEX_COLUMNS)[number], string>> = data;
  const members = INDEX_COLUMNS.map((column) => columns[column] ?? '');
  return [record.key, record.version, ...members, new Date(data.decided_at).toISOString()];
}

export function chunks<T>(items: readonly T[], size: number): T[][] {
  const found: T[][] = [];
  for (let at = 0; at < items.length; at += size) found.push(items.slice(at, at + size));
  return found;
}
