import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import type { ConsoleContext } from '../context.ts';
import { ago, duration, sentence, timeOfDay, words } from '../format.ts';
import type { Connection, Failover, Health, Suppressed } from '../model.ts';
import { figuresOf } from '../parts/decision-words.ts';
import { healthMark } from '../parts/tl-status.ts';
import { moveStateOf, waitsForApproval } from '../state/attention.ts';
import { controlStyles, sharedStyles } from '../styles.ts';
import { actionButton } from './pieces.ts';

/**
 * What a connection costs right now because its move is not over: for how long it has had no path, what it waits for, and what one may
 * do about it. Nothing where there is nothing to wait for.
 */
class Situation extends LitElement {
  static override properties = {
    context: { attribute: false },
    nowMs: { type: Number },
    move: { attribute: false },
    row: { attribute: false },
  };

  declare context: ConsoleContext;
  /** Its own property, so that it is drawn anew as the time goes on. */
  nowMs = 0;
  /** The newest one of the connection. */
  move: Failover | undefined;
  row: Connection | undefined;

  private heldBack({ reason, until, cause, values }: Suppressed): TemplateResult {
    const end = until
      ? html`looked at again at ${timeOfDay(until)} (${ago(until, this.nowMs)})`
      : 'until an operator approves';
    return html`Held back by ${words(reason)}${cause ? html` (${cause})` : nothing}, ${end}.
      <span class="quiet">${figuresOf(values ?? {})}</span>`;
  }

  /** What it waits for, if it waits. */
  private waitsFor(): unknown {
    const { move, row } = this;
    if (row?.phase === 'interrupted')
      return 'It goes on once both ends have come back, within the session’s window.';
    switch (move && moveStateOf(move, row)) {
      case 'held':
        return move?.suppressed && this.heldBack(move.suppressed);
      case 'waiting':
        return 'No server can take it. It is placed as soon as one can: start a server, or end a drain.';
      case 'under-way':
        return row ? `It is ${words(row.phase)}: the agents have their commands.` : nothing;
      default:
        return undefined;
    }
  }

  private heading(): string {
    const { move, row, nowMs } = this;
    const since =
      row?.phase === 'interrupted' ? row.updated_at : (move?.detected_at ?? row?.updated_at ?? '');
    const forMs = duration(Math.max(0, nowMs - Date.parse(since)));
    if (row?.status === 'failed') return `No path for ${forMs}`;
    if (row?.phase === 'interrupted') return `Interrupted for ${forMs}`;
    return move?.suppressed ? `${sentence(move.suppressed.what)} not made` : `Moving for ${forMs}`;
  }

  override render(): TemplateResult | typeof nothing {
    const { context, move, row } = this;
    const waitsFor = this.waitsFor();
    // An empty one takes no room, not even a gap's.
    this.hidden = waitsFor === undefined;
    if (waitsFor === undefined) return nothing;
    const needsYou = move !== undefined && waitsForApproval(move);
    const health: Health = row?.status === 'failed' || needsYou ? 'bad' : 'warn';
    return html`<section class=${health} aria-label="What it waits for">
      <span class="mark">${healthMark(health)}</span>
      <p><strong>${this.heading()}.</strong> ${waitsFor}</p>
      ${needsYou ? actionButton(context, 'Approve …', () => context.ask({ kind: 'approve', failover: move })) : nothing}
    </section>`;
  }

  static override styles = [
    sharedStyles,
    controlStyles,
    css`
      :host([hidden]) {
        display: none;
      }
      section {
        display: flex;
        align-items: center;
        gap: var(--tl-space-3);
        padding: var(--tl-space-3) var(--tl-space-4);
        border: 1px solid var(--tone);
        border-radius: var(--tl-radius);
        background: var(--soft);
      }
      .bad {
        --tone: var(--tl-bad);
        --soft: var(--tl-bad-soft);
      }
      .warn {
        --tone: var(--tl-warn);
        --soft: var(--tl-warn-soft);
      }
      p {
        flex: 1;
        min-width: 0;
        overflow-wrap: anywhere;
      }
      .mark,
      strong {
        color: var(--tone);
      }
      .mark {
        flex: none;
        line-height: 0;
      }
      @media (max-width: 640px) {
        section {
          flex-wrap: wrap;
        }
        p {
          flex-basis: 80%;
        }
      }
    `,
  ];
}

customElements.define('tl-situation', Situation);

/** @param move the newest one of the connection, or the one that a page is of */
export function situation(
  context: ConsoleContext,
  move: Failover | undefined,
  row: Connection | undefined,
): TemplateResult {
  return html`<tl-situation .context=${context} .nowMs=${context.nowMs} .move=${move} .row=${row}></tl-situation>`;
}
