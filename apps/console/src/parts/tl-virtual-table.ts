import { html, LitElement, nothing, type PropertyValues } from 'lit';
import { baseStyles } from './base-styles.ts';
import { styled } from './styled.ts';
import { virtualTableStyles } from './virtual-table-styles.ts';
import { type RowWindow, type SortDirection, scrollToShow, sortRows, windowOf } from './virtual-window.ts';

export interface Column<Row> {
  readonly key: string;
  readonly label: string;
  /** A track of a CSS grid; `minmax(0, 1fr)` if nothing is said. */
  readonly width?: string;
  readonly align?: 'start' | 'end';
  /** Left out while the table is narrower than this. */
  readonly minTablePx?: number;
  /** Makes the column sortable: the table sorts its rows by it. */
  readonly value?: (row: Row) => string | number | undefined;
  readonly render: (row: Row) => unknown;
}

export interface SortOrder {
  readonly key: string;
  readonly direction: SortDirection;
}

/** The table asks for more rows when fewer than this stand below what is seen. */
const NEAR_END_ROWS = 50;
const OWN_CONTROLS = 'a, button, input, select, summary, label';

/**
 * Rows of which only those in sight exist. Properties: `columns`, `rows`, `rowId` (names a row), `label` (for screen
 * readers), `sort`, `selected` (id of a row), `rowPx`, `card` (what stands for a whole row while the table is narrower
 * than `cardBelowPx`) with `cardPx`, `empty` (said when there are no rows), `busy`. It is as tall as it is allowed to be:
 * give it or what holds it a height. Arrow keys, Home, End, Page Up and Down, `j` and `k` move; Enter or a click opens.
 * Fires `tl-select` and `tl-open` with `{id, row}`, `tl-sort` with the new order, `tl-near-end` when few rows are left below.
 */
export class TlVirtualTable<Row = unknown> extends LitElement {
  static override properties = {
    columns: { attribute: false },
    rows: { attribute: false },
    rowId: { attribute: false },
    label: { type: String },
    sort: { attribute: false },
    selected: { type: String },
    rowPx: { type: Number },
    card: { attribute: false },
    cardPx: { type: Number },
    cardBelowPx: { type: Number },
    empty: { type: String },
    busy: { type: Boolean },
  };

  columns: readonly Column<Row>[] = [];
  rows: readonly Row[] = [];
  rowId: (row: Row) => string = String;
  label = 'Rows';
  sort: SortOrder | undefined = undefined;
  selected = '';
  rowPx = 40;
  card: ((row: Row) => unknown) | undefined = undefined;
  cardPx = 68;
  cardBelowPx = 560;
  empty = 'Nothing here.';
  busy = false;

  private shown: readonly Row[] = [];
  private indexOf = new Map<string, number>();
  private drawn: RowWindow = { first: 0, end: 0, totalPx: 0 };
  private widthPx = 0;
  private viewportPx = 0;
  private askedAt = -1;
  private readonly sizes = new ResizeObserver(() => this.measure());

  override connectedCallback(): void {
    super.connectedCallback();
    this.sizes.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.sizes.disconnect();
  }

  /** Selects the row that stands so many below the selected one, and shows it. */
  move(by: number): void {
    const from = this.indexOf.get(this.selected);
    this.selectAt(from === undefined ? (by > 0 ? 0 : this.shown.length - 1) : from + by);
  }

  openSelected(): void {
    const row = this.shown[this.indexOf.get(this.selected) ?? -1];
    if (row !== undefined) this.tell('tl-open', { id: this.selected, row });
  }

  override focus(options?: FocusOptions): void {
    this.scroller?.focus(options);
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('rows') || changed.has('sort') || changed.has('columns') || changed.has('rowId')) {
      const value = this.columns.find(({ key }) => key === this.sort?.key)?.value;
      this.shown = this.sort && value ? sortRows(this.rows, value, this.sort.direction) : this.rows;
      this.indexOf = new Map(this.shown.map((row, index) => [this.rowId(row), index]));
    }
    this.drawn = windowOf(this.geometry());
  }

  protected override updated(): void {
    // The table is one stop of Tab; arrows and Enter do the rest. A link in a row that is drawn beyond the edge would take the focus away.
    for (const link of this.renderRoot.querySelectorAll<HTMLElement>('.row a')) link.tabIndex = -1;
    const left = this.shown.length - this.drawn.end;
    if (left >= NEAR_END_ROWS || this.askedAt === this.shown.length || this.shown.length === 0) return;
    this.askedAt = this.shown.length;
    this.tell('tl-near-end', { rows: this.shown.length });
  }

  private get scroller(): HTMLElement | null {
    return this.renderRoot.querySelector('.grid');
  }

  private get asCards(): boolean {
    return this.card !== undefined && this.widthPx > 0 && this.widthPx < this.cardBelowPx;
  }

  private geometry() {
    return {
      rowCount: this.shown.length,
      rowPx: this.asCards ? this.cardPx : this.rowPx,
      scrollPx: this.scroller?.scrollTop ?? 0,
      viewportPx: this.viewportPx,
    };
  }

  private measure(): void {
    this.widthPx = this.clientWidth;
    this.viewportPx = Math.min(this.scroller?.clientHeight ?? 0, window.innerHeight);
    this.requestUpdate();
  }

  private onScroll(): void {
    const { first, end } = windowOf(this.geometry());
    if (first !== this.drawn.first || end !== this.drawn.end) this.requestUpdate();
  }

  private selectAt(index: number): void {
    const at = Math.max(0, Math.min(this.shown.length - 1, index));
    const row = this.shown[at];
    if (row === undefined) return;
    this.selected = this.rowId(row);
    const headPx = (this.renderRoot.querySelector('.head') as HTMLElement | null)?.offsetHeight ?? 0;
    const geometry = this.geometry();
    const scroller = this.scroller;
    if (scroller)
      scroller.scrollTop = scrollToShow(at, { ...geometry, viewportPx: geometry.viewportPx - headPx });
    this.tell('tl-select', { id: this.selected, row });
  }

  private onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== event.currentTarget) return;
    const page = Math.max(1, Math.floor(this.viewportPx / this.geometry().rowPx) - 1);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: 1,
      j: 1,
      ArrowUp: -1,
      k: -1,
      PageDown: page,
      PageUp: -page,
      Home: Number.NEGATIVE_INFINITY,
      End: Number.POSITIVE_INFINITY,
    };
    const by = steps[event.key];
    if (by === undefined && event.key !== 'Enter') return;
    event.preventDefault();
    event.stopPropagation();
    if (by === undefined) this.openSelected();
    else if (Number.isFinite(by)) this.move(by);
    else this.selectAt(by);
  }

  private onClick(event: MouseEvent): void {
    if (!(event.target instanceof Element) || event.target.closest(OWN_CONTROLS)) return;
    const at = Number(event.target.closest<HTMLElement>('.row')?.dataset.index);
    if (!Number.isInteger(at)) return;
    this.selectAt(at);
    this.openSelected();
  }

  private toggleSort(key: string): void {
    const turned = this.sort?.key === key && this.sort.direction === 'ascending';
    this.sort = { key, direction: turned ? 'descending' : 'ascending' };
    this.tell('tl-sort', this.sort);
  }

  private tell(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  private renderHeader(columns: readonly Column<Row>[], tracks: string): unknown {
    const cell = ({ key, label, align, value }: Column<Row>) => {
      const direction = this.sort?.key === key ? this.sort.direction : 'none';
      const arrow = direction === 'none' ? '' : direction === 'ascending' ? '↑' : '↓';
      return html`<div role="columnheader" class="cell ${align ?? 'start'}" aria-sort=${value ? direction : nothing}>
        ${
          value
            ? html`<button type="button" @click=${() => this.toggleSort(key)}>
                ${label}<span class="arrow" aria-hidden="true">${arrow}</span>
              </button>`
            : label
        }
      </div>`;
    };
    return html`<div role="rowgroup" class="head">
      <div role="row" aria-rowindex="1" class="tracks" ${styled({ 'grid-template-columns': tracks })}>
        ${columns.map(cell)}
      </div>
    </div>`;
  }

  private renderRow(row: Row, index: number, columns: readonly Column<Row>[], tracks: string): unknown {
    const id = this.rowId(row);
    const cells = this.asCards
      ? html`<div role="gridcell" class="cell card">${this.card?.(row)}</div>`
      : columns.map(
          (column) =>
            html`<div role="gridcell" class="cell ${column.align ?? 'start'}">${column.render(row)}</div>`,
        );
    return html`<div
      role="row"
      id="row-${index}"
      class="row tracks"
      data-index=${index}
      aria-rowindex=${index + 2}
      aria-selected=${id === this.selected}
      ${styled({ 'grid-template-columns': tracks, height: `${this.geometry().rowPx}px` })}
    >
      ${cells}
    </div>`;
  }

  override render(): unknown {
    const columns = this.columns.filter(
      ({ minTablePx }) => (minTablePx ?? 0) <= (this.widthPx || Number.POSITIVE_INFINITY),
    );
    const tracks = this.asCards ? '100%' : columns.map(({ width }) => width ?? 'minmax(0, 1fr)').join(' ');
    const { first, end, totalPx } = this.drawn;
    const at = this.indexOf.get(this.selected) ?? -1;
    return html`
      <div
        class="grid"
        role="grid"
        tabindex="0"
        aria-label=${this.label}
        aria-rowcount=${this.shown.length + 1}
        aria-busy=${this.busy}
        aria-activedescendant=${at >= first && at < end ? `row-${at}` : nothing}
        @scroll=${this.onScroll}
        @keydown=${this.onKey}
        @click=${this.onClick}
      >
        ${this.asCards ? nothing : this.renderHeader(columns, tracks)}
        <div role="rowgroup" class="body" ${styled({ height: `${totalPx}px` })}>
          <div role="none" class="window" ${styled({ transform: `translateY(${first * this.geometry().rowPx}px)` })}>
            ${this.shown.slice(first, end).map((row, i) => this.renderRow(row, first + i, columns, tracks))}
          </div>
        </div>
      </div>
      ${this.shown.length === 0 ? html`<p class="empty">${this.busy ? 'Loading …' : this.empty}</p>` : nothing}
    `;
  }

  static override styles = [baseStyles, virtualTableStyles];
}

customElements.define('tl-virtual-table', TlVirtualTable);
