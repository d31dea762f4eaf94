import { css, html, type TemplateResult } from 'lit';
import { every } from '../every.ts';
import { timeOfDay } from '../format.ts';
import { controlStyles, sharedStyles } from '../styles.ts';
import { View } from '../view.ts';
import { hasOwnZone, zoneName } from '../zone.ts';

const TICK_MS = 1_000;

/** The controller's time now, and the zone that every time of the page is in. Fires `tl-zone` to change it. */
export class Clock extends View {
  constructor() {
    super();
    every(this, TICK_MS, () => this.requestUpdate());
  }

  override render(): TemplateResult {
    const nowMs = this.context.store.nowMs();
    const zone = zoneName(nowMs);
    const shown = html`<span class="time">${timeOfDay(nowMs)}</span> <span class="zone">${zone}</span>`;
    if (!hasOwnZone(nowMs)) return html`<span class="clock" title="All times are in UTC">${shown}</span>`;
    return html`<button
      class="button bare clock"
      title="All times are in ${zone}; click for ${zone === 'UTC' ? 'this machine’s time' : 'UTC'} (u)"
      @click=${() => this.dispatchEvent(new CustomEvent('tl-zone', { bubbles: true, composed: true }))}
    >
      ${shown}
    </button>`;
  }

  static override styles = [
    sharedStyles,
    controlStyles,
    css`
      .clock {
        display: inline-flex;
        align-items: baseline;
        gap: 5px;
        padding: 0 8px;
        color: var(--tl-text-2);
        font-size: var(--tl-size-s);
        white-space: nowrap;
      }
      .time {
        color: var(--tl-text);
        font-weight: 550;
      }
      @media (max-width: 640px) {
        .clock {
          flex-direction: column;
          align-items: flex-start;
          justify-content: center;
          gap: 0;
          padding: 0 4px;
          font-size: 11px;
          line-height: 13px;
        }
      }
    `,
  ];
}

customElements.define('tl-clock', Clock);
