import { count, plural } from '../format.ts';
import type { Health } from '../model.ts';
import { healthOfAgent } from './health.ts';
import type { NodeKind, Picture, PictureNode, Strand } from './picture-model.ts';
import type { Move } from './picture-moves.ts';

/** What the picture says in words: for screen readers, and for whoever points at something. */

const KIND: Readonly<Record<NodeKind, string>> = {
  'client-sidecar': 'client sidecar',
  'server-sidecar': 'server sidecar',
  broker: 'broker',
  endpoints: '',
};
const STRAND_HEALTH: Readonly<Record<Health, string>> = {
  ok: 'well',
  warn: 'degraded',
  bad: 'failed',
  idle: 'requested',
};
/** Strands told of one node. */
const TOLD_STRANDS = 6;

/** `3 lost, 1 suspect, 2 draining`; empty when all is well. */
export function troubleOf({ agents }: PictureNode): string {
  const of = (status: string) => agents.filter((agent) => agent.status === status).length;
  const draining = agents.filter((agent) => agent.draining && agent.status === 'alive').length;
  const low = agents.filter(
    (agent) => healthOfAgent(agent) === 'warn' && agent.status === 'alive' && !agent.draining,
  ).length;
  const parts = [
    [of('lost'), 'lost'],
    [of('suspect'), 'suspect'],
    [draining, 'draining'],
    [low, 'low score'],
  ] as const;
  const told = parts.filter(([n]) => n > 0);
  return told.map(([n, word]) => (agents.length === 1 ? word : `${count(n)} ${word}`)).join(', ');
}

const carried = (kind: NodeKind): string => (kind === 'broker' || kind === 'endpoints' ? 'session' : 'link');

export function loadOf({ connections, capacity, kind }: PictureNode): string {
  return capacity === undefined
    ? plural(connections, carried(kind))
    : `${count(connections)} of ${plural(capacity, carried(kind))}`;
}

/** The node in one line. */
export function nodeWords(node: PictureNode): string {
  const { name, kind, agents, location, serverGroup } = node;
  if (kind === 'endpoints') return `${name}, ${loadOf(node)}`;
  const what = agents.length === 1 ? KIND[kind] : plural(agents.length, KIND[kind]);
  const where = agents.length === 1 ? [serverGroup, location] : [];
  return [name, what, ...where, troubleOf(node) || statusOf(node), loadOf(node)].filter(Boolean).join(', ');
}

const statusOf = ({ health }: PictureNode): string =>
  health === 'ok' ? 'alive' : health === 'idle' ? 'not heard' : '';

export function healthWords({ health, count: n, moving, kind }: Strand): string {
  const word = moving > 0 && moving === n ? 'moving' : STRAND_HEALTH[health];
  return `${plural(n, kind)} ${word}`;
}

const nameIn = (names: ReadonlyMap<string, string>, id: string | undefined) =>
  id === undefined ? 'nowhere' : (names.get(id) ?? id);

export const namesOf = ({ nodes }: Picture): Map<string, string> =>
  new Map(nodes.map(({ id, name }) => [id, name]));

export function strandWords(strand: Strand, names: ReadonlyMap<string, string>): string {
  return `${nameIn(names, strand.from)} → ${nameIn(names, strand.to)}: ${healthWords(strand)}`;
}

const WEIGHT: Readonly<Record<Health, number>> = { bad: 0, warn: 1, idle: 2, ok: 3 };

/** The worst first, then the largest. */
export const byWeight = (a: Strand, b: Strand): number =>
  WEIGHT[a.health] - WEIGHT[b.health] || b.count - a.count;

/** Lines on what touches a node. */
export function touchingWords(
  id: string,
  { strands }: Picture,
  names: ReadonlyMap<string, string>,
): string[] {
  const here = strands.filter(({ from, to }) => from === id || to === id).sort(byWeight);
  const lines = here
    .slice(0, TOLD_STRANDS)
    .map(
      (strand) => `${nameIn(names, strand.from === id ? strand.to : strand.from)}: ${healthWords(strand)}`,
    );
  return here.length > TOLD_STRANDS ? [...lines, `and ${here.length - TOLD_STRANDS} more`] : lines;
}

/** The whole picture in a sentence or two. */
export function summaryWords({ nodes, strands }: Picture): string {
  const links = strands.filter(({ kind }) => kind === 'link');
  const sessions = strands.filter(({ kind, from }) => kind === 'session' && from.endsWith('controllers'));
  const sum = (of: readonly Strand[]) => of.reduce((total, strand) => total + strand.count, 0);
  const troubled = sum([...links, ...sessions].filter(({ health }) => health === 'bad' || health === 'warn'));
  const regions = [...new Set(nodes.map(({ region }) => region).filter(Boolean))].sort();
  const agents = nodes.reduce((total, node) => total + node.agents.length, 0);
  return (
    `Control regions ${regions.join(' and ') || 'unknown'}: ${plural(agents, 'agent')}, ` +
    `${plural(sum(links), 'link')} and ${plural(sum(sessions), 'session')}, ` +
    (troubled === 0 ? 'all well.' : `${count(troubled)} of them not well.`)
  );
}

/** What moved, for a live region; the largest moves by name. */
export function moveWords(moves: readonly Move[]): string {
  const [largest] = moves;
  if (!largest) return '';
  const total = moves.reduce((sum, move) => sum + move.count, 0);
  const where =
    largest.went === undefined ? `left ${largest.left ?? 'its place'}` : `moved to ${largest.went}`;
  const first = `${plural(largest.count, largest.kind)} ${where}`;
  return total === largest.count
    ? `${first}.`
    : `${first}; ${count(total - largest.count)} more moved elsewhere.`;
}
