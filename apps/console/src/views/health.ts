import { css, html, nothing, type TemplateResult } from 'lit';
import { count, dateTime, duration, words } from '../format.ts';
import type { CertificateStatus, Health, PartStatus, Status, TopicLag } from '../model.ts';
import '../parts/tl-status.ts';
import { columnStyles, viewStyles } from '../styles.ts';
import { View } from '../view.ts';
import './freeze-card.ts';
import { fact, problem } from './pieces.ts';

const DAY_MS = 86_400_000;
/** A certificate that ends so soon is near its end, and one that ends so soon is urgent, in days. */
const NEAR_DAYS = 30;
const URGENT_DAYS = 7;
/** Records behind from which on a topic is called late. */
const LATE_RECORDS = 1_000;

export function healthOfCertificate({ not_after }: CertificateStatus, nowMs: number): Health {
  const days = (Date.parse(not_after) - nowMs) / DAY_MS;
  if (days < URGENT_DAYS) return 'bad';
  return days < NEAR_DAYS ? 'warn' : 'ok';
}

/** The process that serves this page: its parts, how far behind the log it is, its certificates, the freeze. */
export class HealthView extends View {
  private renderParts(parts: readonly PartStatus[]): TemplateResult {
    return html`<section class="card">
      <header><h2>Parts</h2></header>
      <div class="body flush">
        <ul class="lines">
          ${parts.map(
            ({ part, ready, details }) => html`<li>
              <span class="name">${part}</span>
              <tl-status .health=${ready ? 'ok' : 'bad'} .label=${ready ? 'ready' : 'not ready'}></tl-status>
              <span class="quiet small details">
                ${Object.entries(details)
                  .map(([name, value]) => `${words(name)}: ${value}`)
                  .join(' · ')}
              </span>
            </li>`,
          )}
        </ul>
      </div>
    </section>`;
  }

  private renderLag(lag: readonly TopicLag[]): TemplateResult {
    return html`<section class="card">
      <header><h2>Behind the log</h2></header>
      <div class="body flush scroll" tabindex="0" role="region" aria-label="Behind the log">
        ${
          lag.length === 0
            ? html`<p class="empty">This process reads no topic.</p>`
            : html`<table>
                <thead>
                  <tr>
                    <th>Topic</th>
                    <th>State</th>
                    <th class="end">Records</th>
                    <th class="end wide">Worst partition</th>
                    <th class="end wide">Partitions</th>
                  </tr>
                </thead>
                <tbody>
                  ${lag.map(
                    (each) => html`<tr>
                      <td class="mono">${each.topic}</td>
                      <td>
                        <tl-status
                          plain
                          .health=${each.records >= LATE_RECORDS ? 'warn' : 'ok'}
                          .label=${each.records >= LATE_RECORDS ? 'late' : each.records > 0 ? 'reading' : 'up to date'}
                        ></tl-status>
                      </td>
                      <td class="end">${count(each.records)}</td>
                      <td class="end wide">${count(each.worst)}</td>
                      <td class="end quiet wide">${count(each.partitions)}</td>
                    </tr>`,
                  )}
                </tbody>
              </table>`
        }
      </div>
    </section>`;
  }

  private renderCertificates({ certificates, now }: Status): TemplateResult {
    const nowMs = Date.parse(now);
    return html`<section class="card">
      <header><h2>Certificates</h2></header>
      <div class="body flush">
        ${
          certificates.length === 0
            ? html`<p class="empty">This process has none: it speaks to no peer.</p>`
            : html`<ul class="lines">
                ${certificates.map((each) => {
                  const leftMs = Date.parse(each.not_after) - nowMs;
                  return html`<li>
                    <span class="name clip" title=${each.name}>${each.what === 'authority' ? 'Authority' : 'Own'}</span>
                    <tl-status
                      .health=${healthOfCertificate(each, nowMs)}
                      .label=${leftMs <= 0 ? 'expired' : `${duration(leftMs)} left`}
                    ></tl-status>
                    <span class="quiet small details">
                      <span class="mono">${each.name}</span><br />until ${dateTime(each.not_after)}
                    </span>
                  </li>`;
                })}
              </ul>`
        }
      </div>
    </section>`;
  }

  private renderProcess(status: Status): TemplateResult {
    const { access, registry } = status;
    const keys = access.keys;
    const progress = registry.progress;
    return html`<section class="card">
      <header>
        <h2>This process</h2>
        ${access.reads_open ? html`<a href="/docs" target="_blank" rel="noopener">REST interface</a>` : nothing}
      </header>
      <div class="body">
        <dl class="facts">
          ${fact('Control region', status.region)} ${fact('Reads', status.regions.join(', '))}
          ${fact(
            'Registry',
            html`<tl-status
              .health=${registry.state === 'whole' ? 'ok' : registry.state === 'rebuilding' ? 'warn' : 'bad'}
              .label=${registry.state}
              .detail=${progress ? `${count(progress.done)} of ${count(progress.total)}` : ''}
            ></tl-status>`,
          )}
          ${fact('Running', duration(Date.parse(status.now) - Date.parse(status.started_at)))}
          ${fact('Software', status.software_version)} ${fact('Node', status.node_version)}
          ${fact('Reads need', access.reads_open ? 'no token (loopback)' : 'a token')}
          ${fact('Tokens of', keys ? `${keys.issuer} (keys ${keys.state})` : access.shared_token ? 'the shared token' : 'nobody')}
        </dl>
      </div>
    </section>`;
  }

  override render(): TemplateResult {
    const { store, at } = this.context;
    const { status } = store;
    return html`<div class="page">
      <div class="title">
        <h1>Health</h1>
        <span class="quiet">${status ? `of the controller of ${status.region} that serves this page` : ''}</span>
      </div>
      ${at === undefined ? nothing : html`<p class="note">A process tells of itself as it is now: nothing on this page is as of then.</p>`}
      ${status ? nothing : problem(store.error)}
      ${
        status
          ? html`<div class="columns even">
              <div class="stack">${this.renderProcess(status)} ${this.renderLag(status.lag)}</div>
              <div class="stack">
                ${this.renderParts(status.parts)} ${this.renderCertificates(status)}
                <tl-freeze-card withPolicies .context=${this.context}></tl-freeze-card>
              </div>
            </div>`
          : nothing
      }
    </div>`;
  }

  static override styles = [
    ...viewStyles,
    columnStyles,
    css`
      .lines li {
        display: grid;
        grid-template-columns: 130px auto minmax(0, 1fr);
        align-items: center;
        gap: var(--tl-space-3);
        min-height: 44px;
        padding: 8px var(--tl-space-4);
        border-bottom: 1px solid var(--tl-line);
      }
      .lines li:last-child {
        border-bottom: 0;
      }
      .name {
        font-weight: 550;
      }
      .details {
        overflow-wrap: anywhere;
        text-align: end;
      }
      .scroll {
        overflow-x: auto;
      }
      table {
        width: 100%;
        border-collapse: collapse;
        white-space: nowrap;
      }
      th {
        color: var(--tl-text-2);
        font-size: var(--tl-size-s);
        font-weight: 600;
        text-align: start;
      }
      th,
      td {
        height: 38px;
        padding: 0 var(--tl-space-3);
        border-bottom: 1px solid var(--tl-line);
      }
      tr:last-child td {
        border-bottom: 0;
      }
      :is(th, td):first-child {
        padding-left: var(--tl-space-4);
      }
      :is(th, td):last-child {
        padding-right: var(--tl-space-4);
      }
      .end {
        text-align: end;
      }
      @media (max-width: 640px) {
        th,
        td {
          padding: 0 var(--tl-space-2);
        }
        .wide {
          display: none;
        }
        .lines li {
          grid-template-columns: minmax(0, 1fr) auto;
        }
        .details {
          grid-column: 1 / -1;
          text-align: start;
        }
      }
    `,
  ];
}

customElements.define('tl-health-view', HealthView);
