import { css, html, nothing, type TemplateResult } from 'lit';
import { ago, count, dateTime, words } from '../format.ts';
import { freezeOf } from '../freeze.ts';
import type { Connection } from '../model.ts';
import '../parts/tl-chain.ts';
import '../parts/tl-timeline.ts';
import { ConnectionReading } from '../state/connection-reading.ts';
import { columnStyles, viewStyles } from '../styles.ts';
import { View } from '../view.ts';
import './end-card.ts';
import './party-card.ts';
import { connectionStatus, explainedAction, fact, link, moveStatus, problem, took } from './pieces.ts';
import { situation } from './situation.ts';

/** One connection: how it is, why, what was decided on it, and what one may do. */
export class ConnectionView extends View {
  static override properties = { ...View.properties, id: { type: String } };

  override id = '';
  private readonly reading = new ConnectionReading(() => this.requestUpdate());

  override connectedCallback(): void {
    super.connectedCallback();
    this.reading.start(this.context);
    // The plot is the heaviest piece, and stands on no other page.
    void import('../parts/tl-health-plot.ts');
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.reading.stop();
  }

  protected override willUpdate(): void {
    this.reading.want(this.id);
  }

  private renderActions(row: Connection): TemplateResult {
    const { context } = this;
    const over = row.status === 'closed' ? 'It is closed' : undefined;
    const ask = () => context.ask({ kind: 'failover', connection: row });
    return explainedAction(context, 'Move …', ask, { disabled: over });
  }

  /** Its home's freeze is the one that holds it, wherever this page comes from. */
  private home({ home_region }: Connection): unknown {
    const { store, at } = this.context;
    const freeze = freezeOf(store.freeze, home_region);
    if (freeze === undefined || at !== undefined) return home_region;
    return html`${home_region} <tl-status health="warn" label=${`frozen until ${dateTime(freeze.until)}`}></tl-status>`;
  }

  private renderFacts(row: Connection): TemplateResult {
    const { nowMs } = this.context;
    const [move] = this.reading.moves.value?.items ?? [];
    return html`<section class="card">
      <div class="body">
        <dl class="facts">
          ${fact('Kind', row.kind)} ${fact('Home region', this.home(row))} ${fact('Epoch', count(row.epoch))}
          ${fact('Decisions', count(row.version))} ${fact('Changed', html`<span title=${row.updated_at}>${ago(row.updated_at, nowMs)}</span>`)}
          ${row.failover_target ? fact('Next in line', link(this.context, 'agent', row.failover_target)) : nothing}
          ${move ? fact('Last failover took', took(this.context, move)) : nothing}
          ${row.last_heartbeat ? fact('Heard of', ago(row.last_heartbeat, nowMs)) : nothing}
        </dl>
      </div>
    </section>`;
  }

  private renderEnds(row: Connection): TemplateResult {
    const [first, second] =
      row.kind === 'session'
        ? [
            html`<tl-party-card .event=${this.reading.events.value?.at(-1)}></tl-party-card>`,
            this.end('Broker', row.broker_id),
          ]
        : [this.end('Client', row.client_id), this.end('Server', row.server_id)];
    return html`<section class="ends" aria-label="Its two ends">${first} ${second}</section>`;
  }

  private end(label: string, id: string | undefined): TemplateResult {
    return html`<tl-end-card .context=${this.context} .id=${id ?? ''} .label=${label}></tl-end-card>`;
  }

  private renderWhy(): TemplateResult {
    const { why } = this.reading;
    return html`<section class="card" aria-busy=${why.isLoading}>
      <header><h2>Why it stands where it stands</h2></header>
      <div class="body">
        ${problem(why.error)}
        ${
          why.value
            ? html`<tl-chain
                .explanation=${why.value}
                .agentHref=${(id: string) => this.context.href('agent', id)}
              ></tl-chain>`
            : why.isLoading
              ? html`<p class="quiet">Reading the log …</p>`
              : nothing
        }
      </div>
    </section>`;
  }

  private renderHealth(): TemplateResult {
    const { health } = this.reading;
    const isPast = this.context.at !== undefined;
    return html`<section class="card">
      <header><h2>Health, last hour</h2></header>
      <div class="body">
        ${
          isPast
            ? html`<p class="note">Reports are kept for an hour, and not as of a past moment.</p>`
            : html`${problem(health.error)}
                <tl-health-plot .points=${health.value?.items ?? []}></tl-health-plot>`
        }
      </div>
    </section>`;
  }

  private renderMoves(): TemplateResult {
    const moves = this.reading.moves.value?.items ?? [];
    const { nowMs } = this.context;
    return html`<section class="card">
      <header>
        <h2>Failovers</h2>
        <a href=${this.context.href('failovers', undefined, { connection_id: this.id })}>All</a>
      </header>
      <div class="body flush">
        ${
          moves.length === 0
            ? html`<p class="empty">It has not moved.</p>`
            : html`<ul class="moves">
                ${moves.slice(0, 8).map(
                  (move) => html`<li>
                    <div class="what">
                      <a href=${this.context.href('failover', move.failover_id)}>${move.from ?? 'nowhere'} → ${move.to ?? '…'}</a>
                      <span class="quiet small">${words(move.reason)}, ${ago(move.detected_at, nowMs)}</span>
                    </div>
                    ${moveStatus(move, this.reading.row)}
                    <span class="quiet small nowrap">${took(this.context, move)}</span>
                  </li>`,
                )}
              </ul>`
        }
      </div>
    </section>`;
  }

  private renderEvents(): TemplateResult {
    const { events } = this.reading;
    const { at } = this.context;
    const all = events.value ?? [];
    const shown = at === undefined ? all : all.filter(({ time }) => Date.parse(time) <= Date.parse(at));
    return html`<section class="card">
      <header>
        <h2>Decisions</h2>
        <span class="quiet small">${count(shown.length)}, the newest first</span>
      </header>
      <div class="body">
        ${problem(events.error)}
        <tl-timeline
          asOf
          .events=${shown}
          @tl-as-of=${(event: CustomEvent<{ time: string }>) => this.context.travel(event.detail.time)}
        ></tl-timeline>
      </div>
    </section>`;
  }

  override render(): TemplateResult {
    const { row, error } = this.reading;
    return html`<div class="page">
      <div>
        <p class="crumb"><a href=${this.context.href('connections')}>Connections</a></p>
        <div class="title">
          <div class="row">
            <h1>${this.id}</h1>
            ${row ? connectionStatus(row) : nothing}
          </div>
          ${row ? this.renderActions(row) : nothing}
        </div>
      </div>
      ${row ? this.renderBody(row) : html`${problem(error)}${error ? nothing : html`<p class="quiet">Reading …</p>`}`}
    </div>`;
  }

  private renderBody(row: Connection): TemplateResult {
    const [move] = this.reading.moves.value?.items ?? [];
    return html`
      ${situation(this.context, move, row)}
      <div class="columns">
        <div class="stack">${this.renderEnds(row)} ${this.renderWhy()}</div>
        <div class="stack">
          ${this.renderFacts(row)} ${this.renderHealth()} ${this.renderMoves()} ${this.renderEvents()}
        </div>
      </div>
      <p class="quiet small">As of ${dateTime(row.updated_at)}, version ${row.version}.</p>
    `;
  }

  static override styles = [
    ...viewStyles,
    columnStyles,
    css`
      .ends {
        display: grid;
        grid-template-columns: repeat(2, minmax(0, 1fr));
        gap: var(--tl-space-4);
      }
      .moves li {
        display: flex;
        align-items: center;
        gap: var(--tl-space-3);
        min-height: 40px;
        padding: 6px var(--tl-space-4);
        border-bottom: 1px solid var(--tl-line);
      }
      .moves li:last-child {
        border-bottom: 0;
      }
      .moves .what {
        display: grid;
        flex: 1;
        min-width: 0;
        line-height: 1.4;
        overflow-wrap: anywhere;
      }
      @media (max-width: 640px) {
        .ends {
          gap: var(--tl-space-2);
        }
      }
    `,
  ];
}

customElements.define('tl-connection-view', ConnectionView);
