import { css, html, LitElement, type PropertyValues, type TemplateResult } from 'lit';
import { icon } from '../icons.ts';
import { SHORTCUTS } from '../keys.ts';
import { controlStyles, sharedStyles } from '../styles.ts';
import { modalStyles } from './modal-styles.ts';

const SPOKEN: Readonly<Record<string, string>> = { Escape: 'Esc', Enter: '↵' };

/** Every key there is. Fires `tl-close`. */
export class HelpDialog extends LitElement {
  static override properties = { open: { type: Boolean } };

  open = false;

  protected override updated(changed: PropertyValues<this>): void {
    if (!changed.has('open')) return;
    const dialog = this.renderRoot.querySelector('dialog');
    if (this.open) dialog?.showModal();
    else dialog?.close();
  }

  private close(): void {
    this.dispatchEvent(new CustomEvent('tl-close'));
  }

  override render(): TemplateResult {
    return html`<dialog
      aria-labelledby="heading"
      @close=${this.close}
      @click=${(event: MouseEvent) => {
        if (event.target === event.currentTarget) this.close();
      }}
    >
      <header>
        <h2 id="heading">Keyboard</h2>
        <button class="button bare icon" aria-label="Close" @click=${this.close}>${icon('close')}</button>
      </header>
      <div class="body">
        <dl>
          ${SHORTCUTS.map(
            ({ keys, meaning }) => html`<div>
              <dt>${keys.map((key) => html`<kbd>${SPOKEN[key] ?? key}</kbd>`)}</dt>
              <dd>${meaning}</dd>
            </div>`,
          )}
        </dl>
        <p class="quiet small">
          In the search, arrows choose and ↵ opens. In a table, arrows, Home, End and the page keys move as well. What the
          page shows, its filters and its moment stand in the address: it can be sent to somebody else as it is.
        </p>
      </div>
    </dialog>`;
  }

  static override styles = [
    sharedStyles,
    controlStyles,
    modalStyles,
    css`
      dl {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(220px, 1fr));
        gap: 2px var(--tl-space-5);
      }
      dl div {
        display: flex;
        align-items: center;
        gap: var(--tl-space-3);
        min-height: 32px;
      }
      dt {
        display: flex;
        flex: none;
        gap: 4px;
        width: 52px;
      }
    `,
  ];
}

customElements.define('tl-help', HelpDialog);
