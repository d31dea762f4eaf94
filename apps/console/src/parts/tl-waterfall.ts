import { html, LitElement, nothing } from 'lit';
import { duration, timeOfDay } from '../format.ts';
import { baseStyles } from './base-styles.ts';
import { styled } from './styled.ts';
import {
  axisOf,
  type Moment,
  type MoveTimes,
  type Span,
  type Waterfall,
  waterfallOf,
} from './waterfall-spans.ts';
import { waterfallStyles } from './waterfall-styles.ts';

const AXIS_TICKS = 6;
/** Narrower and a bar couldn't be seen; in percent of the whole. */
const BAR_MIN_PERCENT = 0.5;

const NAME: Readonly<Record<Moment, string>> = {
  detected_at: 'detected',
  decided_at: 'decided',
  commanded_at: 'commanded',
  acknowledged_at: 'acknowledged',
  active_at: 'active',
};

const STAGES = [
  ['Detected → decided', 'The fact travels through Kafka, and the home region’s control loop judges it.'],
  ['Decided → commanded', 'The decision is appended to the log, then its commands leave.'],
  ['Commanded → acknowledged', 'The agents answer the first command.'],
  ['Acknowledged → active', 'The new path is dialled and stands end to end.'],
] as const;

/**
 * Where the time of a move went. Properties: `times` (`detected_at` … `active_at`, RFC 3339, those that are known),
 * `compact` (one bar for a row of a table, its total beside it), `legend` (what each stage is, below).
 */
export class TlWaterfall extends LitElement {
  static override properties = {
    times: { attribute: false },
    compact: { type: Boolean, reflect: true },
    legend: { type: Boolean },
  };

  times: MoveTimes = {};
  compact = false;
  legend = false;

  private renderBar({ startMs, ms, stage }: Span, totalMs: number): unknown {
    const percent = (value: number) => (totalMs === 0 ? 0 : (Math.max(0, value) / totalMs) * 100);
    const width = Math.max(BAR_MIN_PERCENT, percent(ms));
    const left = Math.min(percent(startMs), 100 - width);
    return html`<i class="bar" data-stage=${stage} ${styled({ left: `${left}%`, width: `${width}%` })}></i>`;
  }

  private renderCompact({ spans, totalMs, done }: Waterfall): unknown {
    const said = spans.map(({ from, to, ms }) => `${NAME[from]} to ${NAME[to]} ${duration(ms)}`).join(', ');
    return html`
      <span class="track" role="img" aria-label=${said || 'no times yet'} title=${said}>
        ${spans.map((span) => this.renderBar(span, totalMs))}
      </span>
      <span class="total">${done ? duration(totalMs) : '…'}</span>
    `;
  }

  private renderRow(span: Span, totalMs: number): unknown {
    return html`<tr>
      <th scope="row">
        <i class="swatch" data-stage=${span.stage}></i>
        <span>${NAME[span.from]} → ${NAME[span.to]}</span>
      </th>
      <td class="lane"><div class="track">${this.renderBar(span, totalMs)}</div></td>
      <td class="ms">${duration(span.ms)}${span.ms < 0 ? html`<small> clocks differ</small>` : nothing}</td>
      <td class="when mono">${timeOfDay(this.times[span.to], true)}</td>
    </tr>`;
  }

  private renderAxis(totalMs: number): unknown {
    return axisOf(totalMs, AXIS_TICKS).map(
      (tick) =>
        html`<span class="tick" ${styled({ left: `${(tick / (totalMs || 1)) * 100}%` })}><b>${duration(tick)}</b></span>`,
    );
  }

  private renderTable({ spans, totalMs, done }: Waterfall): unknown {
    return html`
      <table>
        <caption class="unseen">
          Times of the move
        </caption>
        <thead>
          <tr>
            <th scope="col">Stage</th>
            <th scope="col" class="axis"><span class="unseen">Share of the whole</span>${this.renderAxis(totalMs)}</th>
            <th scope="col" class="ms">Took</th>
            <th scope="col" class="when">At</th>
          </tr>
        </thead>
        <tbody>
          ${spans.map((span) => this.renderRow(span, totalMs))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row" colspan="2">${done ? 'Until active again' : 'So far; not active yet'}</th>
            <td class="ms">${duration(totalMs)}</td>
            <td class="when"></td>
          </tr>
        </tfoot>
      </table>
      ${this.legend ? this.renderLegend() : nothing}
    `;
  }

  private renderLegend(): unknown {
    return html`<dl class="legend">
      ${STAGES.map(
        ([name, meaning], stage) =>
          html`<div>
            <dt><i class="swatch" data-stage=${stage}></i>${name}</dt>
            <dd>${meaning}</dd>
          </div>`,
      )}
    </dl>`;
  }

  private renderNone(): unknown {
    const { detected_at } = this.times;
    return html`<p class="none">
      ${detected_at ? `Detected at ${timeOfDay(detected_at, true)}; nothing was commanded yet.` : 'No times yet.'}
    </p>`;
  }

  override render(): unknown {
    const waterfall = waterfallOf(this.times);
    if (this.compact) return this.renderCompact(waterfall);
    return waterfall.spans.length === 0 ? this.renderNone() : this.renderTable(waterfall);
  }

  static override styles = [baseStyles, waterfallStyles];
}

customElements.define('tl-waterfall', TlWaterfall);
