import { css, html, nothing, type TemplateResult } from 'lit';
import { ago, count, plural, shortTime, words } from '../format.ts';
import type { Agent, Connection, LiveEvent } from '../model.ts';
import type { Column, TlVirtualTable } from '../parts/tl-virtual-table.ts';
import '../parts/tl-virtual-table.ts';
import { connectionsWith } from '../state/filters.ts';
import { Resource } from '../state/resource.ts';
import { columnStyles, viewStyles } from '../styles.ts';
import { View } from '../view.ts';
import './agent-moves.ts';
import { lineCard } from './line-card.ts';
import { loadMeter } from './load-meter.ts';
import { agentStatus, connectionStatus, explainedAction, fact, problem } from './pieces.ts';

/** One sidecar or broker: how it is, what it carries, what left it or came. */
export class AgentView extends View {
  static override properties = { ...View.properties, id: { type: String }, selected: { state: true } };

  override id = '';
  selected = '';
  private readonly own = new Resource<Agent>(() => this.requestUpdate());
  private readonly columns: readonly Column<Connection>[] = [
    {
      key: 'connection_id',
      label: 'Connection',
      width: 'minmax(160px, 2fr)',
      value: (row) => row.connection_id,
      render: (row) =>
        html`<a class="mono" href=${this.context.href('connection', row.connection_id)}>${row.connection_id}</a>`,
    },
    {
      key: 'status',
      label: 'State',
      width: 'minmax(130px, 1fr)',
      value: (row) => row.phase,
      render: connectionStatus,
    },
    {
      key: 'other',
      label: 'Other end',
      width: 'minmax(120px, 1fr)',
      value: (row) => this.otherEnd(row),
      render: (row) => this.otherEnd(row) ?? nothing,
    },
    {
      key: 'updated_at',
      label: 'Changed',
      width: '96px',
      align: 'end',
      value: (row) => row.updated_at,
      render: (row) => html`<span class="quiet">${ago(row.updated_at, this.context.nowMs)}</span>`,
    },
  ];

  private otherEnd(row: Connection): string | undefined {
    return row.client_id === this.id ? (row.server_id ?? row.broker_id) : row.client_id;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.own.stop();
  }

  override move(by: number): void {
    this.renderRoot.querySelector<TlVirtualTable>('tl-virtual-table')?.move(by);
  }

  override openSelected(): void {
    this.renderRoot.querySelector<TlVirtualTable>('tl-virtual-table')?.openSelected();
  }

  protected override willUpdate(): void {
    const { api, session, world, at } = this.context;
    if (world.agents.has(this.id) || at !== undefined) return;
    this.own.want(`${this.id} ${session.bearer ?? ''}`, (signal) =>
      api.get(`/agents/${encodeURIComponent(this.id)}`, {}, signal),
    );
  }

  private renderFacts(agent: Agent): TemplateResult {
    const { nowMs } = this.context;
    return html`<section class="card">
      <div class="body">
        <dl class="facts">
          ${fact('Load', loadMeter(agent.connections, agent.capacity))} ${fact('Kind', agent.kind)}
          ${fact('Control region', agent.control_region)} ${fact('Location', agent.location)}
          ${agent.server_group ? fact('Server group', agent.server_group) : nothing}
          ${fact('Address', agent.address ? html`<span class="mono">${agent.address}</span>` : undefined)}
          ${fact('Health', count(agent.health_score === undefined ? undefined : Math.round(agent.health_score)))}
          ${fact('Heard of', ago(agent.last_heartbeat, nowMs))} ${fact('Software', agent.software_version)}
          ${fact('This life', agent.incarnation ? html`<span class="mono">${agent.incarnation}</span>` : undefined)}
        </dl>
      </div>
    </section>`;
  }

  private renderDecisions(): TemplateResult {
    const named = this.context.store.decisions.filter((event) => names(event, this.id)).slice(0, 12);
    const { nowMs } = this.context;
    return html`<section class="card">
      <header>
        <h2>Decisions that name it</h2>
        <span class="quiet small">since this page is open</span>
      </header>
      <div class="body flush">
        ${
          named.length === 0
            ? html`<p class="empty">None yet.</p>`
            : html`<ul class="lines">
                ${named.map(
                  (event) => html`<li>
                    <span class="quiet small nowrap">${shortTime(event.time, nowMs)}</span>
                    <span>${words(event.type)}</span>
                    ${
                      event.connection_id
                        ? html`<a class="clip mono" href=${this.context.href('connection', event.connection_id)}>${event.connection_id}</a>`
                        : nothing
                    }
                  </li>`,
                )}
              </ul>`
        }
      </div>
    </section>`;
  }

  private renderCarried(): TemplateResult {
    const rows = connectionsWith([...this.context.world.connections.values()], { agent_id: this.id });
    return html`<section class="carried">
      <div class="title">
        <h2>${plural(rows.length, 'connection')}</h2>
        <a href=${this.context.href('connections', undefined, { agent_id: this.id })}>As a list</a>
      </div>
      <tl-virtual-table
        .columns=${this.columns}
        .rows=${rows}
        .rowId=${(row: Connection) => row.connection_id}
        .selected=${this.selected}
        .card=${(row: Connection) =>
          lineCard(
            html`<a href=${this.context.href('connection', row.connection_id)}>${row.connection_id}</a>`,
            connectionStatus(row),
            this.otherEnd(row) ?? '',
            ago(row.updated_at, this.context.nowMs),
          )}
        label="Its connections"
        empty="It carries nothing."
        @tl-select=${(event: CustomEvent<{ id: string }>) => {
          this.selected = event.detail.id;
        }}
        @tl-open=${(event: CustomEvent<{ id: string }>) => this.context.go('connection', event.detail.id)}
      ></tl-virtual-table>
    </section>`;
  }

  private renderDrain(agent: Agent): TemplateResult {
    const { context } = this;
    const region = context.store.status?.region;
    const elsewhere =
      region !== undefined && agent.control_region !== undefined && agent.control_region !== region
        ? `It is drained at a controller of ${agent.control_region}`
        : undefined;
    const disabled = agent.draining ? 'It is being drained already' : elsewhere;
    return explainedAction(context, 'Drain …', () => context.ask({ kind: 'drain', agent }), {
      bad: true,
      disabled,
    });
  }

  override render(): TemplateResult {
    const { world, at } = this.context;
    const agent = world.agents.get(this.id) ?? this.own.value;
    return html`<div class="page">
      <div>
        <p class="crumb"><a href=${this.context.href('agents')}>Agents</a></p>
        <div class="title">
          <div class="row">
            <h1>${this.id}</h1>
            ${agent ? agentStatus(agent) : nothing}
          </div>
          ${agent ? this.renderDrain(agent) : nothing}
        </div>
      </div>
      ${at === undefined ? nothing : html`<p class="note">What agents reported is not kept: of then only the connections are known.</p>`}
      ${agent ? this.renderFacts(agent) : problem(this.own.error)}
      <div class="columns">
        ${this.renderCarried()}
        <div class="stack"><tl-agent-moves .context=${this.context} .id=${this.id}></tl-agent-moves> ${this.renderDecisions()}</div>
      </div>
    </div>`;
  }

  static override styles = [
    ...viewStyles,
    columnStyles,
    css`
      .carried {
        display: grid;
        gap: var(--tl-space-2);
        min-width: 0;
      }
      .carried tl-virtual-table {
        max-height: 560px;
      }
      .lines li {
        display: flex;
        align-items: center;
        gap: var(--tl-space-3);
        min-height: 38px;
        padding: 6px var(--tl-space-4);
        border-bottom: 1px solid var(--tl-line);
      }
      .lines li:last-child {
        border-bottom: 0;
      }
      .lines .clip {
        flex: 1;
      }
    `,
  ];
}

/** A decision on the agent, or one whose commands or placement name it. */
function names({ agent_id, data }: LiveEvent, id: string): boolean {
  if (agent_id === id) return true;
  const { client_id, server_id, broker_id, failover, commands } = data as {
    client_id?: string;
    server_id?: string;
    broker_id?: string;
    failover?: { from?: string; to?: string };
    commands?: readonly { agent_id?: string }[];
  };
  return (
    [client_id, server_id, broker_id, failover?.from, failover?.to].includes(id) ||
    (commands ?? []).some((command) => command.agent_id === id)
  );
}

customElements.define('tl-agent-view', AgentView);
