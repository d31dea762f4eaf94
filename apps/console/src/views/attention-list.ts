import { css, html, nothing, type TemplateResult } from 'lit';
import { ago, count, words } from '../format.ts';
import type { Agent, Connection, Failover } from '../model.ts';
import { isAgentTroubled, isTroubled, moveStateOf, waitsForApproval } from '../state/attention.ts';
import { cardStyles, controlStyles, sharedStyles } from '../styles.ts';
import { View } from '../view.ts';
import { actionButton, agentStatus, connectionStatus, moveStatus } from './pieces.ts';

/** Lines that are shown; the lists have the rest. */
const LINES = 7;

/** What somebody should look at, the most pressing first: what waits for an operator, what is lost, what is held, what is ill. */
export class AttentionList extends View {
  private renderLine(href: string, id: string, about: string, end: TemplateResult): TemplateResult {
    return html`<li>
      <div class="what">
        <a class="clip mono" href=${href}>${id}</a>
        <span class="quiet small clip">${about}</span>
      </div>
      ${end}
    </li>`;
  }

  private renderMove = (move: Failover): TemplateResult => {
    const { context } = this;
    const { failover_id, connection_id, suppressed, detected_at } = move;
    const needsYou = waitsForApproval(move);
    const about = `${needsYou ? `held, ${words(suppressed?.reason)}, ` : ''}${ago(detected_at, context.nowMs)}`;
    const end = needsYou
      ? html`<span class="act">${actionButton(context, 'Approve …', () => context.ask({ kind: 'approve', failover: move }))}</span>`
      : moveStatus(move, context.world.connections.get(connection_id));
    return this.renderLine(context.href('failover', failover_id), connection_id, about, end);
  };

  private renderAgent = (agent: Agent): TemplateResult =>
    this.renderLine(
      this.context.href('agent', agent.agent_id),
      agent.agent_id,
      `heard of ${ago(agent.last_heartbeat, this.context.nowMs)}`,
      agentStatus(agent),
    );

  private renderConnection = (row: Connection): TemplateResult =>
    this.renderLine(
      this.context.href('connection', row.connection_id),
      row.connection_id,
      `${row.server_id ?? row.broker_id ?? 'no path'}, ${ago(row.updated_at, this.context.nowMs)}`,
      connectionStatus(row),
    );

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

  /** That all is well is said only of what was read. */
  private get nothing(): string {
    const { past, store } = this.context;
    const { state } = past ?? { state: store.agentsKnown ? store.loading : 'loading' };
    if (state === 'ready') return 'Nothing. All that should stand stands.';
    return state === 'failed' ? 'Not known: nothing could be read.' : 'Reading …';
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
        ${lines.length === 0 ? html`<p class="empty">${this.nothing}</p>` : nothing}
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
        align-items: center;
        gap: var(--tl-space-3);
        min-height: 48px;
        padding: 5px var(--tl-space-4);
        border-bottom: 1px solid var(--tl-line);
      }
      .lines li:last-child {
        border-bottom: 0;
      }
      .what {
        display: grid;
        flex: 1;
        min-width: 0;
        line-height: 1.4;
      }
      .lines tl-status {
        flex: none;
        max-width: 55%;
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
