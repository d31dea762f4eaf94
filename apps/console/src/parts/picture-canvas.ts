import type { Health } from '../model.ts';
import { NARROW_PX } from './picture-layout.ts';
import type { Strand } from './picture-model.ts';
import { type Glide, glideAt, settle, stillAt } from './picture-motion.ts';
import {
  type PictureColours,
  paintGlide,
  paintLabels,
  paintStrand,
  type StrandLook,
  widthOf,
} from './picture-paint.ts';
import type { Curve, Route } from './picture-routes.ts';

/** Sharper than this costs more than it shows. */
const DENSITY_MAX = 2;
const NARROW_THINNER = 0.65;
const LABELS_MAX = 40;
/** With more strands than this, plain counts are shown of what is pointed at alone. */
const PLAIN_LABELS_MAX = 36;
const DIMMED = 0.1;
const STRENGTH: Readonly<Record<Health, number>> = { ok: 0.55, warn: 0.95, bad: 1, idle: 0.6 };
const ORDER: Readonly<Record<Health, number>> = { idle: 0, ok: 1, warn: 2, bad: 3 };

/** Draws the strands on a canvas, and goes on drawing while anything moves, no longer. */
export class PictureCanvas {
  private routes: readonly Route[] = [];
  private shown = new Map<string, Curve>();
  private glides: Glide[] = [];
  private size = { width: 0, height: 0 };
  private frame: number | undefined;
  private lastMs = 0;
  /** In one strand. */
  private most = 1;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private colours: PictureColours,
    private readonly isLit: (strand: Strand) => boolean | undefined,
    private readonly stillness: MediaQueryList,
  ) {}

  recolour(colours: PictureColours): void {
    this.colours = colours;
    this.redraw();
  }

  /** @param snap the curves are at once where they belong: the picture itself has another size */
  show(routes: readonly Route[], width: number, height: number, snap: boolean): void {
    const resized = width !== this.size.width || height !== this.size.height;
    if (resized) this.resize(width, height);
    const before = resized || snap || this.stillness.matches ? new Map<string, Curve>() : this.shown;
    this.shown = new Map(routes.map(({ strand, curve }) => [strand.key, before.get(strand.key) ?? curve]));
    this.routes = [...routes].sort((a, b) => ORDER[a.strand.health] - ORDER[b.strand.health]);
    this.most = Math.max(1, ...routes.map(({ strand }) => strand.count));
    if (resized) this.glides = [];
    this.redraw();
  }

  glide(glides: readonly Glide[]): void {
    this.glides.push(...glides);
    this.redraw();
  }

  /** The curve of any strand between a pair of nodes, where it is seen now. */
  curveOf(pair: string): Curve | undefined {
    const route = this.routes.find(({ strand }) => strand.pair === pair);
    return route && (this.shown.get(route.strand.key) ?? route.curve);
  }

  redraw(): void {
    this.frame ??= requestAnimationFrame((nowMs) => this.draw(nowMs));
  }

  stop(): void {
    if (this.frame !== undefined) cancelAnimationFrame(this.frame);
    this.frame = undefined;
  }

  private resize(width: number, height: number): void {
    const density = Math.min(DENSITY_MAX, devicePixelRatio);
    this.canvas.width = Math.round(width * density);
    this.canvas.height = Math.round(height * density);
    this.canvas.style.setProperty('width', `${width}px`);
    this.canvas.style.setProperty('height', `${height}px`);
    this.size = { width, height };
  }

  private draw(nowMs: number): void {
    this.frame = undefined;
    const ctx = this.canvas.getContext('2d');
    if (!ctx) return;
    const elapsedMs = Math.min(64, nowMs - this.lastMs);
    this.lastMs = nowMs;
    const density = this.canvas.width / (this.size.width || 1);
    ctx.setTransform(density, 0, 0, density, 0, 0);
    ctx.clearRect(0, 0, this.size.width, this.size.height);
    const settled = this.settleAll(elapsedMs);
    const frames = this.glides.map((glide) => ({
      glide,
      at: this.stillness.matches ? stillAt(glide, nowMs) : glideAt(glide, nowMs),
    }));
    const coming = new Set(frames.filter(({ at }) => !at.arrived).map(({ glide }) => glide.toPair));
    const looks = this.routes.map(({ strand, curve }) =>
      this.lookOf(strand, this.shown.get(strand.key) ?? curve, coming),
    );
    for (const look of looks) paintStrand(ctx, look, this.colours, this.stillness.matches ? 0 : nowMs);
    for (const { glide, at } of frames)
      paintGlide(ctx, at, glide.from, this.widthOf(glide.count), this.colours);
    paintLabels(ctx, this.labelled(looks), this.colours);
    this.glides = frames.filter(({ at }) => !at.over).map(({ glide }) => glide);
    const marching = !this.stillness.matches && looks.some(({ moving }) => moving);
    if (!settled || marching || this.glides.length > 0) this.redraw();
  }

  private widthOf(count: number): number {
    return widthOf(count, this.most) * (this.size.width < NARROW_PX ? NARROW_THINNER : 1);
  }

  private settleAll(elapsedMs: number): boolean {
    let settled = true;
    for (const { strand, curve } of this.routes) {
      const at = this.shown.get(strand.key) ?? curve;
      if (at === curve) continue;
      const next = settle(at, curve, elapsedMs);
      this.shown.set(strand.key, next);
      settled &&= next === curve;
    }
    return settled;
  }

  private lookOf(strand: Strand, curve: Curve, coming: ReadonlySet<string>): StrandLook {
    const { health, count, moving, pair } = strand;
    const lit = this.isLit(strand);
    const strength = lit === undefined ? STRENGTH[health] : lit ? 1 : DIMMED;
    const widthPx = this.widthOf(count);
    return {
      curve,
      health,
      count,
      widthPx,
      moving: moving === count,
      strength: coming.has(pair) ? strength * 0.25 : strength,
    };
  }

  /** What is pointed at first, then what is worst, then the largest. */
  private labelled(looks: readonly StrandLook[]): StrandLook[] {
    const plain = looks.length <= PLAIN_LABELS_MAX;
    const wanted = looks.filter(
      ({ strength, health }) =>
        strength > DIMMED && (plain || strength === 1 || health === 'warn' || health === 'bad'),
    );
    wanted.sort((a, b) => ORDER[b.health] - ORDER[a.health] || b.count - a.count);
    return wanted.slice(0, LABELS_MAX);
  }
}
