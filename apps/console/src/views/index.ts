import { html, type TemplateResult } from 'lit';
import type { ConsoleContext } from '../context.ts';
import './agent.ts';
import './agents.ts';
import './connection.ts';
import './connections.ts';
import './dead-letters.ts';
import './failover.ts';
import './failovers.ts';
import './health.ts';
import './not-found.ts';
import './overview.ts';
import './policies.ts';

export { titleOf } from './titles.ts';

/** The page of where one is. */
export function viewOf(context: ConsoleContext): TemplateResult {
  const { name, id } = context.route;
  switch (name) {
    case 'overview':
      return html`<tl-overview-view class="view" .context=${context}></tl-overview-view>`;
    case 'connections':
      return html`<tl-connections-view class="view" tall .context=${context}></tl-connections-view>`;
    case 'connection':
      return html`<tl-connection-view class="view" .context=${context} .id=${id ?? ''}></tl-connection-view>`;
    case 'failovers':
      return html`<tl-failovers-view class="view" tall .context=${context}></tl-failovers-view>`;
    case 'failover':
      return html`<tl-failover-view class="view" .context=${context} .id=${id ?? ''}></tl-failover-view>`;
    case 'agents':
      return html`<tl-agents-view class="view" tall .context=${context}></tl-agents-view>`;
    case 'agent':
      return html`<tl-agent-view class="view" .context=${context} .id=${id ?? ''}></tl-agent-view>`;
    case 'dead-letters':
      return html`<tl-dead-letters-view class="view" tall .context=${context}></tl-dead-letters-view>`;
    case 'health':
      return html`<tl-health-view class="view" .context=${context}></tl-health-view>`;
    case 'policies':
      return html`<tl-policies-view class="view" .context=${context}></tl-policies-view>`;
    case 'not-found':
      return html`<tl-not-found-view class="view" .context=${context}></tl-not-found-view>`;
    default:
      return name satisfies never;
  }
}
