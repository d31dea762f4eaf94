import { html, type TemplateResult } from 'lit';
import { ago, NOTHING, shortTime, words } from '../format.ts';
import type { Failover } from '../model.ts';
import type { Column } from '../parts/tl-virtual-table.ts';
import '../parts/tl-waterfall.ts';
import { MOVE_STATES, type MoveState, moveStateOf } from '../state/attention.ts';
import { countBy, failoversWith } from '../state/filters.ts';
import { lineCard } from './line-card.ts';
import { ListView } from './list-view.ts';
import { durationOf, moveStatus, took } from './pieces.ts';

const LABELS: Readonly<Record<MoveState, string>> = {
  done: 'done',
  'under-way': 'under way',
  waiting: 'waiting for capacity',
  held: 'held back',
  'given-up': 'over',
};

/** Moves of connections, the newest first. */
export class FailoversView extends ListView {
  protected readonly usualSort = '-detected_at';

  private readonly columns: readonly Column<Failover>[] = [
    {
      key: 'detected_at',
      label: 'Detected',
      width: '112px',
      value: (row) => row.detected_at,
      render: (row) =>
        html`<span class="quiet" title=${row.detected_at}>${shortTime(row.detected_at, this.context.nowMs)}</span>`,
    },
    {
      key: 'connection_id',
      label: 'Connection',
      width: 'minmax(160px, 2fr)',
      value: (row) => row.connection_id,
      render: (row) =>
        html`<a class="mono" href=${this.context.href('failover', row.failover_id)}>${row.connection_id}</a>`,
    },
    {
      key: 'state',
      label: 'State',
      width: 'minmax(130px, 1fr)',
      value: (row) => this.stateOf(row),
      render: (row) => moveStatus(row, this.context.world.connections.get(row.connection_id)),
    },
    {
      key: 'reason',
      label: 'Reason',
      width: 'minmax(110px, 1fr)',
      value: (row) => row.reason,
      render: (row) => words(row.reason),
    },
    {
      key: 'from',
      label: 'From',
      width: 'minmax(110px, 1fr)',
      minTablePx: 760,
      value: (row) => row.from,
      render: (row) => row.from ?? NOTHING,
    },
    {
      key: 'to',
      label: 'To',
      width: 'minmax(110px, 1fr)',
      minTablePx: 760,
      value: (row) => row.to,
      render: (row) => row.to ?? NOTHING,
    },
    {
      key: 'took',
      label: 'Took',
      width: 'minmax(96px, 190px)',
      align: 'end',
      value: durationOf,
      render: (row) =>
        row.active_at === undefined
          ? html`<span class="quiet">${took(this.context, row)}</span>`
          : html`<tl-waterfall compact .times=${row}></tl-waterfall>`,
    },
  ];

  private stateOf(row: Failover): MoveState {
    return moveStateOf(row, this.context.world.connections.get(row.connection_id));
  }

  private renderFilters(all: readonly Failover[]): TemplateResult {
    const states = countBy(all, (row) => this.stateOf(row));
    return html`<div class="filters">
      ${this.searchField('Filter by connection or server')}
      <div class="chips" role="group" aria-label="State">
        ${MOVE_STATES.map((state) => this.chip(LABELS[state], 'state', state, states.get(state) ?? 0))}
      </div>
      ${this.select('Reason', 'reason', [...countBy(all, ({ reason }) => reason).keys()].sort())}
      ${['connection_id', 'from', 'to', 'agent_id'].map((name) => this.given(name))}
    </div>`;
  }

  private renderCard = (row: Failover): TemplateResult =>
    lineCard(
      html`<a href=${this.context.href('failover', row.failover_id)}>${row.connection_id}</a>`,
      moveStatus(
        row,
        this.context.world.connections.get(row.connection_id),
        row.active_at && took(this.context, row),
      ),
      html`${row.from ?? 'nowhere'} → ${row.to ?? '…'} · ${words(row.reason)}`,
      ago(row.detected_at, this.context.nowMs),
    );

  override render(): TemplateResult {
    const { world, route, store } = this.context;
    const all = this.rowsOf('all', () => [...world.failovers.values()]);
    const rows = this.rowsOf('rows', () => failoversWith(all, route.query, (row) => this.stateOf(row)));
    return this.renderList({
      heading: 'Failovers',
      noun: 'failover',
      none: 'Nothing has moved yet.',
      onOpen: (id) => this.context.go('failover', id),
      all,
      rows,
      columns: this.columns,
      rowId: idOf,
      card: this.renderCard,
      filters: this.renderFilters(all),
      isBusy: store.loading === 'loading',
      more: store.hasMoreFailovers ? ', and older ones' : '',
      onNearEnd: () => void store.readMoreFailovers(),
    });
  }
}

const idOf = (row: Failover) => row.failover_id;

customElements.define('tl-failovers-view', FailoversView);
