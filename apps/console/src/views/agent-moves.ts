import { css, html, nothing, type TemplateResult } from 'lit';
import { count, duration, shortTime } from '../format.ts';
import type { Failover } from '../model.ts';
import { failoversWith } from '../state/filters.ts';
import { readPages } from '../state/pages.ts';
import { Resource } from '../state/resource.ts';
import { type MovesSummary, summaryOfMoves } from '../state/summary.ts';
import { cardStyles, sharedStyles } from '../styles.ts';
import { View } from '../view.ts';
import { moveStatus, problem, took } from './pieces.ts';

/** Moves that are shown at most, and that are read at most of those that left and of those that came. */
const MOVES = 8;
const READ = 500;

/** What left an agent and what came to it, and what it cost. */
class AgentMoves extends View {
  static override properties = { ...View.properties, id: { type: String } };

  override id = '';
  /** Its own, where the store has only the newest of all agents. */
  private readonly own = new Resource<readonly Failover[]>(() => this.requestUpdate());

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.own.stop();
  }

  protected override willUpdate(): void {
    const { at, session, store } = this.context;
    if (at !== undefined || !store.hasMoreFailovers) return;
    this.own.want(`${this.id} ${session.bearer ?? ''}`, (signal) => this.read(signal));
  }

  private async read(signal: AbortSignal): Promise<readonly Failover[]> {
    const found: Failover[] = [];
    for (const query of [{ from: this.id }, { to: this.id }]) {
      await readPages<Failover>(this.context.api, '/failovers', { signal, most: READ, query }, (items) => {
        found.push(...items);
      });
    }
    return found;
  }

  /** The newest first; what the store knows is newer than what was read. */
  private moves(): readonly Failover[] {
    const { at, world } = this.context;
    const own = at === undefined ? (this.own.value ?? []) : [];
    const known = new Map(own.map((move) => [move.failover_id, move]));
    const all = failoversWith([...world.failovers.values()], { agent_id: this.id }, () => '');
    for (const move of all) known.set(move.failover_id, move);
    return [...known.values()].sort((a, b) => (a.detected_at < b.detected_at ? 1 : -1));
  }

  private renderMove = (move: Failover): TemplateResult => {
    const { context } = this;
    return html`<li>
      <span class="quiet small nowrap">${shortTime(move.detected_at, context.nowMs)}</span>
      <div class="what">
        <a class="clip mono" href=${context.href('failover', move.failover_id)}>${move.connection_id}</a>
        <span class="quiet small clip">
          ${move.from === this.id ? `left for ${move.to ?? '…'}` : `came from ${move.from ?? 'nowhere'}`}
        </span>
      </div>
      ${moveStatus(move, context.world.connections.get(move.connection_id))}
      <span class="quiet small nowrap">${took(context, move)}</span>
    </li>`;
  };

  override render(): TemplateResult {
    const { nowMs } = this.context;
    const moves = this.moves();
    const left = summaryOfMoves(
      moves.filter(({ from }) => from === this.id),
      nowMs,
    );
    return html`<section class="card" aria-busy=${this.own.isLoading}>
      <header>
        <h2>Failovers from and to it</h2>
        <a href=${this.context.href('failovers', undefined, { agent_id: this.id })}>All</a>
      </header>
      ${problem(this.own.error)}
      ${left.lastHour > 0 ? html`<p class="left small">${whatLeft(left)}</p>` : nothing}
      ${moves.length === 0 ? html`<p class="empty">${this.own.isLoading ? 'Reading …' : 'None.'}</p>` : nothing}
      <ul>${moves.slice(0, MOVES).map(this.renderMove)}</ul>
    </section>`;
  }

  static override styles = [
    sharedStyles,
    cardStyles,
    css`
      .left {
        padding: var(--tl-space-2) var(--tl-space-4);
        border-bottom: 1px solid var(--tl-line);
        background: var(--tl-surface-2);
      }
      li {
        display: flex;
        align-items: center;
        gap: var(--tl-space-3);
        min-height: 38px;
        padding: 6px var(--tl-space-4);
        border-bottom: 1px solid var(--tl-line);
      }
      li:last-child {
        border-bottom: 0;
      }
      .what {
        display: grid;
        flex: 1;
        min-width: 0;
        line-height: 1.4;
      }
    `,
  ];
}

/** What it cost that they had to go: `34 left it in the last hour: median 115 ms, worst 199 ms; 2 not over`. */
function whatLeft({ lastHour, held, underWay, medianMs, worstMs }: MovesSummary): string {
  const times = medianMs === undefined ? '' : `: median ${duration(medianMs)}, worst ${duration(worstMs)}`;
  const open = held + underWay > 0 ? `; ${count(held + underWay)} not over` : '';
  return `${count(lastHour)} left it in the last hour${times}${open}`;
}

customElements.define('tl-agent-moves', AgentMoves);
