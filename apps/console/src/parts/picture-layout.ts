import type { NodeKind, PictureNode } from './picture-model.ts';

/** Where everything stands. Control regions on the left and on the right, their curves in between. Pixels throughout. */

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export type Side = 'left' | 'right' | 'middle';

export interface PlacedNode extends Box {
  readonly node: PictureNode;
  readonly side: Side;
}

export interface Section {
  readonly caption: string;
  readonly y: number;
  readonly nodes: readonly PlacedNode[];
}

export interface Frame extends Box {
  readonly region: string;
  readonly sections: readonly Section[];
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly frames: readonly Frame[];
  readonly middle: readonly PlacedNode[];
  readonly nodes: ReadonlyMap<string, PlacedNode>;
}

/** Narrower than this, names get one line. */
export const NARROW_PX = 640;
const PAD = 12;
const NARROW_PAD = 6;
const TITLE = 30;
const CAPTION = 24;
const FRAME_GAP = 16;
const MIDDLE = { width: 140, narrowWidth: 80, height: 34, gap: 40 };
const TALL_NODES_MAX = 8;
/** A node's height and the gap below it. */
const SIZES = { tall: { node: 48, gap: 8 }, low: { node: 32, gap: 6 } };

const KINDS: readonly NodeKind[] = ['client-sidecar', 'server-sidecar', 'broker'];
const CAPTIONS: Readonly<Record<NodeKind, string>> = {
  'client-sidecar': 'Client sidecars',
  'server-sidecar': 'Server sidecars',
  broker: 'Brokers',
  endpoints: '',
};

interface Group {
  readonly kind: NodeKind;
  readonly nodes: readonly PictureNode[];
}

interface Column {
  readonly side: 'left' | 'right';
  readonly region: string;
  readonly groups: readonly Group[];
}

const countOf = (nodes: readonly PictureNode[], kind: NodeKind) =>
  nodes.reduce((sum, node) => sum + (node.kind === kind ? Math.max(1, node.agents.length) : 0), 0);

/** Regions with more clients than servers stand on the left; a lone region has a side for each. */
function columnsOf(nodes: readonly PictureNode[]): Column[] {
  const placed = nodes.filter(({ kind }) => kind !== 'endpoints');
  const regions = [...new Set(placed.map(({ region }) => region))].sort();
  const groupsOf = (of: readonly PictureNode[], kinds: readonly NodeKind[]): Group[] =>
    kinds
      .map((kind) => ({ kind, nodes: of.filter((node) => node.kind === kind) }))
      .filter((group) => group.nodes.length > 0);
  if (regions.length === 1) {
    const [region = ''] = regions;
    return [
      { side: 'left', region, groups: groupsOf(placed, ['client-sidecar']) },
      { side: 'right', region, groups: groupsOf(placed, ['server-sidecar', 'broker']) },
    ];
  }
  const leaning = regions.map((region) => {
    const of = placed.filter((node) => node.region === region);
    return { region, of, lean: countOf(of, 'server-sidecar') - countOf(of, 'client-sidecar') };
  });
  leaning.sort((a, b) => a.lean - b.lean || (a.region < b.region ? -1 : 1));
  return leaning.map(({ region, of, lean }, i) => {
    const isRight = lean > 0 || (lean === 0 && i >= regions.length / 2);
    return { side: isRight ? 'right' : 'left', region, groups: groupsOf(of, KINDS) };
  });
}

interface Sizes {
  readonly node: number;
  readonly gap: number;
}

const heightOfGroup = ({ nodes }: Group, { node, gap }: Sizes) => CAPTION + nodes.length * (node + gap);
const heightOfColumn = ({ groups }: Column, sizes: Sizes) =>
  TITLE + PAD + groups.reduce((sum, group) => sum + heightOfGroup(group, sizes), 0);

interface Spot {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  /** Between the frame and what is in it. */
  readonly pad: number;
  /** At least. */
  readonly height: number;
}

/** Brokers stand at the foot, so that those of both sides are level. */
function frameOf(column: Column, spot: Spot, sizes: Sizes): Frame {
  const height = Math.max(spot.height, heightOfColumn(column, sizes));
  let y = spot.y + TITLE;
  const sections = column.groups.map((group): Section => {
    if (group.kind === 'broker') y = spot.y + height - PAD - heightOfGroup(group, sizes);
    const top = y;
    y += heightOfGroup(group, sizes);
    const nodes = group.nodes.map((node, i) => ({
      node,
      side: column.side,
      x: spot.x + spot.pad,
      y: top + CAPTION + i * (sizes.node + sizes.gap),
      width: spot.width - 2 * spot.pad,
      height: sizes.node,
    }));
    return { caption: CAPTIONS[group.kind], y: top, nodes };
  });
  return { region: column.region, x: spot.x, y: spot.y, width: spot.width, height, sections };
}

const endpointsOf = (nodes: readonly PictureNode[]) => nodes.filter(({ kind }) => kind === 'endpoints');

const heightOfEndpoints = ({ length }: readonly PictureNode[]) =>
  length === 0 ? 0 : length * (MIDDLE.height + MIDDLE.gap) - MIDDLE.gap;

/** Controllers and targets stand between the regions, level with the brokers. */
function middleOf(
  nodes: readonly PictureNode[],
  frames: readonly Frame[],
  width: number,
  height: number,
): PlacedNode[] {
  const endpoints = endpointsOf(nodes);
  const brokers = frames
    .flatMap(({ sections }) => sections.flatMap((section) => section.nodes))
    .filter(({ node }) => node.kind === 'broker');
  const top = Math.min(...brokers.map(({ y }) => y), height);
  const bottom = Math.max(...brokers.map((box) => box.y + box.height), 0);
  const boxWidth = width < NARROW_PX ? MIDDLE.narrowWidth : MIDDLE.width;
  const total = heightOfEndpoints(endpoints);
  const first = Math.max(0, Math.min((top + bottom - total) / 2, height - total - PAD));
  return endpoints.map((node, i) => ({
    node,
    side: 'middle',
    x: (width - boxWidth) / 2,
    y: first + i * (MIDDLE.height + MIDDLE.gap),
    width: boxWidth,
    height: MIDDLE.height,
  }));
}

export function layoutOf(nodes: readonly PictureNode[], width: number): Layout {
  const columns = columnsOf(nodes);
  const most = Math.max(
    0,
    ...columns.map(({ groups }) => Math.max(0, ...groups.map((group) => group.nodes.length))),
  );
  const sizes = width >= NARROW_PX && most <= TALL_NODES_MAX ? SIZES.tall : SIZES.low;
  const columnWidth =
    width < NARROW_PX ? Math.floor(width * 0.36) : Math.min(300, Math.max(234, width * 0.25));
  const heights = { left: 0, right: 0 };
  for (const column of columns) heights[column.side] += heightOfColumn(column, sizes) + FRAME_GAP;
  const height = Math.max(
    Math.max(heights.left, heights.right) - FRAME_GAP,
    TITLE,
    heightOfEndpoints(endpointsOf(nodes)) + PAD,
  );
  const below = { left: 0, right: 0 };
  const frames = columns.map((column) => {
    const isAlone = columns.filter(({ side }) => side === column.side).length === 1;
    const x = column.side === 'left' ? 0 : width - columnWidth;
    const spot = {
      x,
      y: below[column.side],
      width: columnWidth,
      pad: width < NARROW_PX ? NARROW_PAD : PAD,
      height: isAlone ? height : 0,
    };
    const frame = frameOf(column, spot, sizes);
    below[column.side] += frame.height + FRAME_GAP;
    return frame;
  });
  const middle = middleOf(nodes, frames, width, height);
  const placed = [
    ...frames.flatMap(({ sections }) => sections.flatMap((section) => section.nodes)),
    ...middle,
  ];
  return { width, height, frames, middle, nodes: new Map(placed.map((each) => [each.node.id, each])) };
}
