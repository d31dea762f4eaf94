import { html, nothing, type TemplateResult } from 'lit';
import { ago, count } from '../format.ts';
import { CONNECTION_STATUSES, type Connection } from '../model.ts';
import { healthOfConnection } from '../parts/health.ts';
import type { Column } from '../parts/tl-virtual-table.ts';
import { isTroubled } from '../state/attention.ts';
import { connectionsWith, countBy } from '../state/filters.ts';
import { lineCard } from './line-card.ts';
import { ListView } from './list-view.ts';
import { connectionStatus } from './pieces.ts';

const RANK = { bad: 0, warn: 1, ok: 2, idle: 3 } as const;

/** Every connection, with filters that stand in the address. */
export class ConnectionsView extends ListView {
  protected readonly usualSort = 'connection_id';
  private readonly columns: readonly Column<Connection>[] = [
    {
      key: 'connection_id',
      label: 'Connection',
      width: 'minmax(180px, 2fr)',
      value: (row) => row.connection_id,
      render: (row) =>
        html`<a class="mono" href=${this.context.href('connection', row.connection_id)}>${row.connection_id}</a>`,
    },
    {
      key: 'status',
      label: 'State',
      width: 'minmax(172px, 1fr)',
      value: (row) => `${RANK[healthOfConnection(row)]} ${row.phase}`,
      render: (row) => connectionStatus(row, false),
    },
    {
      key: 'kind',
      label: 'Kind',
      width: '84px',
      minTablePx: 900,
      value: (row) => row.kind,
      render: (row) => html`<span class="quiet">${row.kind}</span>`,
    },
    {
      key: 'client_id',
      label: 'Client',
      width: 'minmax(120px, 1.2fr)',
      minTablePx: 760,
      value: (row) => row.client_id,
      render: (row) => row.client_id ?? nothing,
    },
    {
      key: 'server_id',
      label: 'Server or broker',
      width: 'minmax(120px, 1.2fr)',
      value: (row) => row.server_id ?? row.broker_id,
      render: (row) => row.server_id ?? row.broker_id ?? html`<span class="quiet">nowhere</span>`,
    },
    {
      key: 'home_region',
      label: 'Home',
      width: '80px',
      minTablePx: 980,
      value: (row) => row.home_region,
      render: (row) => html`<span class="quiet">${row.home_region}</span>`,
    },
    {
      key: 'epoch',
      label: 'Epoch',
      width: '82px',
      align: 'end',
      minTablePx: 820,
      value: (row) => row.epoch,
      render: (row) => count(row.epoch),
    },
    {
      key: 'health_score',
      label: 'Health',
      width: '88px',
      align: 'end',
      minTablePx: 620,
      value: (row) => row.health_score,
      render: (row) => count(row.health_score === undefined ? undefined : Math.round(row.health_score)),
    },
    {
      key: 'updated_at',
      label: 'Changed',
      width: '96px',
      align: 'end',
      minTablePx: 620,
      value: (row) => row.updated_at,
      render: (row) => html`<span class="quiet">${ago(row.updated_at, this.context.nowMs)}</span>`,
    },
  ];

  private renderFilters(all: readonly Connection[]): TemplateResult {
    const byStatus = countBy(all, ({ status }) => status);
    return html`<div class="filters">
      ${this.searchField('Filter by id, client, server or broker')}
      <div class="chips" role="group" aria-label="State">
        ${this.chip('needs attention', 'attention', '1', all.filter(isTroubled).length)}
        ${CONNECTION_STATUSES.map((status) => this.chip(status, 'status', status, byStatus.get(status) ?? 0))}
      </div>
      ${this.select('Kind', 'kind', [...countBy(all, ({ kind }) => kind).keys()].sort())}
      ${this.select('Home', 'home_region', [...countBy(all, ({ home_region }) => home_region).keys()].sort())}
      ${['client_id', 'server_id', 'broker_id', 'agent_id', 'phase'].map((name) => this.given(name))}
    </div>`;
  }

  private renderCard = (row: Connection): TemplateResult =>
    lineCard(
      html`<a href=${this.context.href('connection', row.connection_id)}>${row.connection_id}</a>`,
      connectionStatus(row),
      row.server_id ?? row.broker_id ?? 'nowhere',
      ago(row.updated_at, this.context.nowMs),
    );

  override render(): TemplateResult {
    const { world, route, store, past } = this.context;
    const all = this.rowsOf('all', () => [...world.connections.values()]);
    const rows = this.rowsOf('rows', () => connectionsWith(all, route.query));
    const isLoading = past ? past.state === 'loading' : store.loading === 'loading';
    return this.renderList({
      heading: 'Connections',
      noun: 'connection',
      none: 'No connections yet.',
      onOpen: (id) => this.context.go('connection', id),
      all,
      rows,
      columns: this.columns,
      rowId: idOf,
      card: this.renderCard,
      filters: this.renderFilters(all),
      isBusy: isLoading,
      more: isLoading ? ', reading …' : '',
    });
  }
}

const idOf = (row: Connection) => row.connection_id;

customElements.define('tl-connections-view', ConnectionsView);
