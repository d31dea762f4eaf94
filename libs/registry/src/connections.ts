import type { RedisClient } from './client.ts';
import {
  decodeCursor,
  encodeCursor,
  lexAfter,
  listNamed,
  type Page,
  type PageRequest,
  pageSize,
} from './cursor.ts';
import { InvalidCursor } from './errors.ts';
import { eventOfText } from './event-text.ts';
import { KEYS } from './keys.ts';
import { REGISTRY_LIMITS } from './limits.ts';
import { rowOf } from './rows.ts';
import { INDEX_COLUMNS } from './scripts/connection-index.ts';

export interface ConnectionView {
  readonly connection_id: string;
  readonly kind: string;
  readonly status: string;
  readonly phase: string;
  readonly epoch: number;
  readonly version: number;
  readonly home_region: string;
  readonly client_id?: string;
  readonly server_id?: string;
  readonly broker_id?: string;
  readonly failover_target?: string;
  readonly health_score?: number;
  readonly last_heartbeat?: string;
  readonly updated_at: string;
}

/** One decision on a connection, as it stands in the log. */
export interface EventView {
  readonly event_id: string;
  readonly type: string;
  readonly time: string;
  readonly partition: number;
  readonly offset: number;
  readonly data: Record<string, unknown>;
}

export type ConnectionFilter = Partial<Record<(typeof INDEX_COLUMNS)[number], string>>;

/** Index rows looked at in one go. */
const STRIDE = 1_000;
/** The most telling column first: its index is walked, the other columns are compared. */
const BY_SELECTIVITY = [
  'server_id',
  'broker_id',
  'client_id',
  'phase',
  'status',
  'home_region',
  'kind',
] as const;

/** What lists of connections may be ordered by; with `-` from its end. */
export const CONNECTION_SORTS = ['connection_id', '-connection_id', 'updated_at', '-updated_at'] as const;
export type ConnectionSort = (typeof CONNECTION_SORTS)[number];

/**
 * By `updated_at` a connection that changes while pages are turned moves to the newest end: from the newest on it is
 * not met again, from the oldest on it is met anew. One that stays is met once, in any order.
 */
export async function listConnections(
  client: RedisClient,
  filter: ConnectionFilter,
  request: PageRequest,
  sort: ConnectionSort = 'connection_id',
): Promise<Page<ConnectionView>> {
  const list = listName(filter, sort);
  const start = lexAfter(list, request, sort.startsWith('-'));
  const { ids, next } = await findIds(client, walkOf(filter, sort), filter, start, pageSize(request));
  const rows = await client.run(ids.map((id) => ['hgetall', KEYS.connection(id)]));
  const items = rows.flatMap((row, i) => {
    const view = connectionView(ids[i] as string, row as Record<string, string>);
    return view && matches(filter, view) ? [view] : [];
  });
  return next === undefined ? { items } : { items, next_cursor: encodeCursor(list, next) };
}

export async function oneConnection(client: RedisClient, id: string): Promise<ConnectionView | undefined> {
  const [row] = await client.run([['hgetall', KEYS.connection(id)]]);
  return connectionView(id, row as Record<string, string>);
}

/** Undefined: no such connection. Decisions that REGISTRY_LIMITS let go stand in the log only. */
export async function eventsOfConnection(
  client: RedisClient,
  id: string,
  request: PageRequest,
): Promise<Page<EventView> | undefined> {
  const list = `events/${id}`;
  const after = request.cursor === undefined ? 0 : Number(decodeCursor(list, request.cursor));
  if (!Number.isSafeInteger(after) || after < 0) throw new InvalidCursor();
  const limit = pageSize(request);
  const [found] = await client.run([
    ['eventsPage', KEYS.connection(id), KEYS.connectionEvents(id), after, limit],
  ]);
  if (found === null) return undefined;
  const [from, version, events] = found as [number, number, string[]];
  const items = events.map((event) => eventOfText(event));
  const last = from + items.length - 1;
  return last >= version || items.length === 0
    ? { items }
    : { items, next_cursor: encodeCursor(list, String(last)) };
}

export function listName(filter: ConnectionFilter, sort: ConnectionSort = 'connection_id'): string {
  return listNamed(`connections/${sort}`, filter);
}

/** The index that a list walks, and the columns that it compares beside. */
interface Walk {
  readonly index: string;
  readonly others: readonly (typeof INDEX_COLUMNS)[number][];
  readonly byUpdate: boolean;
  /** From the end on. */
  readonly down: boolean;
}

function walkOf(filter: ConnectionFilter, sort: ConnectionSort): Walk {
  const byUpdate = sort.endsWith('updated_at');
  const column = byUpdate ? undefined : BY_SELECTIVITY.find((each) => filter[each] !== undefined);
  const byName = column ? KEYS.connectionsWith(column, filter[column] as string) : KEYS.allConnections;
  return {
    index: byUpdate ? KEYS.connectionsByUpdate : byName,
    others: INDEX_COLUMNS.filter((each) => each !== column && filter[each] !== undefined),
    byUpdate,
    down: sort.startsWith('-'),
  };
}

/** Up to `limit` ids that match, and the member to go on after unless that was the end. */
async function findIds(
  client: RedisClient,
  { index, others, byUpdate, down }: Walk,
  filter: ConnectionFilter,
  start: string,
  limit: number,
): Promise<{ ids: string[]; next?: string }> {
  const idOf = (member: string) => (byUpdate ? member.slice(member.indexOf('|') + 1) : member);
  const taken: string[] = [];
  const ids = () => taken.map(idOf);
  let from = start;
  for (let scanned = 0; scanned < REGISTRY_LIMITS.rowsScanned; ) {
    const stride = others.length === 0 ? limit + 1 - taken.length : STRIDE;
    const page = ['LIMIT', 0, stride] as const;
    const [found] = await client.run([
      down ? ['zrevrangebylex', index, from, '-', ...page] : ['zrangebylex', index, from, '+', ...page],
    ]);
    const members = found as string[];
    const fit = new Set(await withOthers(client, members.map(idOf), filter, others));
    for (const member of members) {
      if (!fit.has(idOf(member))) continue;
      if (taken.length === limit) return { ids: ids(), next: taken[limit - 1] as string };
      taken.push(member);
    }
    if (members.length < stride) return { ids: ids() };
    from = `(${members[members.length - 1]}`;
    scanned += members.length;
  }
  return { ids: ids(), next: from.slice(1) };
}

async function withOthers(
  client: RedisClient,
  ids: readonly string[],
  filter: ConnectionFilter,
  others: readonly (typeof INDEX_COLUMNS)[number][],
): Promise<readonly string[]> {
  if (others.length === 0 || ids.length === 0) return ids;
  const [rows] = await client.run([['hmget', KEYS.connectionRows, ...ids]]);
  return ids.filter((_id, i) => {
    const values = ((rows as (string | null)[])[i] ?? '').split('\t').slice(1);
    return others.every((column) => values[INDEX_COLUMNS.indexOf(column)] === filter[column]);
  });
}

/** The row may have changed since it was found by an index: an answer never contradicts its filter. */
export function matches(filter: ConnectionFilter, view: ConnectionView): boolean {
  return INDEX_COLUMNS.every((column) => filter[column] === undefined || view[column] === filter[column]);
}

export function connectionView(id: string, fields: Record<string, string>): ConnectionView | undefined {
  if (fields.version === undefined) return undefined;
  const row = rowOf(fields);
  return row.defined({
    connection_id: id,
    kind: row.text('kind') ?? '',
    status: row.text('status') ?? '',
    phase: row.text('phase') ?? '',
    epoch: row.number('epoch') ?? 0,
    version: row.number('version') ?? 0,
    home_region: row.text('home_region') ?? '',
    client_id: row.text('client_id'),
    server_id: row.text('server_id'),
    broker_id: row.text('broker_id'),
    failover_target: row.text('failover_target'),
    health_score: row.number('health_score'),
    last_heartbeat: row.text('last_heartbeat'),
    updated_at: row.text('updated_at') ?? '',
  });
}
