import { count, duration, NOTHING } from '../format.ts';
import type { Connection, Health, Status } from '../model.ts';
import type { RouteName } from '../router.ts';
import { isAgentTroubled, isTroubled } from './attention.ts';
import { countBy } from './filters.ts';
import type { World } from './fold.ts';
import { summaryOfMoves } from './summary.ts';

/** One figure of the overview, and where it comes from. */
export interface Figure {
  readonly label: string;
  readonly figure: string;
  readonly detail: string;
  readonly health?: Health;
  readonly to: RouteName;
  readonly query?: Readonly<Record<string, string>>;
}

export interface FiguresOf {
  readonly world: World;
  readonly nowMs: number;
  readonly status: Status | undefined;
  readonly isPast: boolean;
  /** The lists were read once: before that nothing is said to be well. */
  readonly connectionsKnown: boolean;
  readonly agentsKnown: boolean;
  /** Older failovers are not read. */
  readonly moreFailovers: boolean;
}

/** The overview's figures; what is not known is a dash, and its health idle. */
export function figuresOf(given: FiguresOf): Figure[] {
  return [...connectionFigures(given), failoverFigure(given), agentFigure(given), lagFigure(given)];
}

function connectionFigures({ world, connectionsKnown }: FiguresOf): Figure[] {
  const rows = [...world.connections.values()];
  const byStatus = countBy(rows, ({ status }) => status);
  const of = (status: string) => byStatus.get(status) ?? 0;
  const troubled = rows.filter(isTroubled).length;
  const failed = of('failed');
  const calm: Health = connectionsKnown ? 'ok' : 'idle';
  return [
    {
      label: 'Connections',
      figure: rows.length > 0 || connectionsKnown ? count(rows.length) : NOTHING,
      detail: connectionsKnown
        ? `${count(of('active'))} active, ${count(of('migrating'))} moving`
        : 'reading …',
      to: 'connections',
    },
    {
      label: 'Connections not well',
      figure: troubled > 0 || connectionsKnown ? count(troubled) : NOTHING,
      detail:
        troubled > 0 ? troublesOf(rows.filter(isTroubled)) : connectionsKnown ? 'all is well' : 'reading …',
      health: failed > 0 ? 'bad' : troubled > 0 ? 'warn' : calm,
      to: 'connections',
      query: { attention: '1' },
    },
  ];
}

/** `2 failed, 1 degraded` */
function troublesOf(rows: readonly Connection[]): string {
  const counts = countBy(rows, ({ status, phase }) => (status === 'failed' ? status : phase));
  return ['failed', 'interrupted', 'degraded']
    .filter((name) => counts.has(name))
    .map((name) => `${count(counts.get(name))} ${name}`)
    .join(', ');
}

function failoverFigure({ world, nowMs, connectionsKnown, moreFailovers }: FiguresOf): Figure {
  const { lastHour, held, underWay, medianMs, worstMs, isWhole } = summaryOfMoves(
    world.failovers.values(),
    nowMs,
  );
  const times =
    medianMs === undefined ? 'none finished' : `median ${duration(medianMs)}, worst ${duration(worstMs)}`;
  const isKnown = connectionsKnown || world.failovers.size > 0;
  const calm: Health = isKnown ? 'ok' : 'idle';
  return {
    label: 'Failovers, last hour',
    figure: isKnown ? `${count(lastHour)}${moreFailovers && !isWhole ? '+' : ''}` : NOTHING,
    detail: held > 0 ? `${count(held)} held back` : isKnown ? times : 'reading …',
    health: held > 0 ? 'bad' : underWay > 0 ? 'warn' : calm,
    to: 'failovers',
  };
}

function agentFigure({ world, isPast, agentsKnown }: FiguresOf): Figure {
  const agents = [...world.agents.values()];
  const figure = { label: 'Agents', to: 'agents' } as const;
  if (isPast) {
    return { ...figure, figure: count(agents.length), detail: 'state of then is not kept', health: 'idle' };
  }
  if (!agentsKnown) return { ...figure, figure: NOTHING, detail: 'reading …', health: 'idle' };
  const lost = agents.filter(({ status }) => status === 'lost').length;
  const draining = agents.filter((each) => each.draining).length;
  return {
    ...figure,
    figure: count(agents.length),
    detail: lost > 0 ? `${count(lost)} lost, ${count(draining)} draining` : `${count(draining)} draining`,
    health: lost > 0 ? 'bad' : agents.some(isAgentTroubled) ? 'warn' : 'ok',
  };
}

function lagFigure({ status, isPast }: FiguresOf): Figure {
  const figure = { label: 'Behind the log', to: 'health' } as const;
  if (isPast) return { ...figure, figure: NOTHING, detail: 'known of now only', health: 'idle' };
  if (status === undefined) return { ...figure, figure: NOTHING, detail: 'reading …', health: 'idle' };
  const records = status.lag.reduce((sum, each) => sum + each.records, 0);
  const { state } = status.registry;
  const health: Health = state === 'whole' ? 'ok' : state === 'rebuilding' ? 'warn' : 'bad';
  return { ...figure, figure: count(records), detail: `records; registry ${state}`, health };
}
