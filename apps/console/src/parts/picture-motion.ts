import { type Curve, mixCurve, type Point } from './picture-routes.ts';

/** How what moves is seen moving: a curve glides from its old place to the new one, and its trail fades. Milliseconds. */
export const GLIDE_MS = 1_200;
/** The trail is seen this long, counted from the start of the glide. */
export const TRAIL_MS = 4_500;
const RIPPLE_MS = 900;
/** Curves that follow the gliding one, each further behind. */
const ECHOES = 7;
const ECHO_LAG = 0.055;
/** A curve that must make room covers 63 % of its way in this time. */
const SETTLE_MS = 90;
const SETTLED_PX = 0.4;

export interface Glide {
  readonly from: Curve;
  readonly to: Curve;
  readonly count: number;
  /** Of the pair that it goes to: its strands show once it is there. */
  readonly toPair: string;
  readonly startMs: number;
}

export interface GlideFrame {
  /** The gliding curve first, then what follows it; each with how strong it is, 0 to 1. */
  readonly curves: readonly { readonly curve: Curve; readonly strength: number }[];
  /** How strong the place that was left still is. */
  readonly ghost: number;
  /** How far the ring around the new place has spread, 0 to 1; undefined: none. */
  readonly ripple: number | undefined;
  readonly arrived: boolean;
  readonly over: boolean;
}

export const eased = (t: number): number => (t < 0.5 ? 4 * t ** 3 : 1 - (2 - 2 * t) ** 3 / 2);

const clamped = (value: number) => Math.max(0, Math.min(1, value));

export function glideAt({ from, to, startMs }: Glide, nowMs: number): GlideFrame {
  const ageMs = Math.max(0, nowMs - startMs);
  const t = clamped(ageMs / GLIDE_MS);
  const arrived = ageMs >= GLIDE_MS;
  const fading = clamped((TRAIL_MS - ageMs) / (TRAIL_MS - GLIDE_MS));
  const echoes = Array.from({ length: ECHOES }, (_, i) => ({
    curve: mixCurve(from, to, eased(clamped(t - (i + 1) * ECHO_LAG))),
    strength: arrived ? 0 : 0.34 * (1 - i / ECHOES),
  }));
  const rippleMs = ageMs - GLIDE_MS * 0.86;
  return {
    curves: [{ curve: mixCurve(from, to, eased(t)), strength: fading }, ...(arrived ? [] : echoes)],
    ghost: 0.75 * clamped((TRAIL_MS - ageMs) / TRAIL_MS),
    ripple: rippleMs >= 0 && rippleMs <= RIPPLE_MS ? rippleMs / RIPPLE_MS : undefined,
    arrived,
    over: ageMs >= TRAIL_MS,
  };
}

/** What is shown where motion isn't wanted: the old place and the new one, without anything in between. */
export function stillAt({ to, startMs }: Glide, nowMs: number): GlideFrame {
  const over = nowMs - startMs >= TRAIL_MS;
  return { curves: [{ curve: to, strength: 1 }], ghost: 0.75, ripple: undefined, arrived: true, over };
}

const far = (a: Point, b: Point) => Math.max(Math.abs(a.x - b.x), Math.abs(a.y - b.y));

/** Brings a curve nearer to where it belongs. @returns the same target once it is there */
export function settle(curve: Curve, target: Curve, elapsedMs: number): Curve {
  const next = mixCurve(curve, target, 1 - Math.exp(-elapsedMs / SETTLE_MS));
  return target.every((point, i) => far(point, next[i] as Point) < SETTLED_PX) ? target : next;
}
