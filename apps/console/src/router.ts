/** Where in the console one is, as it stands behind the `#` of the address: links go deep, filters and moment included. */

export const ROUTES = [
  'overview',
  'connections',
  'connection',
  'failovers',
  'failover',
  'agents',
  'agent',
  'dead-letters',
  'health',
  'policies',
  'not-found',
] as const;
export type RouteName = (typeof ROUTES)[number];

export interface Route {
  readonly name: RouteName;
  /** Of the one thing that `connection`, `failover` and `agent` show. */
  readonly id?: string;
  /** Filters, and `at`. */
  readonly query: Readonly<Record<string, string>>;
}

/** Lists, and what one of their rows is shown by. */
const DETAIL_OF = { connections: 'connection', failovers: 'failover', agents: 'agent' } as const;
type ListName = keyof typeof DETAIL_OF;
/** Pages that one can go to without an id, in the order of the navigation. */
export const SECTIONS = [
  'overview',
  'connections',
  'failovers',
  'agents',
  'dead-letters',
  'health',
  'policies',
] as const satisfies readonly RouteName[];

/** The list that a page belongs to, for what is marked in the navigation. */
export function sectionOf(name: RouteName): RouteName {
  const list = Object.entries(DETAIL_OF).find(([, detail]) => detail === name)?.[0];
  return (list as RouteName | undefined) ?? name;
}

/** @param hash of the location, with its `#` or empty */
export function parseRoute(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const query = Object.fromEntries([...new URLSearchParams(search)].filter(([, value]) => value !== ''));
  const [section, rest] = split(path);
  const name = section === '' ? 'overview' : (section as RouteName);
  if (rest === undefined)
    return { name: (SECTIONS as readonly RouteName[]).includes(name) ? name : 'not-found', query };
  const id = decoded(rest);
  if (!Object.hasOwn(DETAIL_OF, section) || !id) return { name: 'not-found', query };
  return { name: DETAIL_OF[section as ListName], id, query };
}

/** What `parseRoute` reads the same again; empty and absent filters are left out. */
export function hrefOf(
  name: RouteName,
  id?: string,
  query: Readonly<Record<string, string | undefined>> = {},
): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]));
  const search = new URLSearchParams(given).toString();
  const path = name === 'overview' ? '' : sectionOf(name);
  const one = id === undefined ? '' : `/${encodeURIComponent(id)}`;
  return `#/${path}${one}${search === '' ? '' : `?${search}`}`;
}

function split(path: string): [string, string?] {
  const slash = path.indexOf('/');
  if (slash === -1) return [path];
  return [path.slice(0, slash), path.slice(slash + 1)];
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
