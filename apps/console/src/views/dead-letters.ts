import { css, html, nothing, type TemplateResult } from 'lit';
import { every } from '../every.ts';
import { bytes, dateTime, NOTHING, shortTime, words } from '../format.ts';
import type { DeadLetter, Page } from '../model.ts';
import type { Column } from '../parts/tl-virtual-table.ts';
import { countBy } from '../state/filters.ts';
import { Resource } from '../state/resource.ts';
import { lineCard } from './line-card.ts';
import { ListView } from './list-view.ts';
import { fact, link, problem } from './pieces.ts';

/** Letters of a page: as many as REST gives. */
const LETTERS = 100;
/** The log is looked into anew so often, in milliseconds. */
const POLL_MS = 30_000;

/** Records that nobody could take, and why. */
export class DeadLettersView extends ListView {
  protected readonly usualSort = '-time';
  private readonly read = new Resource<Page<DeadLetter>>(() => this.requestUpdate());
  private older: DeadLetter[] = [];
  private next: string | undefined;

  private readonly columns: readonly Column<DeadLetter>[] = [
    {
      key: 'time',
      label: 'Put aside',
      width: '112px',
      value: (row) => row.time,
      render: (row) => html`<span class="quiet">${shortTime(row.time, this.context.nowMs)}</span>`,
    },
    {
      key: 'reason',
      label: 'Reason',
      width: 'minmax(130px, 1fr)',
      value: (row) => row.reason,
      render: (row) => html`<span class="strong">${words(row.reason)}</span>`,
    },
    {
      key: 'origin',
      label: 'Topic',
      width: 'minmax(140px, 1.2fr)',
      value: (row) => row.origin.topic,
      render: (row) => row.origin.topic,
    },
    {
      key: 'key',
      label: 'Key',
      width: 'minmax(120px, 1.2fr)',
      minTablePx: 640,
      value: (row) => row.key,
      render: (row) => html`<span class="mono">${row.key ?? nothing}</span>`,
    },
    {
      key: 'size_bytes',
      label: 'Size',
      width: '84px',
      align: 'end',
      minTablePx: 760,
      value: (row) => row.size_bytes,
      render: (row) => bytes(row.size_bytes),
    },
  ];

  constructor() {
    super();
    every(this, POLL_MS, () => {
      if (!document.hidden) this.read.again(this.readFirst);
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.read.stop();
  }

  private readonly readFirst = (signal: AbortSignal): Promise<Page<DeadLetter>> =>
    this.context.api.get('/dead-letters', { limit: LETTERS }, signal);

  protected override willUpdate(): void {
    this.read.want(this.context.session.bearer ?? '', this.readFirst);
  }

  override closeOpened(): void {
    this.context.filter({ letter: undefined });
  }

  private async readOlder(): Promise<void> {
    const cursor = this.next ?? (this.older.length === 0 ? this.read.value?.next_cursor : undefined);
    if (cursor === undefined) return;
    const page = await this.context.api.get<Page<DeadLetter>>('/dead-letters', { limit: LETTERS, cursor });
    this.older = [...this.older, ...page.items];
    this.next = page.next_cursor ?? '';
    this.requestUpdate();
  }

  private get letters(): readonly DeadLetter[] {
    const known = new Map(
      [...(this.read.value?.items ?? []), ...this.older].map((each) => [idOf(each), each]),
    );
    const { at } = this.context;
    const all = [...known.values()];
    return at === undefined ? all : all.filter(({ time }) => Date.parse(time) <= Date.parse(at));
  }

  private shown(all: readonly DeadLetter[]): readonly DeadLetter[] {
    const { q = '', reason, topic } = this.context.route.query;
    const text = q.trim().toLowerCase();
    return all.filter(
      (each) =>
        (!reason || each.reason === reason) &&
        (!topic || each.origin.topic === topic) &&
        (text === '' || `${each.key ?? ''} ${each.type ?? ''} ${each.reason}`.toLowerCase().includes(text)),
    );
  }

  private renderKey(key = NOTHING): TemplateResult {
    const isConnection = this.context.world.connections.has(key);
    return isConnection ? link(this.context, 'connection', key) : html`<span class="mono">${key}</span>`;
  }

  private renderLetter(letter: DeadLetter): TemplateResult {
    const { origin } = letter;
    const place = (at: DeadLetter['origin']) =>
      html`<span class="mono">${at.topic} / ${at.partition} / ${at.offset}</span>`;
    return html`<section class="card letter" aria-label="The letter">
      <header>
        <h2>${words(letter.reason)}</h2>
        <button class="button bare" @click=${() => this.context.filter({ letter: undefined })}>Close</button>
      </header>
      <div class="body">
        <dl class="facts">
          ${fact('Put aside', dateTime(letter.time, true))} ${fact('Stood at', place(origin))}
          ${fact('Stands at', place(letter))} ${fact('Key', this.renderKey(letter.key))}
          ${fact('Type', letter.type ? html`<span class="mono">${letter.type}</span>` : undefined)}
          ${fact('Size', bytes(letter.size_bytes))}
        </dl>
        ${
          letter.value_preview === undefined
            ? html`<p class="note">What it held is shown to operators only.</p>`
            : html`<h3 class="small quiet">What it held (the first 4 KiB at most)</h3>
                <pre class="mono" tabindex="0">${letter.value_preview}</pre>`
        }
      </div>
    </section>`;
  }

  private renderFilters(all: readonly DeadLetter[]): TemplateResult {
    return html`<div class="filters">
      ${this.searchField('Filter by key, type or reason')}
      ${this.select('Reason', 'reason', [...countBy(all, ({ reason }) => reason).keys()].sort())}
      ${this.select('Topic', 'topic', [...countBy(all, ({ origin }) => origin.topic).keys()].sort())}
    </div>`;
  }

  private renderCard = (row: DeadLetter): TemplateResult =>
    lineCard(
      words(row.reason),
      '',
      `${row.origin.topic} · ${row.key ?? ''}`,
      shortTime(row.time, this.context.nowMs),
    );

  override render(): TemplateResult {
    const all = this.letters;
    const rows = this.shown(all);
    const chosen = this.context.route.query.letter;
    const letter = chosen ? all.find((each) => idOf(each) === chosen) : undefined;
    return this.renderList({
      heading: 'Dead letters',
      noun: 'dead letter',
      none: 'None: every record was taken.',
      more: this.older.length === 0 && this.read.value?.next_cursor ? ', and older ones' : '',
      note: html`<p class="quiet">Records that nobody could take, and why; kept for 14 days.</p>${problem(this.read.error)}`,
      all,
      rows,
      columns: this.columns,
      rowId: idOf,
      card: this.renderCard,
      filters: this.renderFilters(all),
      isBusy: this.read.isLoading,
      selected: chosen,
      beside: letter && this.renderLetter(letter),
      onOpen: (id) => this.context.filter({ letter: id }),
      onNearEnd: () => void this.readOlder(),
    });
  }

  static override styles = [
    ...ListView.styles,
    css`
      .letter {
        align-self: start;
        max-height: 100%;
        overflow: auto;
      }
      .letter .body {
        display: grid;
        gap: var(--tl-space-4);
      }
      pre {
        margin: 0;
        padding: var(--tl-space-3);
        overflow: auto;
        border-radius: var(--tl-radius-s);
        background: var(--tl-surface-2);
        font-size: 12px;
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
    `,
  ];
}

const idOf = ({ topic, partition, offset }: DeadLetter) => `${topic}/${partition}/${offset}`;

customElements.define('tl-dead-letters-view', DeadLettersView);
