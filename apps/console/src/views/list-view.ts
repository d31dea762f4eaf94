import { css, html, nothing, type TemplateResult } from 'lit';
import { count, plural } from '../format.ts';
import type { Column, SortOrder, TlVirtualTable } from '../parts/tl-virtual-table.ts';
import '../parts/tl-virtual-table.ts';
import { viewStyles } from '../styles.ts';
import { View } from '../view.ts';

/** What is particular to one page with a large table. */
interface Listing<Row> {
  readonly heading: string;
  /** What one row is, for a person. */
  readonly noun: string;
  readonly all: readonly Row[];
  /** Those of them that fit the filters. */
  readonly rows: readonly Row[];
  /** Said behind the figures. */
  readonly more?: string;
  /** Said under the heading. */
  readonly note?: TemplateResult | undefined;
  readonly filters: TemplateResult;
  readonly columns: readonly Column<Row>[];
  readonly rowId: (row: Row) => string;
  readonly card: (row: Row) => TemplateResult;
  readonly isBusy: boolean;
  /** Said where there is no row at all. */
  readonly none: string;
  /** Shows one row, by its id. */
  readonly onOpen: (id: string) => void;
  /** The row that is marked, where keys alone don't say it. */
  readonly selected?: string | undefined;
  /** What of one row stands at the side, or instead of the table where there is no room. */
  readonly beside?: TemplateResult | undefined;
  readonly onNearEnd?: () => void;
}

/** What pages with one large table share: its selection by keys, its order in the address, its filters, and how it stands there. */
export abstract class ListView extends View {
  static override properties = { ...View.properties, selected: { state: true } };

  selected = '';
  private readonly made = new Map<string, { readonly of: string; readonly value: unknown }>();
  /** The order that need not stand in the address; with `-` it goes down. */
  protected abstract readonly usualSort: string;

  private get table(): TlVirtualTable<never> | null {
    return this.renderRoot.querySelector<TlVirtualTable<never>>('tl-virtual-table');
  }

  override move(by: number): void {
    this.table?.move(by);
  }

  override openSelected(): void {
    this.table?.openSelected();
  }

  protected get sort(): SortOrder {
    const { sort = this.usualSort } = this.context.route.query;
    const isDown = sort.startsWith('-');
    return this.kept('sort', sort, () => ({
      key: isDown ? sort.slice(1) : sort,
      direction: isDown ? 'descending' : 'ascending',
    }));
  }

  /** What was made of the same before: the table sorts its rows only when it is given others. */
  private kept<T>(name: string, of: string, make: () => T): T {
    const known = this.made.get(name);
    if (known?.of === of) return known.value as T;
    const value = make();
    this.made.set(name, { of, value });
    return value;
  }

  /** Rows of the world as it is now and of these filters. */
  protected rowsOf<T>(name: string, make: () => T): T {
    return this.kept(name, `${this.context.revision} ${JSON.stringify(this.context.route.query)}`, make);
  }

  protected renderList<Row>(listing: Listing<Row>): TemplateResult {
    const { heading, noun, all, rows, beside, onOpen, onNearEnd } = listing;
    return html`<div class="page">
      <div class="title">
        <h1>${heading}</h1>
        <span class="quiet" role="status">
          ${rows.length === all.length ? plural(all.length, noun) : `${count(rows.length)} of ${count(all.length)}`}${listing.more ?? ''}
        </span>
      </div>
      ${listing.note ?? nothing} ${listing.filters}
      <div class="sides ${beside ? 'open' : ''}">
      <section class="fill">
        <tl-virtual-table
          .columns=${listing.columns}
          .rows=${rows}
          .rowId=${listing.rowId}
          .sort=${this.sort}
          .selected=${listing.selected ?? this.selected}
          .card=${listing.card}
          .busy=${listing.isBusy}
          label=${heading}
          empty=${all.length === 0 ? listing.none : `No ${noun} fits these filters.`}
          @tl-select=${(event: CustomEvent<{ id: string }>) => {
            this.selected = event.detail.id;
          }}
          @tl-open=${(event: CustomEvent<{ id: string }>) => onOpen(event.detail.id)}
          @tl-sort=${(event: CustomEvent<SortOrder>) => this.onSort(event.detail)}
          @tl-near-end=${() => onNearEnd?.()}
        ></tl-virtual-table>
      </section>
      ${beside ?? nothing}
      </div>
    </div>`;
  }

  protected onSort({ key, direction }: SortOrder): void {
    const sort = `${direction === 'descending' ? '-' : ''}${key}`;
    this.context.filter({ sort: sort === this.usualSort ? undefined : sort });
  }

  /** Sets one filter, or takes it away again. */
  protected chip(label: string, name: string, value: string, figure?: number): TemplateResult {
    const isOn = this.context.route.query[name] === value;
    return html`<button
      class="chip"
      aria-pressed=${isOn}
      @click=${() => this.context.filter({ [name]: isOn ? undefined : value })}
    >
      ${label}${figure === undefined ? '' : html`<span class="figure">${count(figure)}</span>`}
    </button>`;
  }

  protected select(label: string, name: string, values: readonly string[]): TemplateResult {
    const chosen = this.context.route.query[name] ?? '';
    // What a link names is there, even before a row has it.
    const known = chosen === '' || values.includes(chosen) ? values : [chosen, ...values];
    return html`<select
      class="field"
      aria-label=${label}
      @change=${(event: Event) => this.context.filter({ [name]: (event.target as HTMLSelectElement).value })}
    >
      <option value="" ?selected=${chosen === ''}>${label}: all</option>
      ${known.map((value) => html`<option value=${value} ?selected=${value === chosen}>${value}</option>`)}
    </select>`;
  }

  protected searchField(label: string): TemplateResult {
    return html`<input
      class="field search"
      type="search"
      aria-label=${label}
      placeholder=${label}
      .value=${this.context.route.query.q ?? ''}
      @input=${(event: Event) => this.context.filter({ q: (event.target as HTMLInputElement).value })}
    />`;
  }

  /** A filter that came with a link, with a way to be rid of it. */
  protected given(name: string): TemplateResult | undefined {
    const value = this.context.route.query[name];
    if (!value) return undefined;
    return html`<button
      class="chip"
      aria-pressed="true"
      title="Remove this filter"
      @click=${() => this.context.filter({ [name]: undefined })}
    >
      ${name.replace('_id', '')}: ${value} <span aria-hidden="true">✕</span>
    </button>`;
  }

  static override styles = [
    ...viewStyles,
    css`
      .sides {
        display: grid;
        flex: 1;
        grid-template: minmax(0, 1fr) / minmax(0, 1fr);
        gap: var(--tl-space-4);
        min-height: 320px;
      }
      .sides.open {
        grid-template-columns: minmax(0, 3fr) minmax(0, 2fr);
      }
      @media (max-width: 1000px) {
        .sides.open {
          grid-template-columns: minmax(0, 1fr);
        }
        .sides.open .fill {
          display: none;
        }
      }
    `,
  ];
}
