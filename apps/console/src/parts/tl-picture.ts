import { html, LitElement, nothing, type PropertyValues } from 'lit';
import type { Agent, Connection } from '../model.ts';
import { baseStyles, healthStyles } from './base-styles.ts';
import { PictureCanvas } from './picture-canvas.ts';
import { type Layout, layoutOf } from './picture-layout.ts';
import { type Picture, type PictureNode, pictureOf, type Strand } from './picture-model.ts';
import { type Move, movesBetween } from './picture-moves.ts';
import { type NodeHandlers, renderFrame, renderMiddle } from './picture-nodes.ts';
import { type Curve, type Route, routeAt, routesOf } from './picture-routes.ts';
import { neighbourOf } from './picture-steps.ts';
import { pictureStyles } from './picture-styles.ts';
import { renderTip } from './picture-tip.ts';
import { byWeight, moveWords, namesOf, strandWords, summaryWords } from './picture-words.ts';
import { styled } from './styled.ts';
import { ThemeWatch, themeValues } from './theme-colours.ts';
import { healthMark } from './tl-status.ts';

/** A pointer within so many pixels of a strand points at it. */
const POINT_PX = 9;
/** Lines of the text that stands for the picture. */
const TOLD_STRANDS_MAX = 60;
/** More connections than this are looked through so often at most, in milliseconds, however often they change. */
const MANY_ROWS = 2_000;
const MANY_EVERY_MS = 200;
const COLOURS = ['ok', 'warn', 'bad', 'idle', 'accent', 'surface', 'line', 'text', 'font'] as const;

/** What `tl-open-node` tells: the agents that the node stands for, none for the endpoints of sessions. */
export interface OpenedNode {
  readonly kind: string;
  readonly region: string;
  readonly agentIds: readonly string[];
}

/** What `tl-open-strand` tells: the agents at its ends; `connectionId` when it is one connection. */
export interface OpenedStrand {
  readonly kind: 'link' | 'session';
  readonly health: string;
  readonly count: number;
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly connectionId?: string;
}

/**
 * The live picture. Properties: `agents` and `connections` (new arrays for each change; rows that didn't change are the same
 * objects, which is what makes 10,000 of them cheap). A connection that stands elsewhere than before glides there. Fires
 * `tl-open-node` and `tl-open-strand`. Arrow keys go from node to node. It is as tall as what it shows.
 */
export class TlPicture extends LitElement {
  static override properties = {
    agents: { attribute: false },
    connections: { attribute: false },
    widthPx: { state: true },
    pointed: { state: true },
    focused: { state: true },
    told: { state: true },
  };

  agents: readonly Agent[] = [];
  connections: readonly Connection[] = [];
  private widthPx = 0;
  /** Id of a node, or key of a strand. */
  private pointed: string | undefined = undefined;
  private focused = '';
  private told = '';

  private picture: Picture = { nodes: [], strands: [] };
  private layout: Layout = layoutOf([], 0);
  private routes: readonly Route[] = [];
  private names: ReadonlyMap<string, string> = new Map();
  private rows = new Map<string, Connection>();
  private moves: readonly Move[] = [];
  private pointer = { x: 0, y: 0 };
  /** What was given is not shown yet. */
  private stale = false;
  private waiting: ReturnType<typeof setTimeout> | undefined;
  private takenMs = Number.NEGATIVE_INFINITY;
  /** The routes are not on the canvas yet. */
  private unpainted: 'settle' | 'snap' | undefined;
  private painter: PictureCanvas | undefined;
  private readonly stillness = matchMedia('(prefers-reduced-motion: reduce)');
  private readonly sizes = new ResizeObserver(() => {
    this.widthPx = this.clientWidth;
  });
  protected readonly theme = new ThemeWatch(this, () => this.painter?.recolour(themeValues(this, COLOURS)));

  override connectedCallback(): void {
    super.connectedCallback();
    this.sizes.observe(this);
    this.widthPx = this.clientWidth;
    this.painter?.redraw();
    if (this.stale) this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.sizes.disconnect();
    this.painter?.stop();
    clearTimeout(this.waiting);
    this.waiting = undefined;
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('agents') || changed.has('connections')) this.stale = true;
    const waitMs = this.connections.length > MANY_ROWS ? this.takenMs + MANY_EVERY_MS - performance.now() : 0;
    if (this.stale && waitMs <= 0) this.takeData();
    else if (changed.has('widthPx')) this.place();
    if (changed.has('widthPx')) this.unpainted = 'snap';
    if (this.stale) this.waiting ??= setTimeout(() => this.requestUpdate(), waitMs);
  }

  private takeData(): void {
    clearTimeout(this.waiting);
    this.waiting = undefined;
    this.stale = false;
    this.takenMs = performance.now();
    this.picture = pictureOf(this.agents, this.connections);
    this.names = namesOf(this.picture);
    const shownAt = new Map(
      this.picture.nodes.flatMap(({ id, agents }) => agents.map((agent) => [agent.agent_id, id])),
    );
    const moves = movesBetween(this.rows, this.connections, (id) => shownAt.get(id) ?? id);
    this.rows = new Map(this.connections.map((row) => [row.connection_id, row]));
    if (moves.length > 0) [this.moves, this.told] = [moves, moveWords(moves)];
    this.place();
  }

  private place(): void {
    this.layout = layoutOf(this.picture.nodes, this.widthPx);
    this.routes = routesOf(this.layout, this.picture.strands);
    this.unpainted ??= 'settle';
    if (!this.layout.nodes.has(this.focused)) this.focused = this.layout.nodes.keys().next().value ?? '';
  }

  protected override updated(): void {
    const canvas = this.renderRoot.querySelector('canvas');
    if (!canvas || this.widthPx === 0) return;
    this.painter ??= new PictureCanvas(
      canvas,
      themeValues(this, COLOURS),
      (strand) => this.isLit(strand),
      this.stillness,
    );
    const { painter } = this;
    if (this.unpainted) {
      const left = this.moves.map(({ fromPair }) => painter.curveOf(fromPair));
      painter.show(this.routes, this.layout.width, this.layout.height, this.unpainted === 'snap');
      this.unpainted = undefined;
      this.startGlides(painter, left);
    } else painter.redraw();
  }

  private startGlides(painter: PictureCanvas, left: readonly (Curve | undefined)[]): void {
    const startMs = performance.now();
    const glides = this.moves.flatMap(({ toPair, count }, i) => {
      const from = left[i];
      const to = this.routes.find(({ strand }) => strand.pair === toPair)?.curve;
      return from && to ? [{ from, to, count, toPair, startMs }] : [];
    });
    this.moves = [];
    painter.glide(glides);
  }

  /** Undefined while nothing is pointed at. */
  private isLit({ key, from, to }: Strand): boolean | undefined {
    return this.pointed === undefined ? undefined : [key, from, to].includes(this.pointed);
  }

  private isDimmed(id: string): boolean {
    if (this.pointed === undefined || this.pointed === id) return false;
    return !this.picture.strands.some(
      (strand) => this.isLit(strand) && (strand.from === id || strand.to === id),
    );
  }

  private onPointerMove(event: PointerEvent): void {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    this.pointer = { x: event.clientX - box.left, y: event.clientY - box.top };
    if (event.target instanceof Element && event.target.closest('.node')) return;
    this.pointed = routeAt(this.routes, this.pointer, POINT_PX)?.strand.key;
  }

  private onClick(event: MouseEvent): void {
    if (event.target instanceof Element && event.target.closest('.node')) return;
    const strand = routeAt(this.routes, this.pointer, POINT_PX)?.strand;
    if (strand) this.openStrand(strand);
  }

  private agentIdsOf(id: string | undefined): string[] {
    const node = id === undefined ? undefined : this.layout.nodes.get(id)?.node;
    return node?.agents.map(({ agent_id }) => agent_id) ?? [];
  }

  private openStrand({ kind, health, count, from, to, connectionId }: Strand): void {
    const ends = { from: this.agentIdsOf(from), to: this.agentIdsOf(to) };
    const detail: OpenedStrand = { kind, health, count, ...ends, ...(count === 1 && { connectionId }) };
    this.dispatchEvent(new CustomEvent('tl-open-strand', { detail, bubbles: true, composed: true }));
  }

  private openNode({ id, kind, region }: PictureNode): void {
    const detail: OpenedNode = { kind, region, agentIds: this.agentIdsOf(id) };
    this.dispatchEvent(new CustomEvent('tl-open-node', { detail, bubbles: true, composed: true }));
  }

  private onKey(event: KeyboardEvent): void {
    if (event.key === 'Escape') this.pointed = undefined;
    const next = neighbourOf(this.layout.nodes, this.focused, event.key);
    if (!next) return;
    event.preventDefault();
    this.focused = next;
    this.renderRoot.querySelector<HTMLElement>(`[data-id="${CSS.escape(next)}"]`)?.focus();
  }

  private renderText(): unknown {
    const strands = [...this.picture.strands].sort(byWeight);
    const left = strands.length - TOLD_STRANDS_MAX;
    return html`<div class="unseen">
      <p>${summaryWords(this.picture)}</p>
      <ul aria-label="Connections by their ends">
        ${strands.slice(0, TOLD_STRANDS_MAX).map((strand) => html`<li>${strandWords(strand, this.names)}</li>`)}
        ${left > 0 ? html`<li>and ${left} more</li>` : nothing}
      </ul>
      <p aria-live="polite">${this.told}</p>
    </div>`;
  }

  private renderLegend(): unknown {
    return html`<p class="legend" aria-hidden="true">
      <span data-health="ok">${healthMark('ok')} well</span>
      <span data-health="warn">${healthMark('warn')} degraded or moving</span>
      <span data-health="bad">${healthMark('bad')} failed</span>
      <span data-health="idle">${healthMark('idle')} requested or unknown</span>
    </p>`;
  }

  override render(): unknown {
    const { frames, middle, height } = this.layout;
    const handlers: NodeHandlers = {
      focused: this.focused,
      isDimmed: (id) => this.isDimmed(id),
      onOpen: (node) => this.openNode(node),
      onPoint: (id) => {
        this.pointed = id;
        if (id !== undefined) this.focused = id;
      },
    };
    return html`
      ${this.renderText()}
      <div
        class="stage ${this.pointed === undefined ? '' : 'pointing'}"
        role="group"
        aria-label="Picture of agents and connections; arrow keys go from agent to agent"
        ${styled({ height: `${height}px` })}
        @pointermove=${this.onPointerMove}
        @pointerleave=${() => {
          this.pointed = undefined;
        }}
        @click=${this.onClick}
        @keydown=${this.onKey}
      >
        ${frames.length === 0 ? html`<p class="none">No agents are known yet.</p>` : nothing}
        ${this.widthPx === 0 ? nothing : frames.map((frame) => renderFrame(frame, handlers))}
        <canvas aria-hidden="true"></canvas>
        ${renderMiddle(middle, handlers)} ${renderTip(this.pointed, this.pointer, this.layout, this.picture)}
      </div>
      ${this.renderLegend()}
    `;
  }

  static override styles = [baseStyles, healthStyles, pictureStyles];
}

customElements.define('tl-picture', TlPicture);
