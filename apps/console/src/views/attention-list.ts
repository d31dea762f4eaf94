import { css, html, nothing, type TemplateResult } from 'lit';
import { ago, count } from '../format.ts';
import type { Agent, Connection, Failover } from '../model.ts';
import { isAgentTroubled, isTroubled, moveStateOf, waitsForApproval } from '../state/attention.ts';
import { cardStyles, controlStyles, sharedStyles } from '../styles.ts';
import { View } from '../view.ts';
import { actionButton, agentStatus, connectionStatus, moveStatus } from './pieces.ts';

/** Lines that are shown; the lists have the rest. */
const LINES = 7;

/** What somebody should look at, the most pressing first: what waits for an operator, what is lost, what is held, what is ill. */
export class AttentionList extends View {
  private renderMove = (move: Failover): TemplateResult => {
    const { context } = this;
    const status = moveStatus(move, context.world.connections.get(move.connection_id));
    return html`<li>
      <a class="clip mono" href=${context.href('failover', move.failover_id)}>${move.connection_id}</a>
      ${status}
      ${
        waitsForApproval(move)
          ? html`<span class="act">${actionButton(context, 'Approve …', () => context.ask({ kind: 'approve', failover: move }))}</span>`
          : html`<span class="quiet small nowrap">${ago(move.detected_at, context.nowMs)}</span>`
      }
    </li>`;
  };

  private renderAgent = (agent: Agent): TemplateResult => html`<li>
    <a class="clip mono" href=${this.context.href('agent', agent.agent_id)}>${agent.agent_id}</a>
    ${agentStatus(agent)}
    <span class="quiet small nowrap">${ago(agent.last_heartbeat, this.context.nowMs)}</span>
  </li>`;

  private renderConnection = (row: Connection): TemplateResult => html`<li>
    <a class="clip mono" href=${this.context.href('connection', row.connection_id)}>${row.connection_id}</a>
    ${connectionStatus(row)}
    <span class="quiet small nowrap">${ago(row.updated_at, this.context.nowMs)}</span>
  </li>`;

  private lines(): (() => TemplateResult)[] {
    const { world, at } = this.context;
    const held = [...world.failovers.values()].filter(
      (each) => moveStateOf(each, world.connections.get(each.connection_id)) === 'held',
    );
    const heldIds = new Set(held.map(({ connection_id }) => connection_id));
    const agents = at === undefined ? [...world.agents.values()].filter(isAgentTroubled) : [];
    // A connection whose move is held stands here by that already.
    const connections = [...world.connections.values()].filter(
      (row) => isTroubled(row) && !heldIds.has(row.connection_id),
    );
    return [
      ...held.filter(waitsForApproval).map((each) => () => this.renderMove(each)),
      ...agents.filter(({ status }) => status === 'lost').map((each) => () => this.renderAgent(each)),
      ...connections
        .filter(({ status }) => status === 'failed')
        .map((each) => () => this.renderConnection(each)),
      ...held.filter((each) => !waitsForApproval(each)).map((each) => () => this.renderMove(each)),
      ...agents.filter(({ status }) => status !== 'lost').map((each) => () => this.renderAgent(each)),
      ...connections
        .filter(({ status }) => status !== 'failed')
        .map((each) => () => this.renderConnection(each)),
    ];
  }

  override render(): TemplateResult {
    const lines = this.lines();
    const left = lines.length - LINES;
    return html`<section class="card">
      <header>
        <h2>Needs attention</h2>
        <span class="quiet small">${lines.length === 0 ? '' : count(lines.length)}</span>
      </header>
      <div class="body flush">
        ${lines.length === 0 ? html`<p class="empty">Nothing. All that should stand stands.</p>` : nothing}
        <ul class="lines">
          ${lines.slice(0, LINES).map((line) => line())}
        </ul>
        ${
          left > 0
            ? html`<p class="more small">
                <span class="quiet">${count(left)} more:</span>
                <a href=${this.context.href('connections', undefined, { attention: '1' })}>connections</a>
                <a href=${this.context.href('failovers', undefined, { state: 'held' })}>held failovers</a>
              </p>`
            : nothing
        }
      </div>
    </section>`;
  }

  static override styles = [
    sharedStyles,
    cardStyles,
    controlStyles,
    css`
      .lines li {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 4px var(--tl-space-3);
        min-height: 40px;
        padding: 6px var(--tl-space-4);
        border-bottom: 1px solid var(--tl-line);
      }
      .lines li:last-child {
        border-bottom: 0;
      }
      .lines .clip {
        flex: 1 1 130px;
      }
      .act .button {
        min-height: 26px;
        padding: 1px 9px;
        font-size: var(--tl-size-s);
      }
      .more {
        display: flex;
        gap: var(--tl-space-3);
        padding: 8px var(--tl-space-4);
        border-top: 1px solid var(--tl-line);
      }
    `,
  ];
}

customElements.define('tl-attention-list', AttentionList);
