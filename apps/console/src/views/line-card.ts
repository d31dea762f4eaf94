import { css, html, LitElement, type TemplateResult } from 'lit';
import { sharedStyles } from '../styles.ts';

/** A row of a table on a phone: two lines, each with something at its end. */
class LineCard extends LitElement {
  override render(): TemplateResult {
    return html`<div><slot name="title"></slot><slot name="badge"></slot></div>
      <div class="quiet small"><slot name="left"></slot><slot name="right"></slot></div>`;
  }

  static override styles = [
    sharedStyles,
    css`
      :host {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 2px;
        white-space: nowrap;
      }
      div {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: var(--tl-space-3);
        min-width: 0;
      }
      ::slotted([slot='title']) {
        min-width: 0;
        overflow: hidden;
        color: var(--tl-text);
        font-weight: 550;
        text-overflow: ellipsis;
      }
      ::slotted([slot='left']) {
        min-width: 0;
        overflow: hidden;
        text-overflow: ellipsis;
      }
      ::slotted([slot='badge']),
      ::slotted([slot='right']) {
        flex: none;
      }
    `,
  ];
}

customElements.define('tl-line-card', LineCard);

export function lineCard(title: unknown, badge: unknown, left: unknown, right: unknown): TemplateResult {
  return html`<tl-line-card>
    <span slot="title">${title}</span><span slot="badge">${badge}</span><span slot="left">${left}</span
    ><span slot="right">${right}</span>
  </tl-line-card>`;
}
