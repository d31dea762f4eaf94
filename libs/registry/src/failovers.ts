import type { Suppression } from '#libs/contracts';
import type { RedisClient, RedisCommand } from './client.ts';
import { listNamed, type Page, type PageRequest } from './cursor.ts';
import { ageOf, connectionOfFailover, failoverOfMember, ledgerScore, memberOf } from './failover-order.ts';
import { filteredPage, fits, isEmpty } from './filtered-page.ts';
import { KEYS } from './keys.ts';
import { REGISTRY_LIMITS } from './limits.ts';

/** The ledger of one move. Times are RFC 3339; an absent one has not come. */
export interface FailoverView {
  readonly failover_id: string;
  readonly connection_id: string;
  readonly from?: string;
  readonly to?: string;
  readonly reason: string;
  readonly detected_at: string;
  readonly decided_at?: string;
  readonly commanded_at?: string;
  readonly active_at?: string;
  /** The move is called for and held back; absent: it is not, or no longer. */
  readonly suppressed?: Suppression;
}

/** Every member given must be so. */
export interface FailoverFilter
  extends Partial<Pick<FailoverView, 'connection_id' | 'reason' | 'from' | 'to'>> {
  /** Detected at this time or later, in milliseconds. */
  readonly sinceMs?: number;
  /** Detected before this time, in milliseconds. */
  readonly untilMs?: number;
}

const LIST = 'failovers';
/** Failovers looked at in one go by a list with a filter. */
const STRIDE = 500;

/** Newest first. */
export async function listFailovers(
  client: RedisClient,
  request: PageRequest,
  filter: FailoverFilter = {},
): Promise<Page<FailoverView>> {
  const { sinceMs, untilMs, connection_id, ...others } = filter;
  const list = listNamed(LIST, filter);
  const bounds = { list, request, scanned: REGISTRY_LIMITS.failoversScanned };
  // Newest first means by age: what is older than `since` comes after it.
  const end = sinceMs === undefined ? '+' : `[${ageOf(sinceMs)}~`;
  const first = untilMs === undefined ? '-' : `(${ageOf(untilMs)}~`;
  if (connection_id !== undefined) {
    const known = await ledgersOf(client, connection_id);
    const within = new Map(known.filter(([member]) => isWithin(member, first, end)));
    return filteredPage({ ...bounds, stride: STRIDE }, pageOf([...within.keys()]), async (members) =>
      members.map((member) => keep(within.get(member), others)),
    );
  }
  return filteredPage(
    { ...bounds, stride: isEmpty(others) ? undefined : STRIDE, first },
    async (from, count) => {
      const [found] = await client.run([['zrangebylex', KEYS.allFailovers, from, end, 'LIMIT', 0, count]]);
      return found as string[];
    },
    async (members) => {
      const answers = await client.run(members.map((member) => ledgerCommand(failoverOfMember(member))));
      return answers.map((answer, i) => keep(viewOf(answer, failoverOfMember(members[i] as string)), others));
    },
  );
}

function keep(view: FailoverView | undefined, filter: Partial<FailoverView>): FailoverView | undefined {
  return view && fits(filter, view) ? view : undefined;
}

/** The ledgers kept of one connection, newest first, each with its member in the list of all. */
async function ledgersOf(client: RedisClient, id: string): Promise<[string, FailoverView][]> {
  const [found] = await client.run([['zrange', KEYS.connectionFailovers(id), 0, -1]]);
  const views = (found as string[]).map((json) => JSON.parse(json) as FailoverView);
  return views
    .map((view): [string, FailoverView] => [memberOf(view), view])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function pageOf(members: readonly string[]) {
  return async (from: string, count: number): Promise<string[]> =>
    members.filter((member) => isWithin(member, from, '+')).slice(0, count);
}

/** As Redis compares members with the bounds of a range by name. */
function isWithin(member: string, first: string, end: string): boolean {
  return (first === '-' || member > first.slice(1)) && (end === '+' || member <= end.slice(1));
}

export async function oneFailover(client: RedisClient, id: string): Promise<FailoverView | undefined> {
  const [answer] = await client.run([ledgerCommand(id)]);
  return viewOf(answer, id);
}

function ledgerCommand(id: string): RedisCommand {
  const score = ledgerScore(id);
  return ['zrangebyscore', KEYS.connectionFailovers(connectionOfFailover(id)), score, score];
}

/** Undefined also for a ledger that REGISTRY_LIMITS let go. */
function viewOf(answer: unknown, id: string): FailoverView | undefined {
  const [json] = answer as string[];
  if (json === undefined) return undefined;
  const view = JSON.parse(json) as FailoverView;
  return view.failover_id === id ? view : undefined;
}
