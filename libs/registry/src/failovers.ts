import type { Suppression } from '#libs/contracts';
import type { RedisClient, RedisCommand } from './client.ts';
import { encodeCursor, lexAfter, type Page, type PageRequest, pageSize } from './cursor.ts';
import { connectionOfFailover, failoverOfMember, ledgerScore } from './failover-order.ts';
import { KEYS } from './keys.ts';

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

const LIST = 'failovers';

/** Newest first. */
export async function listFailovers(client: RedisClient, request: PageRequest): Promise<Page<FailoverView>> {
  const limit = pageSize(request);
  const [found] = await client.run([
    ['zrangebylex', KEYS.allFailovers, lexAfter(LIST, request), '+', 'LIMIT', 0, limit + 1],
  ]);
  const members = (found as string[]).slice(0, limit);
  const answers = await client.run(members.map((member) => ledgerCommand(failoverOfMember(member))));
  const items = answers.flatMap((answer, i) => viewOf(answer, failoverOfMember(members[i] as string)) ?? []);
  const more = (found as string[]).length > limit;
  return more ? { items, next_cursor: encodeCursor(LIST, members[limit - 1] as string) } : { items };
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
