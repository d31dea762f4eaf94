import { css, html, nothing, type TemplateResult } from 'lit';
import { dateTime } from '../format.ts';
import { icon } from '../icons.ts';
import { cardStyles, controlStyles, sharedStyles } from '../styles.ts';
import { switchTheme } from '../theme.ts';
import { View } from '../view.ts';
import { modalStyles } from './modal-styles.ts';

/** Whose token is shown; it opens by itself when the controller asks for one. */
export class SignIn extends View {
  static override properties = { ...View.properties, error: { state: true } };

  error = '';

  protected override updated(): void {
    const dialog = this.renderRoot.querySelector('dialog');
    const { signingIn } = this.context;
    if (!dialog || signingIn === dialog.open) return;
    if (signingIn) {
      dialog.showModal();
      this.renderRoot.querySelector('input')?.focus();
    } else {
      dialog.close();
    }
  }

  private submit(event: Event): void {
    event.preventDefault();
    const input = this.renderRoot.querySelector('input');
    const token = input?.value.trim() ?? '';
    // What can't stand in a header is no token.
    this.error = /^[\x21-\x7e]+$/.test(token)
      ? ''
      : 'A token is one word of plain letters, digits and signs.';
    if (this.error !== '') return;
    if (input) input.value = '';
    this.context.signIn(token);
  }

  private renderHolder(): TemplateResult | typeof nothing {
    const { holder } = this.context.session;
    if (holder === undefined) return nothing;
    return html`<dl class="facts">
        <div><dt>Name</dt><dd>${holder.subject ?? 'nobody (shared token)'}</dd></div>
        <div><dt>Roles</dt><dd>${holder.roles.join(', ') || 'none'}</dd></div>
        ${holder.expires_at ? html`<div><dt>Until</dt><dd>${dateTime(holder.expires_at)}</dd></div>` : nothing}
      </dl>
      <div><button class="button" type="button" @click=${() => this.context.signIn(undefined)}>Sign out</button></div>`;
  }

  override render(): TemplateResult {
    const { store } = this.context;
    const refused = store.error?.status === 401 ? store.error.message : '';
    const open = store.status?.access.reads_open;
    return html`<dialog aria-labelledby="heading" @close=${() => this.context.openSignIn(false)}>
      <header>
        <h2 id="heading">${this.context.session.holder ? 'Signed in' : 'Sign in'}</h2>
        <button class="button bare icon" aria-label="Close" @click=${() => this.context.openSignIn(false)}>
          ${icon('close')}
        </button>
      </header>
      <div class="body">
        ${this.renderHolder()}
        <div role="alert">${this.error || refused ? html`<p class="problem">${this.error || refused}</p>` : nothing}</div>
        <form @submit=${this.submit}>
          <label for="token">Bearer token</label>
          <div class="line">
            <input
              id="token"
              class="field mono"
              type="password"
              autocomplete="off"
              spellcheck="false"
              aria-describedby="where"
            />
            <button class="button primary">Use this token</button>
          </div>
          <p id="where" class="quiet small">
            Of your identity provider; in the local stack <span class="mono">npx trunkline token --role operator</span>. It is
            kept for this tab alone. ${open ? 'Looking needs no token here; changes do.' : ''}
          </p>
        </form>
        <div>
          <button class="button" type="button" @click=${switchTheme}>${icon('theme', 16)}Dark or light</button>
        </div>
      </div>
    </dialog>`;
  }

  static override styles = [
    sharedStyles,
    cardStyles,
    controlStyles,
    modalStyles,
    css`
      form {
        display: grid;
        gap: 6px;
      }
      label {
        font-weight: 550;
      }
      .line {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
      }
      .line input {
        flex: 1 1 220px;
        min-width: 0;
      }
    `,
  ];
}

customElements.define('tl-sign-in', SignIn);
