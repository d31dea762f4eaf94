import { html, nothing, type TemplateResult } from 'lit';
import type { ConsoleContext } from '../context.ts';
import { duration, NOTHING, words } from '../format.ts';
import type { Agent, Connection, Failover } from '../model.ts';
import { healthOfAgent, healthOfConnection } from '../parts/health.ts';
import '../parts/tl-status.ts';
import { type MoveState, moveStateOf, waitsForApproval } from '../state/attention.ts';

/** Pieces that several pages show the same. */

/** @param withScore where no column of its own has it */
export function connectionStatus(row: Connection, withScore = true): TemplateResult {
  const score = row.health_score === undefined || !withScore ? '' : `${Math.round(row.health_score)}`;
  return html`<tl-status
    .health=${healthOfConnection(row)}
    .label=${words(row.phase || row.status)}
    .detail=${row.status === 'active' ? score : ''}
  ></tl-status>`;
}

export function agentStatus(agent: Agent): TemplateResult {
  const label = agent.status === 'unknown' ? 'not known' : agent.draining ? 'draining' : agent.status;
  return html`<tl-status .health=${healthOfAgent(agent)} .label=${label}></tl-status>`;
}

const MOVES: Readonly<Record<MoveState, [health: string, label: string]>> = {
  done: ['ok', 'done'],
  'under-way': ['warn', 'under way'],
  waiting: ['bad', 'waiting for capacity'],
  held: ['bad', 'held'],
  'given-up': ['idle', 'over'],
};

/** @param detail beside what it is, where that says no more by itself */
export function moveStatus(
  failover: Failover,
  connection: Connection | undefined,
  detail = '',
): TemplateResult {
  const state = moveStateOf(failover, connection);
  const [usual, label] = MOVES[state];
  // What time alone lets go on again is no alarm.
  const health = state === 'held' && !waitsForApproval(failover) ? 'warn' : usual;
  const why = state === 'held' ? words(failover.suppressed?.reason) : detail;
  return html`<tl-status .health=${health} .label=${label} .detail=${why}></tl-status>`;
}

/** From when it was noticed until the connection stood again, in milliseconds. */
export function durationOf({ detected_at, active_at }: Failover): number | undefined {
  return active_at === undefined ? undefined : Date.parse(active_at) - Date.parse(detected_at);
}

export function link(
  context: ConsoleContext,
  name: 'connection' | 'agent' | 'failover',
  id: string | undefined,
): TemplateResult {
  if (id === undefined) return html`<span class="quiet">${NOTHING}</span>`;
  return html`<a class="clip" href=${context.href(name, id)} title=${id}>${id}</a>`;
}

export function fact(label: string, value: unknown): TemplateResult {
  return html`<div><dt>${label}</dt><dd>${value ?? NOTHING}</dd></div>`;
}

/** Why something could not be read. */
export function problem(error: unknown): TemplateResult | typeof nothing {
  if (error === undefined) return nothing;
  return html`<p class="problem" role="alert">${error instanceof Error ? error.message : String(error)}</p>`;
}

/** What an operator may ask for; whoever may not is told why it can't be pressed. */
export function actionButton(
  context: ConsoleContext,
  label: string,
  act: () => void,
  { bad = false, disabled }: { bad?: boolean; disabled?: string | undefined } = {},
): TemplateResult {
  const why = whyNot(context, disabled);
  return html`<button
    class="button ${bad ? 'bad' : ''}"
    ?disabled=${why !== undefined}
    title=${why ?? nothing}
    @click=${act}
  >
    ${label}
  </button>`;
}

/** The same, and beside it why it can't be pressed: a title is not for touch and keyboard. */
export function explainedAction(...given: Parameters<typeof actionButton>): TemplateResult {
  const why = whyNot(given[0], given[3]?.disabled);
  return html`<div class="row">
    ${why ? html`<span class="quiet small">${why}</span>` : nothing}${actionButton(...given)}
  </div>`;
}

function whyNot({ isOperator, at }: ConsoleContext, disabled: string | undefined): string | undefined {
  if (at !== undefined) return 'Go back to live to act';
  return isOperator ? disabled : 'Sign in as an operator';
}

/** How long it took; of one that is not over, how long it has taken so far. */
export function took({ world, nowMs }: ConsoleContext, move: Failover): string {
  const ms = durationOf(move);
  if (ms !== undefined) return duration(ms);
  const isOver = moveStateOf(move, world.connections.get(move.connection_id)) === 'given-up';
  return isOver ? NOTHING : `${duration(Math.max(0, nowMs - Date.parse(move.detected_at)))} so far`;
}
