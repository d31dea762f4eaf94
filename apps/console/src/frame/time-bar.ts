import { css, html, type TemplateResult } from 'lit';
import type { Health } from '../model.ts';
import '../parts/tl-time-slider.ts';
import { every } from '../every.ts';
import { words } from '../format.ts';
import type { Tick } from '../parts/slider-bins.ts';
import { moveStateOf } from '../state/attention.ts';
import { cardStyles, controlStyles, sharedStyles } from '../styles.ts';
import { View } from '../view.ts';
import { momentOf, shownDate } from '../zone.ts';

const MINUTE_MS = 60_000;
const RANGES: readonly [minutes: number, label: string][] = [
  [15, '15 min'],
  [60, '1 h'],
  [360, '6 h'],
  [1_440, '24 h'],
  [10_080, '7 d'],
];
/** The slider's end moves on with the time while it is live, in milliseconds. */
const TICK_MS = 1_000;

/** Chooses the moment that the page is of. Fires `tl-live` to go back. */
export class TimeBar extends View {
  static override properties = { ...View.properties, minutes: { state: true }, seekingMs: { state: true } };

  minutes = 60;
  /** While it is dragged: the page follows once it is let go. */
  seekingMs: number | undefined = undefined;

  constructor() {
    super();
    every(this, TICK_MS, () => this.requestUpdate());
  }

  override focus(): void {
    this.renderRoot.querySelector<HTMLElement>('tl-time-slider')?.focus();
  }

  private travel(ms: number): void {
    this.seekingMs = undefined;
    this.context.travel(new Date(Math.min(ms, this.context.store.nowMs())).toISOString());
  }

  /** Where something happened: the moves that are known, and the decisions that this page heard. */
  private ticks(fromMs: number): Tick[] {
    const { store } = this.context;
    const { connections, failovers } = store.world;
    const moves = [...failovers.values()].map((move): Tick => {
      const state = moveStateOf(move, connections.get(move.connection_id));
      const health: Health =
        state === 'done' ? 'ok' : state === 'held' || state === 'waiting' ? 'bad' : 'warn';
      return {
        atMs: Date.parse(move.decided_at ?? move.detected_at),
        label: `${move.connection_id}, ${words(move.reason)}`,
        health,
      };
    });
    const heard = store.decisions.map(
      (event): Tick => ({ atMs: Date.parse(event.time), label: words(event.type), health: 'idle' }),
    );
    return [...moves, ...heard].filter(({ atMs }) => atMs >= fromMs).sort((a, b) => a.atMs - b.atMs);
  }

  private renderRanges(): TemplateResult {
    return html`<div class="chips" role="group" aria-label="Range of the slider">
      ${RANGES.map(
        ([minutes, label]) => html`<button
          class="chip"
          aria-pressed=${minutes === this.minutes}
          @click=${() => {
            this.minutes = minutes;
          }}
        >
          ${label}
        </button>`,
      )}
    </div>`;
  }

  private renderMoment(nowMs: number): TemplateResult {
    return html`<label class="moment">
      <span class="unseen">Moment</span>
      <input
        class="field"
        type="datetime-local"
        step="1"
        max=${fieldOf(nowMs)}
        .value=${fieldOf(this.seekingMs ?? this.context.nowMs)}
        @change=${(event: Event) => {
          const ms = momentOf((event.target as HTMLInputElement).value);
          if (!Number.isNaN(ms)) this.travel(ms);
        }}
      />
    </label>`;
  }

  override render(): TemplateResult {
    const { at, store } = this.context;
    const nowMs = store.nowMs();
    const atMs = at === undefined ? undefined : Date.parse(at);
    // A moment that a link brought widens the range.
    const fromMs = Math.min(nowMs - this.minutes * MINUTE_MS, (atMs ?? nowMs) - MINUTE_MS);
    return html`<section class="card" aria-label="Travel in time">
      <div class="head">${this.renderRanges()} ${this.renderMoment(nowMs)}</div>
      <tl-time-slider
        .fromMs=${fromMs}
        .toMs=${nowMs}
        .valueMs=${this.seekingMs ?? atMs}
        .ticks=${this.ticks(fromMs)}
        @tl-seeking=${(event: CustomEvent<{ atMs: number }>) => {
          this.seekingMs = event.detail.atMs;
        }}
        @tl-seek=${(event: CustomEvent<{ atMs: number }>) => this.travel(event.detail.atMs)}
        @tl-live=${() => {
          this.seekingMs = undefined;
        }}
      ></tl-time-slider>
    </section>`;
  }

  static override styles = [
    sharedStyles,
    cardStyles,
    controlStyles,
    css`
      :host {
        width: 100%;
        max-width: 1600px;
        margin: 0 auto var(--tl-space-3);
      }
      .card {
        display: grid;
        gap: var(--tl-space-2);
        padding: var(--tl-space-3) var(--tl-space-4);
      }
      .head {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: var(--tl-space-2);
      }
    `,
  ];
}

/** What `momentOf` reads. */
const fieldOf = (ms: number): string => shownDate(ms).toISOString().slice(0, 19);

customElements.define('tl-time-bar', TimeBar);
