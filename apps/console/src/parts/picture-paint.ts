import type { Health } from '../model.ts';
import type { GlideFrame } from './picture-motion.ts';
import { type Curve, type Point, pointAt } from './picture-routes.ts';

/** How the picture's lines look; everything that touches the canvas. */

export interface PictureColours {
  readonly ok: string;
  readonly warn: string;
  readonly bad: string;
  readonly idle: string;
  readonly accent: string;
  readonly surface: string;
  readonly line: string;
  readonly text: string;
  readonly font: string;
}

export interface StrandLook {
  readonly curve: Curve;
  readonly health: Health;
  readonly count: number;
  readonly moving: boolean;
  readonly widthPx: number;
  /** 0 to 1. */
  readonly strength: number;
}

const DASHES: Readonly<Record<Health, readonly number[]>> = { ok: [], warn: [], bad: [1, 6], idle: [3, 6] };
const MOVING_DASH = [7, 7];
/** Pixels in a second, along a connection that is on its way. */
const MOVING_SPEED = 26;
const LABEL = { height: 18, padding: 6, mark: 9 };
/** Where along its curve a label may stand; the first place that is free. */
const LABEL_PLACES = [0.5, 0.38, 0.62, 0.28, 0.72];

const THINNEST_PX = 1.5;
const WIDEST_PX = 13;

/** A bundle is as wide as its share of the largest; that one grows slowly with what is in it. */
export function widthOf(count: number, largest: number): number {
  const widest = Math.min(WIDEST_PX, 2 + 1.5 * Math.log2(Math.max(1, largest)));
  return THINNEST_PX + (widest - THINNEST_PX) * (Math.min(count, largest) / Math.max(1, largest)) ** 0.8;
}

function trace(ctx: CanvasRenderingContext2D, [from, a, b, to]: Curve): void {
  ctx.beginPath();
  ctx.moveTo(from.x, from.y);
  ctx.bezierCurveTo(a.x, a.y, b.x, b.y, to.x, to.y);
}

export function paintStrand(
  ctx: CanvasRenderingContext2D,
  look: StrandLook,
  colours: PictureColours,
  nowMs: number,
): void {
  const { curve, health, widthPx, moving, strength } = look;
  ctx.globalAlpha = strength;
  ctx.strokeStyle = colours[health];
  ctx.lineWidth = widthPx;
  ctx.lineCap = DASHES[health].length > 0 ? 'round' : 'butt';
  ctx.setLineDash(moving ? MOVING_DASH : [...DASHES[health]]);
  ctx.lineDashOffset = moving ? -(nowMs / 1_000) * MOVING_SPEED : 0;
  trace(ctx, curve);
  ctx.stroke();
}

/** The place that was left, what glides away from it, and the ring where it arrives. */
export function paintGlide(
  ctx: CanvasRenderingContext2D,
  frame: GlideFrame,
  left: Curve,
  widthPx: number,
  colours: PictureColours,
): void {
  ctx.lineCap = 'round';
  ctx.globalAlpha = frame.ghost;
  ctx.strokeStyle = colours.warn;
  ctx.lineWidth = 1.5;
  ctx.setLineDash([2, 6]);
  trace(ctx, left);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.strokeStyle = colours.accent;
  for (const { curve, strength } of [...frame.curves].reverse()) {
    ctx.globalAlpha = strength;
    ctx.lineWidth = widthPx + 0.8;
    trace(ctx, curve);
    ctx.stroke();
  }
  const end = frame.curves[0]?.curve[3];
  if (end) paintEnd(ctx, end, frame, colours);
}

function paintEnd(
  ctx: CanvasRenderingContext2D,
  end: Point,
  { arrived, ripple }: GlideFrame,
  colours: PictureColours,
): void {
  if (!arrived) {
    ctx.globalAlpha = 1;
    ctx.fillStyle = colours.accent;
    ctx.beginPath();
    ctx.arc(end.x, end.y, 5, 0, 2 * Math.PI);
    ctx.fill();
  }
  if (ripple === undefined) return;
  ctx.globalAlpha = 1 - ripple;
  ctx.lineWidth = 2;
  ctx.beginPath();
  ctx.arc(end.x, end.y, 5 + ripple * 22, 0, 2 * Math.PI);
  ctx.stroke();
}

interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const overlap = (a: Rect, b: Rect) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

/** Counts and marks on the strands, those that come first in the list first; what has no room is left out. */
export function paintLabels(
  ctx: CanvasRenderingContext2D,
  looks: readonly StrandLook[],
  colours: PictureColours,
): void {
  const taken: Rect[] = [];
  ctx.font = `600 11px ${colours.font}`;
  ctx.textBaseline = 'middle';
  ctx.setLineDash([]);
  for (const { curve, health, count, strength } of looks) {
    const marked = health === 'warn' || health === 'bad';
    const text = count > 1 ? String(count) : '';
    if (!marked && text === '') continue;
    const inner =
      (marked ? LABEL.mark : 0) + (marked && text ? 4 : 0) + (text ? ctx.measureText(text).width : 0);
    const width = Math.max(LABEL.height, inner + 2 * LABEL.padding);
    const spots = LABEL_PLACES.map((t) => pointAt(curve, t)).map(({ x, y }) => ({
      x: x - width / 2,
      y: y - LABEL.height / 2,
      width,
      height: LABEL.height,
    }));
    const spot = spots.find((rect) => !taken.some((other) => overlap(rect, other)));
    if (!spot) continue;
    taken.push(spot);
    ctx.globalAlpha = strength < 0.3 ? strength : 1;
    paintPill(ctx, spot, colours[health], colours);
    const left = spot.x + (width - inner) / 2;
    const middle = spot.y + LABEL.height / 2;
    if (marked) paintMark(ctx, health, left, middle, colours[health]);
    ctx.fillStyle = colours.text;
    if (text) ctx.fillText(text, left + inner - ctx.measureText(text).width, middle + 0.5);
  }
}

function paintPill(
  ctx: CanvasRenderingContext2D,
  { x, y, width, height }: Rect,
  edge: string,
  { surface }: PictureColours,
): void {
  ctx.beginPath();
  ctx.roundRect(x, y, width, height, height / 2);
  ctx.fillStyle = surface;
  ctx.fill();
  ctx.lineWidth = 1.25;
  ctx.strokeStyle = edge;
  ctx.stroke();
}

/** The triangle and the cross of the badges. */
function paintMark(
  ctx: CanvasRenderingContext2D,
  health: Health,
  left: number,
  middle: number,
  colour: string,
): void {
  const half = LABEL.mark / 2;
  ctx.beginPath();
  if (health === 'warn') {
    ctx.moveTo(left + half, middle - half);
    ctx.lineTo(left + LABEL.mark, middle + half - 0.5);
    ctx.lineTo(left, middle + half - 0.5);
    ctx.fillStyle = colour;
    ctx.fill();
    return;
  }
  ctx.moveTo(left + 1, middle - half + 1);
  ctx.lineTo(left + LABEL.mark - 1, middle + half - 1);
  ctx.moveTo(left + LABEL.mark - 1, middle - half + 1);
  ctx.lineTo(left + 1, middle + half - 1);
  ctx.lineWidth = 2;
  ctx.lineCap = 'round';
  ctx.strokeStyle = colour;
  ctx.stroke();
}
