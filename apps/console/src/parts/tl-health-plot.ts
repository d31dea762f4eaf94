import './valid-language.ts';
import { css, html, LitElement, type PropertyValues } from 'lit';
import uPlot from 'uplot';
import { timeOfDay } from '../format.ts';
import type { HealthPoint } from '../model.ts';
import { baseStyles } from './base-styles.ts';
import { SCORE_DEGRADED, SCORE_RECOVERED } from './health.ts';
import { type PlotColours, plotOptions } from './plot-options.ts';
import { type PlotSeries, seriesOf, summaryOf } from './plot-series.ts';
import { styled } from './styled.ts';
import { ThemeWatch, themeValues } from './theme-colours.ts';
import { uplotStyles } from './uplot-styles.ts';

/**
 * A connection's health over time. Properties: `points` (as `/connections/{id}/health` has them), `fromMs` and `toMs` (the
 * range shown; else that of the points), `heightPx`. The arrow keys read the points one by one. Colours are the theme's and
 * follow it when it changes.
 */
export class TlHealthPlot extends LitElement {
  static override properties = {
    points: { attribute: false },
    fromMs: { type: Number },
    toMs: { type: Number },
    heightPx: { type: Number },
    at: { state: true },
  };

  points: readonly HealthPoint[] = [];
  fromMs: number | undefined = undefined;
  toMs: number | undefined = undefined;
  heightPx = 200;
  /** Index of the point that is read; undefined: the newest. */
  private at: number | undefined = undefined;

  private plot: uPlot | undefined;
  private series: PlotSeries = seriesOf([]);
  private withRoundTrips = false;
  private readonly sizes = new ResizeObserver(() => this.resize());
  protected readonly theme = new ThemeWatch(this, () => this.rebuild());

  override connectedCallback(): void {
    super.connectedCallback();
    this.sizes.observe(this);
    if (this.hasUpdated) this.rebuild();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.sizes.disconnect();
    this.plot?.destroy();
    this.plot = undefined;
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has('points')) return;
    this.series = seriesOf(this.points);
    this.at = undefined;
    this.withRoundTrips = this.series.roundTrips.some((value) => value !== null);
  }

  protected override updated(changed: PropertyValues): void {
    if (!this.plot || this.plot.axes[2]?.show !== this.withRoundTrips || changed.has('heightPx'))
      this.rebuild();
    else if (changed.has('points') || changed.has('fromMs') || changed.has('toMs'))
      this.plot.setData(this.data());
  }

  private data(): uPlot.AlignedData {
    const { times, scores, roundTrips } = this.series;
    return [times, scores, roundTrips];
  }

  private rebuild(): void {
    const target = this.renderRoot.querySelector<HTMLElement>('.plot');
    if (!target || this.clientWidth === 0) return;
    this.plot?.destroy();
    const options = plotOptions({
      widthPx: target.clientWidth,
      heightPx: this.heightPx,
      colours: this.colours(),
      withRoundTrips: this.withRoundTrips,
      range: () => this.range(),
      onCursor: (index) => {
        this.at = index;
      },
    });
    this.plot = new uPlot(options, this.data(), target);
  }

  private range(): [number, number] {
    const { times } = this.series;
    const to = this.toMs === undefined ? (times.at(-1) ?? 60) : this.toMs / 1_000;
    return [this.fromMs === undefined ? Math.min(times[0] ?? 0, to - 60) : this.fromMs / 1_000, to];
  }

  private colours(): PlotColours {
    const of = themeValues(this, ['accent', 'text-2', 'line', 'warn', 'bad', 'surface', 'font']);
    const { accent, line, warn, bad, surface, font } = of;
    return { line: accent, second: of['text-2'], grid: line, text: of['text-2'], warn, bad, surface, font };
  }

  private resize(): void {
    const target = this.renderRoot.querySelector<HTMLElement>('.plot');
    if (!this.plot) this.rebuild();
    else if (target && target.clientWidth > 0)
      this.plot.setSize({ width: target.clientWidth, height: this.heightPx });
  }

  private onKey(event: KeyboardEvent): void {
    const last = this.series.times.length - 1;
    const from = this.at ?? last;
    const to = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: last }[event.key];
    if (to === undefined || last < 0) return;
    event.preventDefault();
    this.at = Math.max(0, Math.min(last, to));
    const left = this.plot?.valToPos(this.series.times[this.at] ?? 0, 'x');
    if (left !== undefined) this.plot?.setCursor({ left, top: 10 }, false);
  }

  private renderReadout(): unknown {
    const { times, scores, roundTrips } = this.series;
    const at = this.at ?? times.length - 1;
    const time = times[at];
    if (time === undefined) return html`<span>No health was told in this time.</span>`;
    const score = scores[at];
    const trip = roundTrips[at];
    return html`
      <span class="mono">${timeOfDay(time * 1_000)}</span>
      <span><i class="key score"></i>Score <b>${score == null ? 'unknown' : Math.round(score)}</b></span>
      ${this.withRoundTrips ? html`<span><i class="key trip"></i>Round trip <b>${trip == null ? 'unknown' : `${trip.toFixed(1)} ms`}</b></span>` : ''}
    `;
  }

  override render(): unknown {
    return html`
      <figure ${styled({ 'min-height': `${this.heightPx + 32}px` })}>
        <figcaption aria-live=${this.at === undefined ? 'off' : 'polite'}>
          ${this.renderReadout()}
          <span class="bounds">degraded below ${SCORE_DEGRADED}, recovered from ${SCORE_RECOVERED}</span>
        </figcaption>
        <div
          class="plot"
          ?hidden=${this.points.length === 0}
          role="img"
          tabindex="0"
          aria-label="Health over time. ${summaryOf(this.points, timeOfDay)} Arrow keys read the points."
          @keydown=${this.onKey}
        ></div>
      </figure>
    `;
  }

  static override styles = [
    baseStyles,
    uplotStyles,
    css`
      figure {
        margin: 0;
      }
      figcaption {
        display: flex;
        flex-wrap: wrap;
        gap: 2px var(--tl-space-4);
        align-items: center;
        min-height: 24px;
        margin-bottom: var(--tl-space-2);
        font-size: var(--tl-size-s);
        font-variant-numeric: tabular-nums;
      }
      b {
        display: inline-block;
        min-width: 26px;
        font-weight: 600;
      }
      .bounds {
        margin-left: auto;
        color: var(--tl-text-2);
      }
      .key {
        display: inline-block;
        width: 14px;
        height: 0;
        margin-right: 6px;
        border-top: 2px solid var(--tl-accent);
        vertical-align: middle;
      }
      .key.trip {
        border-top: 2px dotted var(--tl-text-2);
      }
      .plot {
        min-height: 120px;
        border-radius: var(--tl-radius-s);
      }
    `,
  ];
}

customElements.define('tl-health-plot', TlHealthPlot);
