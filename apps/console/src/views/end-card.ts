import { css, html, nothing, type TemplateResult } from 'lit';
import { cardStyles, sharedStyles } from '../styles.ts';
import { View } from '../view.ts';
import { loadMeter } from './load-meter.ts';
import { agentStatus, link } from './pieces.ts';

/** One end of a connection: which agent, where, how it is and how full. */
export class EndCard extends View {
  static override properties = { ...View.properties, id: { type: String }, label: { type: String } };

  override id = '';
  label = '';

  override render(): TemplateResult {
    const agent = this.context.world.agents.get(this.id);
    return html`<div class="card">
      <p class="quiet small">${this.label}</p>
      <p class="name">${this.id === '' ? html`<span class="quiet">none now</span>` : link(this.context, 'agent', this.id)}</p>
      ${
        agent
          ? html`<p class="row">
                ${agentStatus(agent)}
                <span class="quiet small">${[agent.control_region, agent.location].filter(Boolean).join(' · ')}</span>
              </p>
              ${loadMeter(agent.connections, agent.capacity)}`
          : nothing
      }
    </div>`;
  }

  static override styles = [
    sharedStyles,
    cardStyles,
    css`
      .card {
        display: grid;
        gap: 6px;
        height: 100%;
        padding: var(--tl-space-3) var(--tl-space-4) var(--tl-space-4);
      }
      @media (max-width: 640px) {
        .card {
          padding: var(--tl-space-2) var(--tl-space-3) var(--tl-space-3);
        }
      }
      .name {
        display: grid;
        font-size: 15px;
        font-weight: 600;
      }
    `,
  ];
}

customElements.define('tl-end-card', EndCard);
