import { css, html, LitElement, nothing, svg } from 'lit';
import type { Health } from '../model.ts';
import { baseStyles } from './base-styles.ts';
import { WORD_OF_HEALTH } from './health.ts';

const SIZE_PX = 12;

/** A shape for each, so that nobody has to tell them by colour. */
const SHAPES: Readonly<Record<Health, unknown>> = {
  ok: svg`<circle cx="6" cy="6" r="4.5" fill="currentColor" />`,
  warn: svg`<path d="M6 1.2 11.3 10.6H.7Z" fill="currentColor" stroke="currentColor" stroke-linejoin="round" />`,
  bad: svg`<path d="m2.4 2.4 7.2 7.2m0-7.2-7.2 7.2" stroke="currentColor" stroke-width="2.4" stroke-linecap="round" />`,
  idle: svg`<circle cx="6" cy="6" r="3.9" fill="none" stroke="currentColor" stroke-width="1.7" stroke-dasharray="2.2 1.6" />`,
};

/** The mark of a health, 12 px wide; it takes the colour of its text and says nothing to screen readers. */
export const healthMark = (health: Health): unknown =>
  html`<svg part="mark" class="health-mark" width=${SIZE_PX} height=${SIZE_PX} viewBox="0 0 12 12" aria-hidden="true">${SHAPES[health]}</svg>`;

/**
 * `<tl-status health="warn" label="degraded" detail="score 41">`: a badge. Properties: `health` (ok, warn, bad or idle),
 * `label` (the word; else that of its health), `detail` (more, quieter, optional), `plain` (no tinted background).
 */
export class TlStatus extends LitElement {
  static override properties = {
    health: { type: String, reflect: true },
    label: { type: String },
    detail: { type: String },
    plain: { type: Boolean, reflect: true },
  };

  health: Health = 'idle';
  label = '';
  detail = '';
  plain = false;

  override render(): unknown {
    const detail = this.detail ? html`<span class="detail">${this.detail}</span>` : nothing;
    return html`${healthMark(this.health)}<span class="label">${this.label || WORD_OF_HEALTH[this.health]}</span>${detail}`;
  }

  static override styles = [
    baseStyles,
    css`
      :host {
        --tone: var(--tl-idle);
        --tone-soft: var(--tl-idle-soft);
        display: inline-flex;
        align-items: center;
        gap: 6px;
        max-width: 100%;
        padding: 1px 8px 1px 6px;
        border-radius: 999px;
        background: var(--tone-soft);
        color: var(--tone);
        font-size: var(--tl-size-s);
        font-weight: 550;
        line-height: 20px;
        white-space: nowrap;
        vertical-align: middle;
      }
      :host([health='ok']) {
        --tone: var(--tl-ok);
        --tone-soft: var(--tl-ok-soft);
      }
      :host([health='warn']) {
        --tone: var(--tl-warn);
        --tone-soft: var(--tl-warn-soft);
      }
      :host([health='bad']) {
        --tone: var(--tl-bad);
        --tone-soft: var(--tl-bad-soft);
      }
      :host([plain]) {
        padding-inline: 0;
        background: none;
      }
      svg {
        flex: none;
      }
      .label {
        overflow: hidden;
        text-overflow: ellipsis;
      }
      .detail {
        flex-shrink: 1000;
        overflow: hidden;
        color: var(--tl-text-2);
        font-weight: 400;
        font-variant-numeric: tabular-nums;
        text-overflow: ellipsis;
      }
    `,
  ];
}

customElements.define('tl-status', TlStatus);
