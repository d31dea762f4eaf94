import type { PlacedNode } from './picture-layout.ts';

const WAYS: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
/** A node straight ahead is nearer than one that is off to the side, by this factor. */
const SIDEWAYS = 3;

/** The node that an arrow key goes to from another; Home and End go to the first and the last. */
export function neighbourOf(
  nodes: ReadonlyMap<string, PlacedNode>,
  id: string,
  key: string,
): string | undefined {
  if (key === 'Home') return nodes.keys().next().value;
  if (key === 'End') return [...nodes.keys()].at(-1);
  const from = nodes.get(id);
  const way = WAYS[key];
  if (!from || !way) return undefined;
  let found: string | undefined;
  let nearest = Number.POSITIVE_INFINITY;
  for (const [other, to] of nodes) {
    const dx = to.x + to.width / 2 - from.x - from.width / 2;
    const dy = to.y + to.height / 2 - from.y - from.height / 2;
    const ahead = dx * way[0] + dy * way[1];
    const aside = Math.abs(dx * way[1]) + Math.abs(dy * way[0]);
    const cost = ahead + aside * SIDEWAYS;
    if (ahead > 1 && cost < nearest) [found, nearest] = [other, cost];
  }
  return found;
}
