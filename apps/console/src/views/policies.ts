import { css, html, nothing, type TemplateResult } from 'lit';
import { ago, dateTime, plural, sentence } from '../format.ts';
import type { Page } from '../model.ts';
import { figureOf } from '../parts/decision-words.ts';
import { MEANINGS, type Policy, readDefaults } from '../state/policy-settings.ts';
import { Resource } from '../state/resource.ts';
import { columnStyles, viewStyles } from '../styles.ts';
import { View } from '../view.ts';
import './freeze-card.ts';
import { problem } from './pieces.ts';

/** What operators have set for this control region: which rules hold, since when, by whom and why. */
export class PoliciesView extends View {
  private readonly read = new Resource<Page<Policy>>(() => this.requestUpdate());
  private readonly defaults = new Resource<Policy['settings']>(() => this.requestUpdate());

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.read.stop();
    this.defaults.stop();
  }

  protected override willUpdate(): void {
    const { api, session, store } = this.context;
    const changed = store.decisions.find(({ type }) => type === 'policy-changed')?.event_id ?? '';
    this.read.want(`${session.bearer ?? ''} ${changed}`, (signal) => api.get('/policies', {}, signal));
    this.defaults.want(session.bearer ?? '', (signal) => readDefaults(api, signal));
  }

  private renderSettings(settings: Policy['settings'], isSet: boolean): TemplateResult {
    return html`<dl class="settings">
      ${Object.entries(settings).map((each) => {
        const [key] = each;
        const [name, value] = figureOf(each);
        const usual = this.defaults.value?.[key];
        return html`<div>
          <dt>${sentence(name)}<span class="quiet small">${MEANINGS[key] ?? nothing}</span></dt>
          <dd>
            <strong>${value}</strong>
            ${isSet && usual !== undefined ? html`<span class="quiet small">default ${figureOf([key, usual])[1]}</span>` : nothing}
          </dd>
        </div>`;
      })}
    </dl>`;
  }

  private renderPolicy = (policy: Policy): TemplateResult => {
    const { name, version, server_group, settings, updated_at, requested_by, reason } = policy;
    return html`<section class="card">
      <header>
        <h2>${name}</h2>
        <span class="quiet small">version ${version}</span>
      </header>
      <div class="about">
        <p>${server_group ? html`For links to <strong>${server_group}</strong>, and those that name it` : 'For links that name it'}</p>
        <p class="quiet small">
          Changed ${dateTime(updated_at)} (${ago(updated_at, this.context.store.nowMs())}), by
          ${requested_by}${reason ? html`: “${reason}”` : ', without a reason'}
        </p>
      </div>
      ${
        Object.keys(settings).length === 0
          ? html`<p class="empty">It sets nothing: all is as the defaults say.</p>`
          : this.renderSettings(settings, true)
      }
    </section>`;
  };

  private renderDefaults(): TemplateResult {
    const { value, error } = this.defaults;
    return html`<section class="card">
      <header>
        <h2>Defaults</h2>
        <span class="quiet small">what holds where no policy says otherwise</span>
      </header>
      ${error ? problem(error) : value ? this.renderSettings(value, false) : html`<p class="empty">Reading …</p>`}
    </section>`;
  }

  override render(): TemplateResult {
    const { at, store } = this.context;
    const policies = this.read.value?.items;
    const how = store.status ? `of ${store.status.region}; each control region has its own` : '';
    return html`<div class="page">
      <div class="title">
        <h1>Policies</h1>
        <span class="quiet">${policies ? plural(policies.length, 'policy', 'policies') : ''} ${how}</span>
      </div>
      ${at === undefined ? nothing : html`<p class="note">These are the policies of now: nothing on this page is as of then.</p>`}
      ${problem(this.read.error)}
      <div class="columns even">
        <div class="stack">
          <tl-freeze-card .context=${this.context}></tl-freeze-card>
          ${policies?.map(this.renderPolicy)}
          ${policies?.length === 0 ? html`<p class="card empty">None is set: every connection goes by the defaults.</p>` : nothing}
          <p class="note">
            Why a connection stands where it stands names the policy and version that each step went by. Policies are set by REST:
            <code>PUT /api/v1/policies/{name}</code>
          </p>
        </div>
        <div class="stack">${this.renderDefaults()}</div>
      </div>
    </div>`;
  }

  static override styles = [
    ...viewStyles,
    columnStyles,
    css`
      .about {
        padding: var(--tl-space-3) var(--tl-space-4);
        border-bottom: 1px solid var(--tl-line);
      }
      .settings > div {
        display: flex;
        align-items: baseline;
        justify-content: space-between;
        gap: var(--tl-space-4);
        padding: 7px var(--tl-space-4);
        border-bottom: 1px solid var(--tl-line);
      }
      .settings > :last-child {
        border-bottom: 0;
      }
      dt span,
      dd span {
        display: block;
      }
      dd {
        flex: none;
        text-align: end;
      }
      dd strong {
        font-weight: 600;
      }
      code {
        font-family: var(--tl-mono);
        overflow-wrap: anywhere;
      }
    `,
  ];
}

customElements.define('tl-policies-view', PoliciesView);
