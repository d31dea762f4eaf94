import { css, html, LitElement, type TemplateResult } from 'lit';
import { NOTHING } from '../format.ts';
import type { ConnectionEvent } from '../model.ts';
import { cardStyles, sharedStyles } from '../styles.ts';

/** What a session's decision says of one who takes part. */
interface Leg {
  readonly broker_id?: string;
}

/** Who takes part in a session, by its newest decision; they are no agents, and have no page. */
class PartyCard extends LitElement {
  static override properties = { event: { attribute: false } };

  event: ConnectionEvent | undefined;

  private renderParty(label: string, id: unknown, leg: unknown): TemplateResult {
    const { broker_id } = (leg ?? {}) as Leg;
    return html`<div>
      <dt class="quiet small">${label}</dt>
      <dd class="name clip">${typeof id === 'string' ? id : NOTHING}</dd>
      <dd class="quiet small">${broker_id ? `at ${broker_id}` : 'not attached'}</dd>
    </div>`;
  }

  override render(): TemplateResult {
    const { controller_id, target_id, controller, target } = this.event?.data ?? {};
    return html`<dl class="card">
      ${this.renderParty('Controller', controller_id, controller)} ${this.renderParty('Target', target_id, target)}
    </dl>`;
  }

  static override styles = [
    sharedStyles,
    cardStyles,
    css`
      .card {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(110px, 1fr));
        gap: var(--tl-space-3);
        height: 100%;
        padding: var(--tl-space-3) var(--tl-space-4) var(--tl-space-4);
      }
      .name {
        font-size: 15px;
        font-weight: 600;
      }
    `,
  ];
}

customElements.define('tl-party-card', PartyCard);
