import { html, LitElement, nothing } from 'lit';
import { between, dateTime, duration, plural, sentence, timeOfDay, words } from '../format.ts';
import type { ConnectionEvent } from '../model.ts';
import { baseStyles, disclosureStyles, healthStyles } from './base-styles.ts';
import { gistOf } from './decision-words.ts';
import { timelineStyles } from './timeline-styles.ts';
import { healthMark } from './tl-status.ts';

/** Shown at first, and added with each press of the button. */
const STEP_ITEMS = 50;
/** A pause longer than this between two decisions is said. */
const PAUSE_MS = 10_000;

/**
 * A connection's decisions, the newest first. Properties: `events` (oldest first, as `/connections/{id}/events` has them),
 * `selected` (`event_id`), `asOf` (show the button that goes to the moment of a decision). Fires `tl-as-of` with `{time}`.
 */
export class TlTimeline extends LitElement {
  static override properties = {
    events: { attribute: false },
    selected: { type: String },
    asOf: { type: Boolean },
    shown: { state: true },
  };

  events: readonly ConnectionEvent[] = [];
  selected = '';
  asOf = false;
  /** How many of the newest are drawn. */
  private shown = STEP_ITEMS;

  private goTo(time: string): void {
    this.dispatchEvent(new CustomEvent('tl-as-of', { detail: { time }, bubbles: true, composed: true }));
  }

  private renderPause(event: ConnectionEvent, before: ConnectionEvent | undefined): unknown {
    const ms = between(before?.time, event.time) ?? 0;
    return ms > PAUSE_MS ? html`<p class="pause">${duration(ms)} later</p>` : nothing;
  }

  private renderEvent(event: ConnectionEvent, before: ConnectionEvent | undefined): unknown {
    const { reason, epoch, phase, place, requestedBy, health } = gistOf(event);
    const placeBefore = before && gistOf(before).place;
    const moved = place !== undefined && placeBefore !== undefined && placeBefore !== place;
    return html`<li data-health=${health} aria-current=${event.event_id === this.selected ? 'true' : nothing}>
      <span class="mark">${healthMark(health)}</span>
      <div class="what">
        <p class="title">
          <strong>${sentence(event.type)}</strong>
          ${reason ? html`<span class="reason">${words(reason)}</span>` : nothing}
          <time datetime=${event.time} title=${dateTime(event.time, true)}>${timeOfDay(event.time, true)}</time>
        </p>
        <p class="more">
          ${phase ? html`<span>${words(phase)}</span>` : nothing}
          ${moved ? html`<span>${placeBefore} → <b>${place}</b></span>` : place ? html`<span>on ${place}</span>` : nothing}
          ${epoch === undefined ? nothing : html`<span>epoch ${epoch}</span>`}
          ${requestedBy ? html`<span>asked by ${requestedBy}</span>` : nothing}
          <span class="mono">${event.partition}/${event.offset}</span>
        </p>
        <div class="foot">
          <details>
            <summary>Record</summary>
            <pre tabindex="0" class="mono">${JSON.stringify(event.data, null, 2)}</pre>
          </details>
          ${this.asOf ? html`<button type="button" @click=${() => this.goTo(event.time)}>As of then</button>` : nothing}
        </div>
      </div>
      ${this.renderPause(event, before)}
    </li>`;
  }

  override render(): unknown {
    if (this.events.length === 0) return html`<p class="none">No decisions.</p>`;
    const begin = Math.max(0, this.events.length - this.shown);
    const items = this.events
      .slice(begin)
      .map((event, i) => this.renderEvent(event, this.events[begin + i - 1]));
    return html`
      <ol reversed>
        ${items.reverse()}
      </ol>
      ${
        begin === 0
          ? nothing
          : html`<button
              type="button"
              class="older"
              @click=${() => {
                this.shown += STEP_ITEMS;
              }}
            >
              Show ${plural(Math.min(begin, STEP_ITEMS), 'older decision')}
            </button>`
      }
    `;
  }

  static override styles = [baseStyles, healthStyles, disclosureStyles, timelineStyles];
}

customElements.define('tl-timeline', TlTimeline);
