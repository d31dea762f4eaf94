import type { RedisClient, RedisCommand } from '../client.ts';
import { type ConnectionFilter, type ConnectionView, listName, matches } from '../connections.ts';
import { encodeCursor, lexAfter, type Page, type PageRequest, pageSize } from '../cursor.ts';
import { chunks } from '../decisions.ts';
import { BeforeRetention, RegistryUnavailable } from '../errors.ts';
import { isEmpty } from '../filtered-page.ts';
import { KEYS } from '../keys.ts';
import { REGISTRY_LIMITS } from '../limits.ts';
import { decodeBlock } from './block.ts';
import { type Entry, entryOfEvent, type HistoryEntry, historyEntry, rowOfEntry } from './entry.ts';
import { historyKeys } from './seal.ts';

/** Which decisions of a history, by version; both ends belong to it. */
export interface HistoryRange {
  readonly fromVersion?: number;
  readonly toVersion?: number;
  /** 1 to REGISTRY_LIMITS.pageSize. */
  readonly limit?: number;
}

/**
 * The connection as its newest decision up to then left it, by the time of the decisions. Undefined: there is no such
 * connection, or there was none yet.
 * @throws BeforeRetention when that long ago is not kept of it.
 */
export async function connectionAt(
  client: RedisClient,
  id: string,
  atMs: number,
): Promise<ConnectionView | undefined> {
  const [view] = await connectionsThen(client, [id], atMs);
  return view;
}

/**
 * Connections by id as they were then. Filters are compared with the rows of then, so a bounded number of rows is looked
 * at for each page: it may be shorter than asked for, or empty, and have a cursor all the same.
 * @throws BeforeRetention when that long ago is not kept of one of them.
 */
export async function listConnectionsAt(
  client: RedisClient,
  filter: ConnectionFilter,
  request: PageRequest,
  atMs: number,
): Promise<Page<ConnectionView>> {
  const list = `${listName(filter)}@${atMs}`;
  const limit = pageSize(request);
  // A connection's kind is for ever; all else that lists are made by may have been otherwise then.
  const index = filter.kind === undefined ? KEYS.allConnections : KEYS.connectionsWith('kind', filter.kind);
  const items: ConnectionView[] = [];
  let from = lexAfter(list, request);
  for (let looked = 0; looked < REGISTRY_LIMITS.historyRowsLooked; ) {
    // Without a filter nearly each row is taken; with one, how many must be looked at cannot be known.
    const wanted = isEmpty(filter) ? limit - items.length : limit;
    const stride = Math.min(REGISTRY_LIMITS.rowsPerCall, wanted);
    const [found] = await client.run([['zrangebylex', index, from, '+', 'LIMIT', 0, stride]]);
    const ids = found as string[];
    const views = await connectionsThen(client, ids, atMs);
    for (const [i, id] of ids.entries()) {
      const view = views[i];
      if (view && matches(filter, view)) items.push(view);
      from = `(${id}`;
      const isLast = ids.length < stride && i === ids.length - 1;
      if (items.length === limit && !isLast) return { items, next_cursor: encodeCursor(list, id) };
    }
    if (ids.length < stride) return { items };
    looked += stride;
  }
  return { items, next_cursor: encodeCursor(list, from.slice(1)) };
}

/** Oldest first; from the oldest one that is kept. Undefined: no such connection. */
export async function historyOf(
  client: RedisClient,
  id: string,
  { fromVersion = 1, toVersion = Number.MAX_SAFE_INTEGER, limit }: HistoryRange,
): Promise<HistoryEntry[] | undefined> {
  const last = Math.min(toVersion, fromVersion + pageSize(limit === undefined ? {} : { limit }) - 1);
  const [found] = await client.run([
    ['historyRangeBuffer', ...historyKeys(id), fromVersion, last, REGISTRY_LIMITS.historyBlock],
  ]);
  if (!found) return undefined;
  const [, , blocks, firstEvent, events] = found as [number, number, (Buffer | null)[], number, Buffer[]];
  const sealed = blocks.flatMap((block) => {
    if (!block) throw lacking(id);
    return decodeBlock(id, block);
  });
  const open = events.map((event, i) => entryOfEvent(event.toString(), firstEvent + i));
  return [...sealed, ...open]
    .filter(({ version }) => version >= fromVersion && version <= last)
    .map((entry) => historyEntry(id, entry));
}

async function connectionsThen(
  client: RedisClient,
  ids: readonly string[],
  atMs: number,
): Promise<(ConnectionView | undefined)[]> {
  const portions = chunks(ids, client.clustered ? 1 : REGISTRY_LIMITS.rowsPerCall);
  const answers = (await client.run(portions.map((some) => askedThen(some, atMs)))) as (Found | null)[][];
  return answers.flat().map((answer, i) => {
    const id = ids[i] as string;
    const entry = answer ? entryThen(id, answer, atMs) : undefined;
    return entry && rowOfEntry(id, entry);
  });
}

/** A word, and what belongs to it. */
type Found = [Buffer, ...unknown[]];

function askedThen(ids: readonly string[], atMs: number): RedisCommand {
  const keys = ids.flatMap(historyKeys);
  return ['historyAtBuffer', keys.length, ...keys, atMs, REGISTRY_LIMITS.historyBlock];
}

function entryThen(id: string, [word, ...rest]: Found, atMs: number): Entry | undefined {
  switch (word.toString()) {
    case 'before':
      return undefined;
    case 'event':
      return entryOfEvent(String(rest[1]), rest[0] as number);
    case 'block':
      return newestUpTo(decodeBlock(id, rest[0] as Buffer), atMs);
    case 'dropped':
      throw new BeforeRetention(Number(rest[0]));
    default:
      throw lacking(id);
  }
}

/** Time does not go back for a history: behind the first decision that is later than the moment nothing counts. */
function newestUpTo(entries: readonly Entry[], atMs: number): Entry | undefined {
  const later = entries.findIndex(({ decidedMs }) => decidedMs > atMs);
  return entries[later < 0 ? entries.length - 1 : later - 1];
}

/** The sweep builds it again; until then there is no answer, rather than a wrong one. */
function lacking(id: string): RegistryUnavailable {
  return new RegistryUnavailable(`the history of ${id} lacks decisions`);
}
