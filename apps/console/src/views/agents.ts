import { html, nothing, type TemplateResult } from 'lit';
import { ago, count } from '../format.ts';
import { AGENT_STATUSES, type Agent } from '../model.ts';
import type { Column } from '../parts/tl-virtual-table.ts';
import { agentsWith, countBy } from '../state/filters.ts';
import { lineCard } from './line-card.ts';
import { ListView } from './list-view.ts';
import { loadMeter, loadOf } from './load-meter.ts';
import { agentStatus } from './pieces.ts';

/** Sidecars and brokers: where they are, how they are, how full. */
export class AgentsView extends ListView {
  protected readonly usualSort = 'agent_id';

  private readonly columns: readonly Column<Agent>[] = [
    {
      key: 'agent_id',
      label: 'Agent',
      width: 'minmax(160px, 1.6fr)',
      value: (row) => row.agent_id,
      render: (row) =>
        html`<a class="mono" href=${this.context.href('agent', row.agent_id)}>${row.agent_id}</a>`,
    },
    {
      key: 'status',
      label: 'State',
      width: '118px',
      value: (row) => (row.status === 'alive' && row.draining ? 'draining' : row.status),
      render: agentStatus,
    },
    {
      key: 'load',
      label: 'Load',
      width: 'minmax(150px, 1.2fr)',
      value: loadOf,
      render: (row) => loadMeter(row.connections, row.capacity),
    },
    {
      key: 'kind',
      label: 'Kind',
      width: 'minmax(100px, 0.8fr)',
      minTablePx: 680,
      value: (row) => row.kind,
      render: (row) => html`<span class="quiet">${row.kind ?? nothing}</span>`,
    },
    {
      key: 'control_region',
      label: 'Region',
      width: '84px',
      minTablePx: 760,
      value: (row) => row.control_region,
      render: (row) => row.control_region ?? nothing,
    },
    {
      key: 'location',
      label: 'Location',
      width: 'minmax(90px, 0.8fr)',
      minTablePx: 900,
      value: (row) => row.location,
      render: (row) => row.location ?? nothing,
    },
    {
      key: 'server_group',
      label: 'Group',
      width: '110px',
      minTablePx: 1020,
      value: (row) => row.server_group,
      render: (row) => row.server_group ?? nothing,
    },
    {
      key: 'health_score',
      label: 'Health',
      width: '76px',
      align: 'end',
      minTablePx: 820,
      value: (row) => row.health_score,
      render: (row) => count(row.health_score === undefined ? undefined : Math.round(row.health_score)),
    },
    {
      key: 'last_heartbeat',
      label: 'Heard of',
      width: '96px',
      align: 'end',
      minTablePx: 620,
      value: (row) => row.last_heartbeat,
      render: (row) => html`<span class="quiet">${ago(row.last_heartbeat, this.context.nowMs)}</span>`,
    },
  ];

  private renderFilters(all: readonly Agent[]): TemplateResult {
    const statuses = countBy(all, ({ status }) => status);
    const draining = all.filter((each) => each.draining).length;
    return html`<div class="filters">
      ${this.searchField('Filter by id or location')}
      <div class="chips" role="group" aria-label="State">
        ${AGENT_STATUSES.map((status) => this.chip(status, 'status', status, statuses.get(status) ?? 0))}
        ${this.chip('draining', 'draining', '1', draining)}
      </div>
      ${this.select('Kind', 'kind', [...countBy(all, ({ kind = '' }) => kind).keys()].filter(Boolean).sort())}
      ${this.select('Region', 'control_region', [...countBy(all, (row) => row.control_region ?? '').keys()].filter(Boolean).sort())}
      ${this.given('server_group')}
    </div>`;
  }

  private renderCard = (row: Agent): TemplateResult =>
    lineCard(
      html`<a href=${this.context.href('agent', row.agent_id)}>${row.agent_id}</a>`,
      agentStatus(row),
      [row.kind, row.control_region].filter(Boolean).join(' · '),
      `${count(row.connections)} of ${count(row.capacity)}`,
    );

  override render(): TemplateResult {
    const { world, route, store, at } = this.context;
    const all = this.rowsOf('all', () => [...world.agents.values()]);
    const rows = this.rowsOf('rows', () => agentsWith(all, route.query));
    return this.renderList({
      heading: 'Agents',
      noun: 'agent',
      none: 'No agent has reported yet.',
      onOpen: (id) => this.context.go('agent', id),
      all,
      rows,
      columns: this.columns,
      rowId: idOf,
      card: this.renderCard,
      filters: this.renderFilters(all),
      isBusy: store.loading === 'loading',
      note:
        at === undefined
          ? undefined
          : html`<p class="note">
              What agents reported is not kept. Shown are those that a connection was at then, and how many each carried by the
              decisions; state, capacity and health of then are not known.
            </p>`,
    });
  }
}

const idOf = (row: Agent) => row.agent_id;

customElements.define('tl-agents-view', AgentsView);
