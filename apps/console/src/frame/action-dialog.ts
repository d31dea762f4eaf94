import { css, html, nothing, type TemplateResult } from 'lit';
import { ApiError } from '../api/client.ts';
import type { Action } from '../context.ts';
import type { Accepted } from '../model.ts';
import '../parts/tl-dialog.ts';
import { controlStyles, sharedStyles } from '../styles.ts';
import { View } from '../view.ts';
import { type ActionChoices, callOf, textsOf } from './action-texts.ts';

const FREEZE_MINUTES: readonly [number, string][] = [
  [30, '30 minutes'],
  [60, '1 hour'],
  [240, '4 hours'],
  [1_440, '24 hours'],
];
const DEFAULTS: ActionChoices = { planned: true, force: false, minutes: 60 };

/** Asks whoever acts once more, and why; then the controller. A wish has one key, however often it is sent. */
export class ActionDialog extends View {
  static override properties = {
    ...View.properties,
    busy: { state: true },
    error: { state: true },
    choices: { state: true },
  };

  busy = false;
  error = '';
  choices: ActionChoices = DEFAULTS;
  private asked: Action | undefined;
  /** What was sent last, and under which key: the same is sent again under the same. */
  private sent = '';
  private key = '';
  private openedMs = 0;

  protected override willUpdate(): void {
    const { action } = this.context;
    if (action === this.asked) return;
    this.asked = action;
    this.sent = '';
    this.openedMs = this.context.store.nowMs();
    this.error = '';
    this.choices = DEFAULTS;
  }

  private async confirm(reason: string): Promise<void> {
    const { context } = this;
    const { action } = context;
    if (action === undefined || this.busy) return;
    const { path, body } = callOf(action, reason, this.choices, this.openedMs);
    const wish = JSON.stringify(body);
    if (wish !== this.sent) this.key = crypto.randomUUID();
    this.sent = wish;
    this.busy = true;
    this.error = '';
    try {
      await context.api.post<Accepted>(path, body, this.key);
      context.tell({ tone: 'ok', text: textsOf(action).asked, ...this.whereFor(action) });
      context.ask(undefined);
      if (action.kind === 'freeze' || action.kind === 'unfreeze') await context.store.readFreeze();
    } catch (error) {
      this.error = error instanceof Error ? error.message : String(error);
      if (error instanceof ApiError && error.status === 401) context.openSignIn(true);
    } finally {
      this.busy = false;
    }
  }

  private whereFor(action: Action): { href?: string } {
    if (action.kind === 'failover')
      return { href: this.context.href('connection', action.connection.connection_id) };
    if (action.kind === 'drain') return { href: this.context.href('agent', action.agent.agent_id) };
    if (action.kind === 'approve')
      return { href: this.context.href('connection', action.failover.connection_id) };
    return {};
  }

  private choose(changes: Partial<ActionChoices>): void {
    this.choices = { ...this.choices, ...changes };
  }

  private renderFailover(): TemplateResult {
    const { planned, force } = this.choices;
    return html`<fieldset>
      <legend>How</legend>
      <label>
        <input
          type="radio"
          name="how"
          .checked=${planned}
          @change=${() => this.choose({ planned: true, force: false })}
        />
        <span>Planned: drain first, and only if another server fits</span>
      </label>
      <label>
        <input type="radio" name="how" .checked=${!planned} @change=${() => this.choose({ planned: false })} />
        <span>At once: what is under way is not waited for</span>
      </label>
      <label class=${planned ? 'off' : ''}>
        <input
          type="checkbox"
          .checked=${force}
          ?disabled=${planned}
          @change=${(event: Event) => this.choose({ force: (event.target as HTMLInputElement).checked })}
        />
        <span>Force: ends a placement without a lease, though nobody confirmed that it stopped</span>
      </label>
    </fieldset>`;
  }

  private renderFreeze(): TemplateResult {
    return html`<fieldset>
      <legend>For how long</legend>
      <div class="chips">
        ${FREEZE_MINUTES.map(
          ([minutes, label]) => html`<button
            type="button"
            class="chip"
            aria-pressed=${this.choices.minutes === minutes}
            @click=${() => this.choose({ minutes })}
          >
            ${label}
          </button>`,
        )}
      </div>
    </fieldset>`;
  }

  override render(): TemplateResult {
    const { action } = this.context;
    const texts = action && textsOf(action);
    return html`<tl-dialog
      .open=${action !== undefined && !this.context.signingIn}
      .heading=${texts?.heading ?? ''}
      .message=${texts?.message ?? ''}
      .confirmLabel=${texts?.confirmLabel ?? ''}
      .tone=${texts?.tone ?? 'plain'}
      .busy=${this.busy}
      .error=${this.error}
      @tl-confirm=${(event: CustomEvent<{ reason: string }>) => void this.confirm(event.detail.reason)}
      @tl-cancel=${() => this.context.ask(undefined)}
    >
      ${action?.kind === 'failover' ? this.renderFailover() : nothing}
      ${action?.kind === 'freeze' ? this.renderFreeze() : nothing}
    </tl-dialog>`;
  }

  static override styles = [
    sharedStyles,
    controlStyles,
    css`
      fieldset {
        display: grid;
        gap: 6px;
        margin: 0 0 var(--tl-space-3);
        padding: 0;
        border: 0;
      }
      legend {
        padding: 0 0 4px;
        font-weight: 550;
      }
      label {
        display: flex;
        align-items: baseline;
        gap: 8px;
      }
      .off {
        color: var(--tl-text-2);
      }
      input {
        accent-color: var(--tl-accent);
      }
    `,
  ];
}

customElements.define('tl-action-dialog', ActionDialog);
