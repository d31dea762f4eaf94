import { type Layout, NARROW_PX, type PlacedNode } from './picture-layout.ts';
import type { Strand } from './picture-model.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A cubic curve: its ends and what draws it to the side. */
export type Curve = readonly [from: Point, fromPull: Point, toPull: Point, to: Point];

export interface Route {
  readonly strand: Strand;
  readonly curve: Curve;
}

/** Share of a node's side on which its curves end. */
const PORTS_SHARE = 0.62;
/** Two strands at one node stand this far apart at most, in pixels. */
const PORT_GAP_MAX = 7;
/** A connection that stands nowhere ends so far out, in pixels. */
const STUB_PX = 44;
/** There is little room beside the ends of sessions in a narrow picture. */
const NARROW_STUB_PX = 30;

/** 1 to the right, -1 to the left: to which side a curve leaves a node that goes to another. */
function wayOf(node: PlacedNode, other: PlacedNode | undefined): 1 | -1 {
  if (node.side === 'left') return 1;
  if (node.side === 'right') return -1;
  return other?.side === 'right' ? 1 : -1;
}

const middleY = ({ y, height }: PlacedNode) => y + height / 2;

interface End {
  readonly strand: Strand;
  readonly other: PlacedNode | undefined;
  readonly way: 1 | -1;
}

const WEIGHT = { ok: 0, idle: 1, warn: 2, bad: 3 };

/** Where each strand leaves a node: in the order in which the other ends stand, so that few cross. */
function portsOf(node: PlacedNode, ends: readonly End[]): Map<string, Point> {
  const ports = new Map<string, Point>();
  for (const way of [1, -1] as const) {
    const here = ends.filter((end) => end.way === way);
    here.sort((a, b) => {
      const byPlace = (a.other ? middleY(a.other) : 0) - (b.other ? middleY(b.other) : 0);
      return (
        byPlace || WEIGHT[a.strand.health] - WEIGHT[b.strand.health] || (a.strand.key < b.strand.key ? -1 : 1)
      );
    });
    const gap = Math.min(PORT_GAP_MAX, (node.height * PORTS_SHARE) / Math.max(1, here.length - 1));
    const first = middleY(node) - (gap * (here.length - 1)) / 2;
    const x = way === 1 ? node.x + node.width : node.x;
    for (const [i, { strand }] of here.entries()) ports.set(strand.key, { x, y: first + i * gap });
  }
  return ports;
}

/** The curve between two ports; both on one side of the picture, it goes out and comes back. */
export function curveBetween(from: Point, fromWay: 1 | -1, to: Point, toWay: 1 | -1): Curve {
  const apart = Math.abs(to.x - from.x);
  const reach = fromWay === toWay ? 40 + Math.abs(to.y - from.y) * 0.35 : apart * 0.5;
  return [from, { x: from.x + fromWay * reach, y: from.y }, { x: to.x + toWay * reach, y: to.y }, to];
}

export function routesOf({ nodes, width }: Layout, strands: readonly Strand[]): Route[] {
  const ends = new Map<string, End[]>();
  const add = (id: string, strand: Strand, other: PlacedNode | undefined) => {
    const node = nodes.get(id);
    if (!node) return;
    const list = ends.get(id) ?? [];
    list.push({ strand, other, way: wayOf(node, other) });
    ends.set(id, list);
  };
  for (const strand of strands) {
    const to = strand.to === undefined ? undefined : nodes.get(strand.to);
    add(strand.from, strand, to);
    if (to) add(to.node.id, strand, nodes.get(strand.from));
  }
  const stubOf = ({ side }: PlacedNode) =>
    width < NARROW_PX && side === 'middle' ? NARROW_STUB_PX : STUB_PX;
  const ports = new Map([...ends].map(([id, list]) => [id, portsOf(nodes.get(id) as PlacedNode, list)]));
  return strands.flatMap((strand) => {
    const fromNode = nodes.get(strand.from);
    const toNode = strand.to === undefined ? undefined : nodes.get(strand.to);
    const from = ports.get(strand.from)?.get(strand.key);
    if (!fromNode || !from) return [];
    const way = wayOf(fromNode, toNode);
    const to = toNode && ports.get(toNode.node.id)?.get(strand.key);
    const end = to ?? { x: from.x + way * stubOf(fromNode), y: from.y };
    const endWay = to && toNode ? wayOf(toNode, fromNode) : way === 1 ? -1 : 1;
    return [{ strand, curve: curveBetween(from, way, end, endWay) }];
  });
}

const mix = (a: number, b: number, t: number) => a + (b - a) * t;
const mixPoint = (a: Point, b: Point, t: number): Point => ({ x: mix(a.x, b.x, t), y: mix(a.y, b.y, t) });

/** The curve that is so far on the way from one to another. */
export const mixCurve = (a: Curve, b: Curve, t: number): Curve => [
  mixPoint(a[0], b[0], t),
  mixPoint(a[1], b[1], t),
  mixPoint(a[2], b[2], t),
  mixPoint(a[3], b[3], t),
];

export function pointAt([a, b, c, d]: Curve, t: number): Point {
  const u = 1 - t;
  const of = (axis: 'x' | 'y') =>
    u * u * u * a[axis] + 3 * u * u * t * b[axis] + 3 * u * t * t * c[axis] + t * t * t * d[axis];
  return { x: of('x'), y: of('y') };
}

const SAMPLES = 24;

/** How far a point is from a curve, within a pixel or so. */
export function distanceTo(curve: Curve, { x, y }: Point): number {
  let nearest = Number.POSITIVE_INFINITY;
  let before = curve[0];
  for (let i = 1; i <= SAMPLES; i++) {
    const next = pointAt(curve, i / SAMPLES);
    const dx = next.x - before.x;
    const dy = next.y - before.y;
    const along = ((x - before.x) * dx + (y - before.y) * dy) / (dx * dx + dy * dy || 1);
    const t = Math.max(0, Math.min(1, along));
    nearest = Math.min(nearest, Math.hypot(x - before.x - t * dx, y - before.y - t * dy));
    before = next;
  }
  return nearest;
}

/** The route that is nearest to a point, if one is near enough. */
export function routeAt(routes: readonly Route[], point: Point, withinPx: number): Route | undefined {
  let found: Route | undefined;
  let nearest = withinPx;
  for (const route of routes) {
    const distance = distanceTo(route.curve, point);
    if (distance <= nearest) [found, nearest] = [route, distance];
  }
  return found;
}
