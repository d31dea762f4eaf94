import { html, nothing } from 'lit';
import { timeOfDay, words } from '../format.ts';
import type { Candidate, Evidence, ExplainedCommand, Health } from '../model.ts';
import { figuresOf } from './decision-words.ts';
import { styled } from './styled.ts';
import './tl-status.ts';

/** Where an agent's page is. */
export type AgentHref = (agentId: string) => string;

const SCORE_MAX = 100;

const HEALTH_OF_OUTCOME: Readonly<Record<string, Health>> = {
  succeeded: 'ok',
  failed: 'bad',
  refused: 'bad',
  unanswered: 'warn',
};

export const renderAgent = (agentId: string, href: AgentHref | undefined): unknown =>
  href ? html`<a href=${href(agentId)}>${agentId}</a>` : agentId;

export function renderEvidence(evidence: readonly Evidence[], href: AgentHref | undefined): unknown {
  if (evidence.length === 0) return nothing;
  const item = ({ type, topic, partition, offset, time, values, agent_id, data }: Evidence) =>
    html`<li>
      <strong>${words(type)}</strong>
      ${agent_id ? html`<span>by ${renderAgent(agent_id, href)}</span>` : nothing}
      ${time ? html`<time class="mono">${timeOfDay(time, true)}</time>` : nothing}
      ${values ? html`<span>${figuresOf(values)}</span>` : nothing}
      ${topic ? html`<span class="mono place">${topic} ${partition}/${offset}</span>` : nothing}
      ${data ? html`<details><summary>The fact itself</summary><pre tabindex="0" class="mono">${JSON.stringify(data, null, 2)}</pre></details>` : nothing}
    </li>`;
  return html`<section>
    <h4>Evidence</h4>
    <ul>
      ${evidence.map(item)}
    </ul>
  </section>`;
}

function renderScore(score: number): unknown {
  const percent = Math.max(0, Math.min(SCORE_MAX, score));
  return html`<span class="meter" aria-hidden="true"><i ${styled({ width: `${percent}%` })}></i></span
    ><b>${Math.round(score * 10) / 10}</b>`;
}

export function renderCandidates(candidates: readonly Candidate[], href: AgentHref | undefined): unknown {
  if (candidates.length === 0) return nothing;
  const chosen = candidates.reduce<Candidate | undefined>(
    (best, each) =>
      each.score !== undefined && each.score > (best?.score ?? Number.NEGATIVE_INFINITY) ? each : best,
    undefined,
  );
  const row = (candidate: Candidate) =>
    html`<tr class=${candidate.excluded ? 'excluded' : nothing}>
      <th scope="row">
        ${renderAgent(candidate.agent_id, href)}${candidate === chosen ? html` <small>best</small>` : nothing}
      </th>
      <td class="score">${candidate.score === undefined ? 'excluded' : renderScore(candidate.score)}</td>
      <td class="why">${candidate.excluded ? words(candidate.excluded) : figuresOf(candidate.terms ?? {})}</td>
    </tr>`;
  return html`<section>
    <h4>Candidates</h4>
    <div class="wide" tabindex="0" role="region" aria-label="Candidates">
      <table>
        <thead>
          <tr>
            <th scope="col">Agent</th>
            <th scope="col">Score</th>
            <th scope="col">Because</th>
          </tr>
        </thead>
        <tbody>
          ${candidates.map(row)}
        </tbody>
      </table>
    </div>
  </section>`;
}

export function renderCommands(commands: readonly ExplainedCommand[], href: AgentHref | undefined): unknown {
  if (commands.length === 0) return nothing;
  const item = ({ name, agent_id, outcome, reason }: ExplainedCommand) =>
    html`<li>
      <strong>${words(name)}</strong>
      <span>to ${renderAgent(agent_id, href)}</span>
      <tl-status health=${HEALTH_OF_OUTCOME[outcome ?? ''] ?? 'idle'} label=${words(outcome ?? 'waiting')}></tl-status>
      ${reason ? html`<span>${words(reason)}</span>` : nothing}
    </li>`;
  return html`<section>
    <h4>Commands</h4>
    <ul>
      ${commands.map(item)}
    </ul>
  </section>`;
}
