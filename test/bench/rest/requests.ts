import { Random } from '../../simulation/random.ts';
import { BUSY, type Filled } from './fill.ts';
import { beginOf, FIRST_MS, linkOf, SERVERS, SPREAD_MS, STORY_MS, serverOf } from './stories.ts';

/** What a request reads of the registry: the floor reads just that. */
export type Reads =
  | { readonly of: 'get'; readonly id: string }
  | { readonly of: 'list'; readonly filter: Readonly<Record<string, string>> }
  | { readonly of: 'explain'; readonly id: string }
  | { readonly of: 'at'; readonly id: string; readonly atMs: number }
  | { readonly of: 'list-at'; readonly atMs: number };

export interface Request {
  /** Behind the address of the server. */
  readonly path: string;
  readonly reads: Reads;
}

export const CALLS = ['get', 'list', 'explain', 'at', 'at-busy', 'list-at'] as const;
export type CallName = (typeof CALLS)[number];

const BASE = '/api/v1/connections';
const pathOf = (id: string) => `${BASE}/${encodeURIComponent(id)}`;
const timeOf = (atMs: number) => new Date(atMs).toISOString();

/** So many different requests of a call; the same ones for the same registry. */
export function requestsOf(
  call: CallName,
  { links, withFacts, busyEndsMs }: Filled,
  count: number,
): Request[] {
  const random = new Random(CALLS.indexOf(call) + 1);
  const anyLink = (among = links) => linkOf(random.between(0, among));
  const anyTime = () => FIRST_MS + random.between(0, 2 * SPREAD_MS);
  const make: Record<CallName, () => Request> = {
    get: () => {
      const id = anyLink();
      return { path: pathOf(id), reads: { of: 'get', id } };
    },
    list: () => {
      const filter = random.pick([
        {},
        { status: 'active', kind: 'link' },
        { server_id: serverOf(random.between(0, SERVERS)) },
      ]) as Record<string, string>;
      return { path: `${BASE}?${new URLSearchParams(filter)}`, reads: { of: 'list', filter } };
    },
    explain: () => {
      const id = anyLink(withFacts);
      return { path: `${pathOf(id)}/explain`, reads: { of: 'explain', id } };
    },
    at: () => {
      const n = random.between(0, links);
      return ofOne(linkOf(n), beginOf(n) + random.between(0, 2 * STORY_MS));
    },
    'at-busy': () => ofOne(BUSY, random.between(FIRST_MS + 1, busyEndsMs)),
    'list-at': () => {
      const atMs = anyTime();
      return { path: `${BASE}?at=${timeOf(atMs)}`, reads: { of: 'list-at', atMs } };
    },
  };
  return Array.from({ length: count }, () => make[call]());
}

function ofOne(id: string, atMs: number): Request {
  return { path: `${pathOf(id)}?at=${timeOf(atMs)}`, reads: { of: 'at', id, atMs } };
}
