import { html, nothing, type TemplateResult } from 'lit';
import { dateTime, words } from '../format.ts';
import type { ExplainedStep, Explanation, Failover, StepTimes } from '../model.ts';
import '../parts/tl-chain.ts';
import '../parts/tl-waterfall.ts';
import { failoverAsOf } from '../state/fold.ts';
import { readable } from '../state/readable.ts';
import { Resource } from '../state/resource.ts';
import { viewStyles } from '../styles.ts';
import { View } from '../view.ts';
import { fact, link, moveStatus, problem, took } from './pieces.ts';
import { situation } from './situation.ts';

/** One move: where from and to, why, and where its time went. */
export class FailoverView extends View {
  static override properties = { ...View.properties, id: { type: String } };

  override id = '';
  private readonly own = new Resource<Failover>(() => this.requestUpdate());
  private readonly why = new Resource<Explanation>(() => this.requestUpdate());

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.own.stop();
    this.why.stop();
  }

  private get known(): Failover | undefined {
    const { world, at } = this.context;
    const found = world.failovers.get(this.id) ?? this.own.value;
    return at === undefined || found === undefined ? found : failoverAsOf(found, at);
  }

  protected override willUpdate(): void {
    const { api, session, world } = this.context;
    const place = `${this.id} ${session.bearer ?? ''}`;
    if (!world.failovers.has(this.id)) {
      this.own.want(place, (signal) => api.get(`/failovers/${encodeURIComponent(this.id)}`, {}, signal));
    }
    const move = this.known;
    if (move === undefined) return;
    // Explained as of its end, so that what came later does not stand in the way.
    const until = this.context.at ?? move.active_at;
    const path = `/connections/${encodeURIComponent(move.connection_id)}/explain`;
    this.why.want(`${place} ${until ?? move.decided_at ?? ''}`, async (signal) =>
      readable(await api.get<Explanation>(path, until === undefined ? {} : { at: until }, signal)),
    );
  }

  /** The steps of the explanation that are of this move. */
  private get steps(): readonly ExplainedStep[] {
    return (this.why.value?.causes ?? []).filter(({ failover_id }) => failover_id === this.id);
  }

  /** The ledger's times, and when its first command was answered, which only the explanation knows. */
  private timesOf({ detected_at, decided_at, commanded_at, active_at }: Failover): Partial<StepTimes> {
    const answered = this.steps.map(({ times }) => times.acknowledged_at).find((time) => time !== undefined);
    return {
      detected_at,
      ...(decided_at !== undefined && { decided_at }),
      ...(commanded_at !== undefined && { commanded_at }),
      ...(answered !== undefined && { acknowledged_at: answered }),
      ...(active_at !== undefined && { active_at }),
    };
  }

  private renderMove(move: Failover): TemplateResult {
    const { context } = this;
    return html`
      ${situation(context, move, context.world.connections.get(move.connection_id))}
      <section class="card">
        <div class="body">
          <dl class="facts">
            ${fact('Connection', link(context, 'connection', move.connection_id))} ${fact('Reason', words(move.reason))}
            ${fact('From', link(context, 'agent', move.from))} ${fact('To', link(context, 'agent', move.to))}
            ${fact('Detected', dateTime(move.detected_at, true))} ${fact('Took', took(context, move))}
          </dl>
        </div>
      </section>
      <section class="card">
        <header>
          <h2>Where its time went</h2>
          <span class="quiet small">${move.active_at ? '' : 'not active again yet'}</span>
        </header>
        <div class="body"><tl-waterfall legend .times=${this.timesOf(move)}></tl-waterfall></div>
      </section>
      <section class="card">
        <header>
          <h2>Why, and what was tried</h2>
          <a href=${context.href('connection', move.connection_id)}>The whole connection</a>
        </header>
        <div class="body">
          ${problem(this.why.error)}
          ${
            this.why.value
              ? html`<tl-chain
                  .explanation=${{ ...this.why.value, causes: this.steps.length > 0 ? this.steps : this.why.value.causes }}
                  .agentHref=${(id: string) => context.href('agent', id)}
                ></tl-chain>`
              : html`<p class="quiet">${this.why.error ? nothing : 'Reading the log …'}</p>`
          }
        </div>
      </section>
    `;
  }

  override render(): TemplateResult {
    const move = this.known;
    const { context } = this;
    const isBefore = context.at !== undefined && move === undefined && !this.own.error;
    return html`<div class="page">
      <div>
        <p class="crumb"><a href=${context.href('failovers')}>Failovers</a></p>
        <div class="title">
          <div class="row">
            <h1>${move?.connection_id ?? this.id}</h1>
            ${move ? moveStatus(move, context.world.connections.get(move.connection_id)) : nothing}
          </div>
        </div>
        <p class="quiet small mono">${this.id}</p>
      </div>
      ${
        move
          ? this.renderMove(move)
          : isBefore
            ? html`<p class="note">It had not begun then.</p>`
            : problem(this.own.error)
      }
    </div>`;
  }

  static override styles = viewStyles;
}

customElements.define('tl-failover-view', FailoverView);
