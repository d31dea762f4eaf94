import { html, nothing, type TemplateResult } from 'lit';
import { ago, dateTime } from '../format.ts';
import '../parts/tl-status.ts';
import { cardStyles, controlStyles, sharedStyles } from '../styles.ts';
import { View } from '../view.ts';
import { actionButton } from './pieces.ts';

/** Whether planned moves are frozen in this control region, by whom and why; operators begin and end it here. */
class FreezeCard extends View {
  static override properties = { ...View.properties, withPolicies: { type: Boolean } };

  /** Says where the other settings of the region are. */
  withPolicies = false;

  override render(): TemplateResult {
    const { context } = this;
    const { freeze } = context.store;
    return html`<section class="card">
      <header>
        <h2>Freeze of planned moves</h2>
        ${
          freeze?.frozen
            ? actionButton(context, 'End the freeze …', () => context.ask({ kind: 'unfreeze', freeze }))
            : actionButton(context, 'Freeze …', () => context.ask({ kind: 'freeze' }))
        }
      </header>
      <div class="body">
        ${
          freeze?.frozen
            ? html`<p>
                <tl-status health="warn" label="frozen"></tl-status>
                until ${dateTime(freeze.until)} (${ago(freeze.until, context.nowMs)}), by
                ${freeze.requested_by ?? 'nobody named'}: “${freeze.reason ?? ''}”
              </p>`
            : html`<p class="quiet">Planned moves and failback are free to go on.</p>`
        }
        ${freeze?.regions
          .filter((each) => each.frozen && each.control_region !== freeze.control_region)
          .map(
            ({ control_region, until }) =>
              html`<p>
              <tl-status health="warn" label=${`frozen in ${control_region}`}></tl-status>
              until ${dateTime(until)}: a controller there can end it
            </p>`,
          )}
        ${this.withPolicies ? html`<p><a href=${context.href('policies')}>Policies of this control region</a></p>` : nothing}
      </div>
    </section>`;
  }

  static override styles = [sharedStyles, cardStyles, controlStyles];
}

customElements.define('tl-freeze-card', FreezeCard);
