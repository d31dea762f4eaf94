import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import type { Health } from '../model.ts';
import { healthMark } from '../parts/tl-status.ts';
import { sharedStyles } from '../styles.ts';

/** One figure that leads to where it comes from. */
class KpiCard extends LitElement {
  static override properties = {
    href: { type: String },
    label: { type: String },
    figure: { type: String },
    detail: { type: String },
    health: { type: String, reflect: true },
  };

  href = '';
  label = '';
  figure = '';
  detail = '';
  health: Health | undefined = undefined;

  override render(): TemplateResult {
    return html`<a href=${this.href}>
      <span class="label">${this.label}${this.health ? healthMark(this.health) : nothing}</span>
      <span class="figure">${this.figure}</span>
      <span class="detail">${this.detail}</span>
    </a>`;
  }

  static override styles = [
    sharedStyles,
    css`
      a {
        display: flex;
        flex-direction: column;
        gap: 2px;
        height: 100%;
        padding: var(--tl-space-3) var(--tl-space-4);
        border: 1px solid var(--tl-line);
        border-radius: var(--tl-radius);
        background: var(--tl-surface);
        box-shadow: var(--tl-shadow);
        color: inherit;
      }
      a:hover {
        border-color: var(--tl-line-strong);
        text-decoration: none;
      }
      .label {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: 8px;
        min-height: 18px;
        color: var(--tl-text-2);
        font-size: var(--tl-size-s);
        font-weight: 500;
      }
      .label svg {
        flex: none;
        color: var(--tl-idle);
      }
      :host([health='ok']) svg {
        color: var(--tl-ok);
      }
      :host([health='warn']) svg {
        color: var(--tl-warn);
      }
      :host([health='bad']) svg {
        color: var(--tl-bad);
      }
      .figure {
        font-size: 26px;
        font-weight: 620;
        letter-spacing: -0.02em;
        line-height: 1.2;
      }
      .detail {
        color: var(--tl-text-2);
        font-size: var(--tl-size-s);
      }
    `,
  ];
}

customElements.define('tl-kpi-card', KpiCard);
