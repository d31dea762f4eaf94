import { html, LitElement, nothing, type PropertyValues } from 'lit';
import { baseStyles } from './base-styles.ts';
import { dialogStyles } from './dialog-styles.ts';

/** As many characters as the interface takes for a reason. */
export const REASON_MAX_LENGTH = 512;

/**
 * Asks before something is changed, and for the reason. Properties: `open`, `heading`, `message`, `confirmLabel`,
 * `tone` (`bad` for what can do harm), `reasonOptional`, `busy` (the request runs: nothing can be pressed), `error`
 * (why it failed; the dialog stays). The default slot takes more fields. Fires `tl-confirm` with `{reason}` and
 * `tl-cancel`; whoever listens sets `open`.
 */
export class TlDialog extends LitElement {
  static override properties = {
    open: { type: Boolean, reflect: true },
    heading: { type: String },
    message: { type: String },
    confirmLabel: { type: String },
    tone: { type: String, reflect: true },
    reasonOptional: { type: Boolean },
    busy: { type: Boolean, reflect: true },
    error: { type: String },
    missing: { state: true },
  };

  open = false;
  heading = '';
  message = '';
  confirmLabel = 'Confirm';
  tone: 'plain' | 'bad' = 'plain';
  reasonOptional = false;
  busy = false;
  error = '';
  /** The reason was left out. */
  missing = false;

  override updated(changed: PropertyValues<this>): void {
    const dialog = this.renderRoot.querySelector('dialog');
    const reason = this.renderRoot.querySelector('textarea');
    if (!dialog || !reason || !changed.has('open')) return;
    if (this.open && !dialog.open) {
      reason.value = '';
      this.missing = false;
      dialog.showModal();
      reason.focus();
    } else if (!this.open && dialog.open) {
      dialog.close();
    }
  }

  private confirm(event: Event): void {
    event.preventDefault();
    if (this.busy) return;
    const field = this.renderRoot.querySelector('textarea');
    const reason = field?.value.trim() ?? '';
    this.missing = reason === '' && !this.reasonOptional;
    if (this.missing) field?.focus();
    else
      this.dispatchEvent(
        new CustomEvent('tl-confirm', { detail: { reason }, bubbles: true, composed: true }),
      );
  }

  private cancel(event: Event): void {
    event.preventDefault();
    if (!this.busy) this.dispatchEvent(new CustomEvent('tl-cancel', { bubbles: true, composed: true }));
  }

  /** Enter with Ctrl or Cmd confirms from within the field, as elsewhere. */
  private onKey(event: KeyboardEvent): void {
    event.stopPropagation();
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) this.confirm(event);
  }

  private onBackdrop(event: MouseEvent): void {
    if (event.target === event.currentTarget) this.cancel(event);
  }

  private renderReason(): unknown {
    return html`
      <label for="reason">Reason${this.reasonOptional ? html` <span class="quiet">(optional)</span>` : nothing}</label>
      <textarea
        id="reason"
        rows="3"
        maxlength=${REASON_MAX_LENGTH}
        ?required=${!this.reasonOptional}
        ?readonly=${this.busy}
        aria-invalid=${this.missing}
        aria-describedby="hint"
        placeholder="What you saw, and why this helps"
        @input=${() => {
          this.missing = false;
        }}
      ></textarea>
      <p id="hint" class=${this.missing ? 'hint wrong' : 'hint'}>
        ${this.missing ? 'Say why: it goes into the log with your name.' : 'It goes into the log with your name.'}
      </p>
    `;
  }

  override render(): unknown {
    return html`
      <dialog
        aria-labelledby="heading"
        aria-describedby="message"
        @cancel=${this.cancel}
        @click=${this.onBackdrop}
        @keydown=${this.onKey}
      >
        <form novalidate aria-busy=${this.busy} @submit=${this.confirm}>
          <h2 id="heading">${this.heading}</h2>
          <p id="message">${this.message}</p>
          <slot></slot>
          ${this.renderReason()}
          <div role="alert">${this.error ? html`<p class="error">${this.error}</p>` : nothing}</div>
          <div class="actions">
            <button type="button" class="quiet-button" ?disabled=${this.busy} @click=${this.cancel}>Cancel</button>
            <button type="submit" class="main-button" aria-disabled=${this.busy}>
              ${this.busy ? html`<i class="spinner" aria-hidden="true"></i>` : nothing}
              ${this.confirmLabel}
            </button>
          </div>
        </form>
      </dialog>
    `;
  }

  static override styles = [baseStyles, dialogStyles];
}

customElements.define('tl-dialog', TlDialog);
