import { html, nothing } from 'lit';
import type { Layout, PlacedNode } from './picture-layout.ts';
import type { Picture } from './picture-model.ts';
import type { Point } from './picture-routes.ts';
import { namesOf, nodeWords, strandWords, touchingWords } from './picture-words.ts';
import { styled } from './styled.ts';

/** What is pointed at, in words beside it; the text that stands for the picture says the same to screen readers. */

const GAP_PX = 14;
const BELOW_PX = 8;
/** What stands lower than this share of the picture has its words above it. */
const LOW = 0.6;

type Place = Readonly<Record<string, string>>;

const px = (value: number) => `${Math.round(value)}px`;

/** Below or above a node, on its own side of the picture, so that its strands stay in sight. */
function placeAtNode(
  { x, y, width: nodeWidth, height: nodeHeight, side }: PlacedNode,
  { width, height }: Layout,
): Place {
  const across: Place = side === 'right' ? { right: px(width - x - nodeWidth) } : { left: px(x) };
  const along: Place =
    y > height * LOW ? { bottom: px(height - y + BELOW_PX) } : { top: px(y + nodeHeight + BELOW_PX) };
  return { ...across, ...along };
}

function placeAtPointer({ x, y }: Point, { width, height }: Layout): Place {
  const across: Place = x > width / 2 ? { right: px(width - x + GAP_PX) } : { left: px(x + GAP_PX) };
  const along: Place = y > height * LOW ? { bottom: px(height - y + GAP_PX) } : { top: px(y + GAP_PX) };
  return { ...across, ...along };
}

export function renderTip(
  pointed: string | undefined,
  pointer: Point,
  layout: Layout,
  picture: Picture,
): unknown {
  if (pointed === undefined) return nothing;
  const placed = layout.nodes.get(pointed);
  const strand = placed ? undefined : picture.strands.find(({ key }) => key === pointed);
  if (!placed && !strand) return nothing;
  const names = namesOf(picture);
  const head = placed ? nodeWords(placed.node) : strand ? strandWords(strand, names) : '';
  const lines = placed ? touchingWords(pointed, picture, names) : [];
  const place = placed ? placeAtNode(placed, layout) : placeAtPointer(pointer, layout);
  return html`<div class="tip" aria-hidden="true" ${styled(place)}>
    <strong>${head}</strong>${lines.map((line) => html`<span>${line}</span>`)}
  </div>`;
}
