import { html, LitElement, svg } from 'lit';
import { dateTime, duration, plural, timeOfDay } from '../format.ts';
import { baseStyles, healthStyles } from './base-styles.ts';
import { binsOf, type Tick, tickBeside } from './slider-bins.ts';
import { timeSliderStyles } from './time-slider-styles.ts';

const PARTS = 240;
const TICK_MIN_PX = 4;
const TICK_MAX_PX = 18;
const STEP_MS = 1_000;

/**
 * Travels in time. Properties: `fromMs` and `toMs` (the range; `toMs` is now), `valueMs` (the moment; undefined: live),
 * `ticks` (where decisions were). Arrow keys move by a second, Page Up and Down by a minute, the buttons to the decision
 * before and behind. Fires `tl-seeking` while it is dragged and `tl-seek` at its end, with `{atMs}`; `tl-live` for the way back.
 */
export class TlTimeSlider extends LitElement {
  static override properties = {
    fromMs: { type: Number },
    toMs: { type: Number },
    valueMs: { type: Number },
    ticks: { attribute: false },
  };

  fromMs = 0;
  toMs = 0;
  valueMs: number | undefined = undefined;
  ticks: readonly Tick[] = [];

  override focus(options?: FocusOptions): void {
    this.renderRoot.querySelector('input')?.focus(options);
  }

  private tell(name: string, atMs?: number): void {
    this.dispatchEvent(new CustomEvent(name, { detail: { atMs }, bubbles: true, composed: true }));
  }

  private seek(name: 'tl-seek' | 'tl-seeking', atMs: number): void {
    this.valueMs = Math.max(this.fromMs, Math.min(this.toMs, atMs));
    this.tell(name, this.valueMs);
  }

  private onKey(event: KeyboardEvent): void {
    const minutes = { PageUp: 1, PageDown: -1 }[event.key];
    if (minutes === undefined) return;
    event.preventDefault();
    this.seek('tl-seek', (this.valueMs ?? this.toMs) + minutes * 60_000);
  }

  private renderTicks(): unknown {
    const bins = binsOf(this.ticks, this, PARTS);
    const most = Math.max(1, ...bins.map(({ count }) => count));
    const bar = ({ index, count, health }: (typeof bins)[number]) => {
      const height = TICK_MIN_PX + ((TICK_MAX_PX - TICK_MIN_PX) * Math.log1p(count)) / Math.log1p(most);
      return svg`<rect data-health=${health} x=${index + 0.1} width="0.8" y=${TICK_MAX_PX - height} height=${height} />`;
    };
    return html`<svg class="ticks" viewBox="0 0 ${PARTS} ${TICK_MAX_PX}" preserveAspectRatio="none" aria-hidden="true">
      ${bins.map(bar)}
    </svg>`;
  }

  private renderStep(way: 'before' | 'behind', glyph: string, name: string): unknown {
    const tick = tickBeside(this.ticks, this.valueMs ?? this.toMs, way);
    const label = tick ? `${name}: ${tick.label}, ${timeOfDay(tick.atMs)}` : name;
    return html`<button
      type="button"
      class="step"
      aria-label=${label}
      title=${label}
      ?disabled=${!tick || (way === 'behind' && this.valueMs === undefined)}
      @click=${() => tick && this.seek('tl-seek', tick.atMs)}
    >
      ${glyph}
    </button>`;
  }

  override render(): unknown {
    const atMs = this.valueMs ?? this.toMs;
    const live = this.valueMs === undefined;
    const end = (ms: number) =>
      html`${timeOfDay(ms).slice(0, 5)}<span class="wide">${timeOfDay(ms).slice(5)}</span>`;
    const said = live ? 'live' : `as of ${dateTime(atMs)}, ${duration(this.toMs - atMs)} ago`;
    return html`
      <div class="row">
        ${this.renderStep('before', '‹', 'Decision before')}
        <div class="rail">
          ${this.renderTicks()}
          <input
            type="range"
            aria-label="Moment shown; ${plural(this.ticks.length, 'decision')} in this range"
            aria-valuetext=${said}
            min=${this.fromMs}
            max=${this.toMs}
            step=${STEP_MS}
            .value=${String(atMs)}
            @keydown=${this.onKey}
            @input=${(event: Event) => this.seek('tl-seeking', Number((event.target as HTMLInputElement).value))}
            @change=${(event: Event) => this.seek('tl-seek', Number((event.target as HTMLInputElement).value))}
          />
        </div>
        ${this.renderStep('behind', '›', 'Decision behind')}
        <button type="button" class="live" aria-pressed=${live} @click=${() => this.tell('tl-live')}>
          <i aria-hidden="true"></i>Live
        </button>
      </div>
      <div class="scale mono" aria-hidden="true">
        <span>${end(this.fromMs)}</span>
        <strong>${live ? 'now' : html`<span class="wide">${dateTime(atMs).slice(0, 11)}</span>${timeOfDay(atMs)}<span class="wide"> · ${duration(this.toMs - atMs)} ago</span>`}</strong>
        <span>${end(this.toMs)}</span>
      </div>
    `;
  }

  static override styles = [baseStyles, healthStyles, timeSliderStyles];
}

customElements.define('tl-time-slider', TlTimeSlider);
