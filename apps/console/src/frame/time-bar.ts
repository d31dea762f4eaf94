import { css, html, type TemplateResult } from 'lit';
import { cardStyles, controlStyles, sharedStyles } from '../styles.ts';
import { View } from '../view.ts';

const STEPS: readonly [number, string][] = [
  [1, '1 min'],
  [5, '5 min'],
  [15, '15 min'],
  [60, '1 h'],
  [1_440, '1 d'],
];

/** Chooses the moment that the page is of. Fires `tl-live` to go back. */
export class TimeBar extends View {
  private toLocal(ms: number): string {
    const date = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
    return date.toISOString().slice(0, 19);
  }

  private back(minutes: number): void {
    this.context.travel(new Date(this.context.nowMs - minutes * 60_000).toISOString());
  }

  override render(): TemplateResult {
    const { nowMs, at, store } = this.context;
    return html`<div class="card bar" role="group" aria-label="Travel in time">
      <div class="chips" role="group" aria-label="Go back by">
        ${STEPS.map(([minutes, label]) => html`<button class="chip" @click=${() => this.back(minutes)}>− ${label}</button>`)}
      </div>
      <label class="row">
        <span class="quiet small">Moment</span>
        <input
          class="field"
          type="datetime-local"
          step="1"
          max=${this.toLocal(store.nowMs())}
          .value=${this.toLocal(nowMs)}
          @change=${(event: Event) => {
            const ms = Date.parse((event.target as HTMLInputElement).value);
            if (!Number.isNaN(ms)) this.context.travel(new Date(Math.min(ms, store.nowMs())).toISOString());
          }}
        />
      </label>
      <button class="button" ?disabled=${at === undefined} @click=${() => this.dispatchEvent(new CustomEvent('tl-live'))}>
        Live <kbd>l</kbd>
      </button>
    </div>`;
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
      .bar {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: var(--tl-space-3);
        padding: var(--tl-space-2) var(--tl-space-3);
      }
    `,
  ];
}

customElements.define('tl-time-bar', TimeBar);
