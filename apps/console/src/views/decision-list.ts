import { css, html, type TemplateResult } from 'lit';
import { shortTime, timeOfDay, words } from '../format.ts';
import type { Failover, Health, LiveEvent } from '../model.ts';
import { gistOf } from '../parts/decision-words.ts';
import { healthMark } from '../parts/tl-status.ts';
import { moveStateOf } from '../state/attention.ts';
import { cardStyles, sharedStyles } from '../styles.ts';
import { View } from '../view.ts';
import { took } from './pieces.ts';

/** Decisions that are shown, the newest, and moves from before the page was open. */
const DECISIONS = 40;
const MOVES = 12;

/** What was decided just now; below it the last moves before that. */
export class DecisionList extends View {
  private renderLine(
    health: Health,
    what: string,
    time: string,
    href: string,
    id: string,
    more: string,
  ): TemplateResult {
    return html`<li>
      <span class="mark ${health}">${healthMark(health)}</span>
      <div class="what">
        <p class="first">
          <a class="clip mono" href=${href}>${id}</a>
          <time class="quiet small mono">${time}</time>
        </p>
        <p class="small"><strong>${what}</strong> <span class="quiet">${more}</span></p>
      </div>
    </li>`;
  }

  private renderDecision(event: LiveEvent): TemplateResult {
    const { context } = this;
    const { type, time, connection_id, agent_id, region } = event;
    const gist = gistOf(event);
    const href =
      connection_id === undefined
        ? context.href('agent', agent_id)
        : context.href('connection', connection_id);
    const ofAgent: Health = type === 'agent-lost' ? 'bad' : 'idle';
    const health = connection_id === undefined ? ofAgent : gist.health;
    const more = [gist.reason && words(gist.reason), gist.place].filter(Boolean).join(' · ');
    return this.renderLine(
      health,
      words(type),
      timeOfDay(time),
      href,
      connection_id ?? agent_id ?? region,
      more,
    );
  }

  private renderMove = (move: Failover): TemplateResult => {
    const { context } = this;
    const state = moveStateOf(move, context.world.connections.get(move.connection_id));
    const health: Health = state === 'done' ? 'ok' : state === 'held' || state === 'waiting' ? 'bad' : 'warn';
    const where = `${move.from ?? 'nowhere'} → ${move.to ?? '…'}`;
    return this.renderLine(
      health,
      words(move.reason),
      shortTime(move.detected_at, context.nowMs),
      context.href('failover', move.failover_id),
      move.connection_id,
      `${where} · ${took(context, move)}`,
    );
  };

  /** Moves that no decision above is of. */
  private moves(heard: readonly LiveEvent[]): readonly Failover[] {
    const told = new Set(
      heard.map(({ data }) => (data.failover as Partial<Failover> | undefined)?.failover_id),
    );
    return [...this.context.world.failovers.values()]
      .filter(({ failover_id }) => !told.has(failover_id))
      .sort((a, b) => (a.detected_at < b.detected_at ? 1 : -1))
      .slice(0, MOVES);
  }

  override render(): TemplateResult {
    const { store, at } = this.context;
    // The stream has no past: as of a moment there are only the moves.
    const heard = at === undefined ? store.decisions.slice(0, DECISIONS) : [];
    const moves = this.moves(heard);
    return html`<section class="card">
      <header>
        <h2>${at === undefined ? 'Latest decisions' : 'Latest failovers then'}</h2>
        <span class="quiet small">${at === undefined ? 'as they are taken' : ''}</span>
      </header>
      <div class="scroll" tabindex="0" role="region" aria-label="Latest decisions">
        <ol>${heard.map((event) => this.renderDecision(event))}</ol>
        ${
          moves.length > 0
            ? html`${at === undefined ? html`<h3>Failovers before this page was open</h3>` : ''}
                <ol>${moves.map(this.renderMove)}</ol>`
            : ''
        }
        ${heard.length + moves.length === 0 ? html`<p class="empty">${store.loading === 'ready' ? 'Nothing has happened yet.' : 'Reading …'}</p>` : ''}
      </div>
    </section>`;
  }

  static override styles = [
    sharedStyles,
    cardStyles,
    css`
      .scroll {
        max-height: 440px;
        overflow: auto;
        overscroll-behavior: contain;
        scrollbar-width: thin;
        scrollbar-color: var(--tl-line-strong) transparent;
      }
      .scroll:focus-visible {
        outline-offset: -2px;
      }
      h3 {
        padding: 10px var(--tl-space-4) 4px;
        background: var(--tl-surface-2);
        color: var(--tl-text-2);
        font-size: 11px;
        font-weight: 600;
      }
      li {
        display: flex;
        gap: var(--tl-space-3);
        padding: 7px var(--tl-space-4);
        border-bottom: 1px solid var(--tl-line);
      }
      ol:last-child li:last-child {
        border-bottom: 0;
      }
      .what {
        flex: 1;
        min-width: 0;
      }
      .first {
        display: flex;
        align-items: baseline;
        justify-content: space-between;
        gap: var(--tl-space-3);
      }
      .what strong {
        font-weight: 550;
      }
      .mark {
        padding-top: 3px;
        color: var(--tl-idle);
      }
      .mark.ok {
        color: var(--tl-ok);
      }
      .mark.warn {
        color: var(--tl-warn);
      }
      .mark.bad {
        color: var(--tl-bad);
      }
    `,
  ];
}

customElements.define('tl-decision-list', DecisionList);
