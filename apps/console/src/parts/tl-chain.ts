import { html, LitElement, nothing } from 'lit';
import { between, dateTime, duration, plural, sentence, timeOfDay, words } from '../format.ts';
import type { ExplainedStep, Explanation, Suppressed, WhyNot } from '../model.ts';
import { baseStyles, disclosureStyles, healthStyles } from './base-styles.ts';
import {
  type AgentHref,
  renderAgent,
  renderCandidates,
  renderCommands,
  renderEvidence,
} from './chain-details.ts';
import { chainStyles } from './chain-styles.ts';
import { figuresOf } from './decision-words.ts';
import { type MoveTimes, timesOfMove } from './waterfall-spans.ts';
import './tl-waterfall.ts';

/**
 * Why a connection stands where it stands. Properties: `explanation` (as `/connections/{id}/explain` has it), `agentHref`
 * (makes links of agents' names). The newest step that commanded something is open.
 */
export class TlChain extends LitElement {
  static override properties = {
    explanation: { attribute: false },
    agentHref: { attribute: false },
  };

  explanation: Explanation | undefined = undefined;
  agentHref: AgentHref | undefined = undefined;

  private renderWhyNot({ question, answer, reason, since, until, policy }: WhyNot): unknown {
    return html`<div class="why-not">
      <dt>${question}</dt>
      <dd>
        ${answer}
        <span class="facts">
          <span>${words(reason)}</span>
          ${since ? html`<span>since ${timeOfDay(since)}</span>` : nothing}
          ${until ? html`<span>until ${dateTime(until)}</span>` : nothing}
          ${policy ? html`<span>policy ${policy}</span>` : nothing}
        </span>
      </dd>
    </div>`;
  }

  private renderSuppressed({ reason, what, until, cause, values }: Suppressed): unknown {
    const figures = figuresOf(values ?? {});
    return html`<p class="held">
      <strong>${sentence(what)} held back</strong> by ${words(reason)}${cause ? html` (${words(cause)})` : nothing}
      ${until ? html`until ${dateTime(until)}` : html`until an operator approves`}${figures ? html`: ${figures}` : nothing}
    </p>`;
  }

  private renderStep(step: ExplainedStep, isOpen: boolean, moveTimes: MoveTimes | undefined): unknown {
    const { candidates = [], commands, evidence, suppressed, times } = step;
    const counted = [
      evidence.length > 0 && plural(evidence.length, 'fact'),
      candidates.length > 0 && plural(candidates.length, 'candidate'),
      commands.length > 0 && plural(commands.length, 'command'),
    ].filter((part) => part !== false);
    const took = between(times.detected_at, times.active_at ?? times.decided_at);
    return html`<li data-health=${suppressed ? 'warn' : 'idle'}>
      <span class="number" aria-hidden="true">${step.step}</span>
      <div class="step">
        <p class="text">${step.text}</p>
        <p class="facts">
          <time datetime=${step.time} class="mono">${timeOfDay(step.time, true)}</time>
          <span>${words(step.type)}</span>
          <span>now ${words(step.phase)}</span>
          <span>epoch ${step.epoch}</span>
          ${took === undefined ? nothing : html`<span>took ${duration(took)}</span>`}
        </p>
        ${suppressed ? this.renderSuppressed(suppressed) : nothing}
        <details ?open=${isOpen}>
          <summary>
            ${counted.length > 0 ? counted.join(' · ') : 'More'}
          </summary>
          <div class="parts">
            ${renderEvidence(evidence, this.agentHref)} ${renderCandidates(candidates, this.agentHref)}
            ${renderCommands(commands, this.agentHref)}
            ${moveTimes ? html`<section><h4>Times</h4><tl-waterfall .times=${moveTimes}></tl-waterfall></section>` : nothing}
            <p class="facts rule">
              <span>rule ${step.rule}</span>
              <span>${step.policy ? `policy ${step.policy}` : 'policy'} version ${step.policy_version}</span>
              <span class="mono">controller-events ${step.partition}/${step.offset}</span>
            </p>
          </div>
        </details>
      </div>
    </li>`;
  }

  override render(): unknown {
    if (!this.explanation) return html`<p class="none">Nothing to explain yet.</p>`;
    const { summary, first_cause, causes, omitted, complete, why_not } = this.explanation;
    const commanding = causes.findLastIndex((step) => step.commands.length > 0);
    const open = commanding < 0 ? causes.length - 1 : commanding;
    return html`
      <p class="summary">${summary}</p>
      <div class="cause" data-health=${first_cause.reason === 'requested' ? 'idle' : 'bad'}>
        <h3>First cause</h3>
        <p>${first_cause.text}</p>
        <p class="facts">
          <span>${words(first_cause.reason)}</span>
          ${first_cause.detail ? html`<span>${words(first_cause.detail)}</span>` : nothing}
          ${first_cause.agent_id ? html`<span>${renderAgent(first_cause.agent_id, this.agentHref)}</span>` : nothing}
        </p>
      </div>
      ${why_not.length > 0 ? html`<dl>${why_not.map((item) => this.renderWhyNot(item))}</dl>` : nothing}
      ${complete ? nothing : html`<p class="note">What it began with is older than what is kept of it.</p>`}
      ${omitted ? html`<p class="note">${plural(omitted, 'step')} in the middle left out.</p>` : nothing}
      <ol>
        ${causes.map((step, i) => this.renderStep(step, i === open, timesOfMove(causes, step)))}
      </ol>
    `;
  }

  static override styles = [baseStyles, healthStyles, disclosureStyles, chainStyles];
}

customElements.define('tl-chain', TlChain);
