import './valid-language.ts';
import uPlot from 'uplot';
import { timeOfDay } from '../format.ts';
import { SCORE_DEGRADED, SCORE_RECOVERED } from './health.ts';

export interface PlotColours {
  readonly line: string;
  readonly second: string;
  readonly grid: string;
  readonly text: string;
  readonly warn: string;
  readonly bad: string;
  readonly surface: string;
  readonly font: string;
}

export interface PlotSetup {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly colours: PlotColours;
  readonly withRoundTrips: boolean;
  /** First and last second shown. */
  readonly range: () => [number, number];
  readonly onCursor: (index: number | undefined) => void;
}

const clock = (seconds: number): string => {
  const time = timeOfDay(seconds * 1_000);
  return time.endsWith(':00') ? time.slice(0, -3) : time;
};

/** Under the line: its colour, fading towards the axis. Colours of another form than `#rrggbb` are not filled. */
function fadeOf({ ctx, bbox }: uPlot, colour: string): CanvasGradient | string {
  if (!/^#[\da-f]{6}$/i.test(colour)) return 'transparent';
  const fade = ctx.createLinearGradient(0, bbox.top, 0, bbox.top + bbox.height);
  fade.addColorStop(0, `${colour}3d`);
  fade.addColorStop(1, `${colour}05`);
  return fade;
}

/** Dashed lines where the monitor changes its mind, drawn under the line. */
function drawBounds(plot: uPlot, colours: PlotColours): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.lineWidth = devicePixelRatio;
  for (const [score, colour] of [
    [SCORE_DEGRADED, colours.bad],
    [SCORE_RECOVERED, colours.warn],
  ] as const) {
    const y = Math.round(plot.valToPos(score, 'y', true)) + 0.5;
    ctx.strokeStyle = colour;
    ctx.globalAlpha = 0.55;
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
}

const SCORE_SPLITS = [0, 20, 40, 60, 80, 100];
/** Room above the highest score and the longest round trip, so that lines don't touch the edge or each other. */
const SCORE_TOP = 104;
const ROUND_TRIP_ROOM = 1.6;
const ROUND_TRIP_TOP_MIN_MS = 4;

function axesOf({ colours, withRoundTrips }: PlotSetup): uPlot.Axis[] {
  const axis = {
    stroke: colours.text,
    font: `11px ${colours.font}`,
    grid: { stroke: colours.grid, width: 1 },
    ticks: { show: false },
    gap: 6,
  };
  return [
    { ...axis, size: 28, values: (_plot, seconds) => seconds.map(clock) },
    { ...axis, size: 36, splits: SCORE_SPLITS },
    {
      ...axis,
      show: withRoundTrips,
      side: 1,
      scale: 'ms',
      size: 44,
      grid: { show: false },
      values: (_plot, ms) => ms.map((value) => `${value} ms`),
    },
  ];
}

function linesOf(colours: PlotColours): uPlot.Series[] {
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  const points = { show: false };
  return [
    {},
    {
      label: 'Score',
      stroke: colours.line,
      fill: (plot) => fadeOf(plot, colours.line),
      width: 2,
      points,
      ...(stepped ? { paths: stepped } : {}),
    },
    { label: 'Round trip', scale: 'ms', stroke: colours.second, width: 1.25, dash: [2, 3], points },
  ];
}

export function plotOptions(setup: PlotSetup): uPlot.Options {
  const { widthPx, heightPx, colours, range, onCursor } = setup;
  return {
    width: widthPx,
    height: heightPx,
    legend: { show: false },
    padding: [8, 4, 0, 0],
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { size: 9, width: 2, fill: colours.surface, stroke: colours.line },
    },
    scales: {
      x: { range },
      y: { range: [0, SCORE_TOP] },
      ms: { range: (_plot, _min, max) => [0, Math.max(ROUND_TRIP_TOP_MIN_MS, (max ?? 0) * ROUND_TRIP_ROOM)] },
    },
    axes: axesOf(setup),
    series: linesOf(colours),
    hooks: {
      drawAxes: [(plot) => drawBounds(plot, colours)],
      setCursor: [
        ({ cursor: { left = -1, idx } }) => {
          onCursor(left >= 0 ? (idx ?? undefined) : undefined);
        },
      ],
    },
  };
}
