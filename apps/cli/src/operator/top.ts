import { Command, Option } from 'commander';
import { EXIT, exitCodeHelp } from '../exit.ts';
import { isEndKey } from '../terminal.ts';
import { agentColumns } from './agents.ts';
import { connectionColumns } from './connections.ts';
import type { OperatorContext } from './context.ts';
import { Desk } from './desk.ts';
import { toCount } from './flags.ts';
import { pause } from './pause.ts';
import { addRestFlags, type RestFlags } from './settings.ts';
import { colourOf } from './style.ts';
import { type AgentRow, type ConnectionRow, type FailoverRow } from './views.ts';

/** Rows that one look asks for at most, of each list. */
const ROWS = 5_000;
const DEFAULT_INTERVAL_S = 2;
const SECOND_MS = 1_000;
/** Failovers younger than this are counted, in milliseconds. */
const RECENT_MS = 3_600_000;
const DEFAULT_SCREEN_ROWS = 24;
/** A full screen of its own, without a cursor; and back. */
const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const END_OF_LINE = '\x1b[K';
const REST_OF_SCREEN = '\x1b[J';

const HELP = `${exitCodeHelp([EXIT.ok, EXIT.usage, EXIT.unreadable, EXIT.refused, EXIT.later])}
Examples:
  $ trunkline top
      a live table; q ends it
  $ trunkline top --once
  $ trunkline top --interval 10 >> counts.log
      one line a look, where no terminal is
  $ trunkline top --output json --once | jq .connections.failed
`;

interface TopFlags extends RestFlags {
  readonly interval: number;
  readonly once?: true;
  readonly kind?: string;
}

/** What one look saw. */
interface Snapshot {
  readonly time: string;
  readonly connections: Readonly<Record<string, number>>;
  readonly agents: Readonly<Record<string, number>>;
  readonly failovers: { readonly last_hour: number; readonly held: number };
  readonly rows: { readonly connections: readonly ConnectionRow[]; readonly agents: readonly AgentRow[] };
}

/** `trunkline top`. */
export function topCommand(context: OperatorContext): Command {
  return addRestFlags(
    new Command('top')
      .summary('a live table of connections and agents')
      .description('A live table: what does not stand comes first. Where no terminal is, one line a look.')
      .addOption(
        new Option('--interval <seconds>', 'between two looks')
          .argParser(toCount(1, 3_600))
          .default(DEFAULT_INTERVAL_S),
      )
      .addOption(new Option('--kind <kind>', 'only connections of this kind').choices(['link', 'session']))
      .option('--once', 'look once')
      .addHelpText('after', HELP),
  ).action(async (flags: TopFlags) => {
    const desk = new Desk(context, flags);
    if (flags.once) {
      showOnce(desk, await look(desk, flags));
      return;
    }
    await follow(desk, flags);
  });
}

async function look({ api, context }: Desk, { kind }: TopFlags): Promise<Snapshot> {
  const nowMs = context.nowMs();
  const since = new Date(nowMs - RECENT_MS).toISOString();
  const [connections, agents, failovers] = await Promise.all([
    api.list<ConnectionRow>('/connections', { kind }, ROWS),
    api.list<AgentRow>('/agents', {}, ROWS),
    api.list<FailoverRow>('/failovers', { since }, ROWS),
  ]);
  return {
    time: new Date(nowMs).toISOString(),
    connections: { total: connections.length, ...counted(connections.map(({ status }) => status)) },
    agents: {
      total: agents.length,
      ...counted(agents.flatMap(({ status, draining }) => (draining ? [status, 'draining'] : [status]))),
    },
    failovers: {
      last_hour: failovers.length,
      held: failovers.filter(({ suppressed }) => suppressed !== undefined).length,
    },
    rows: { connections: connections.toSorted(byUrgency), agents: agents.toSorted(byTrouble) },
  };
}

function counted(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

const URGENCY = ['failed', 'migrating', 'requested', 'active', 'closed'];
const TROUBLE = ['lost', 'suspect', 'alive'];

function byUrgency(one: ConnectionRow, other: ConnectionRow): number {
  return (
    URGENCY.indexOf(one.status) - URGENCY.indexOf(other.status) ||
    (one.health_score ?? 100) - (other.health_score ?? 100) ||
    one.connection_id.localeCompare(other.connection_id)
  );
}

function byTrouble(one: AgentRow, other: AgentRow): number {
  return (
    TROUBLE.indexOf(one.status) - TROUBLE.indexOf(other.status) || one.agent_id.localeCompare(other.agent_id)
  );
}

function showOnce(desk: Desk, snapshot: Snapshot): void {
  const { output, screen } = desk.context;
  if (desk.isJson) output.out(`${JSON.stringify(snapshot)}\n`);
  else output.out(screen.isTerminal ? picture(desk, snapshot) : `${lineOf(snapshot)}\n`);
}

/** All of it on one line, for files and pipes. */
function lineOf({ time, connections, agents, failovers }: Snapshot): string {
  const pairs = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([name, count]) => `${name}=${count}`)
      .join(' ');
  return `${time} connections: ${pairs(connections)} agents: ${pairs(agents)} failovers: ${pairs(failovers)}`;
}

function picture(desk: Desk, { time, connections, agents, failovers, rows }: Snapshot): string {
  const { style, api, context } = desk;
  const counts = (of: Readonly<Record<string, number>>) =>
    Object.entries(of)
      .filter(([name]) => name !== 'total')
      .map(([name, count]) => style(colourOf(name), `${count} ${name}`))
      .join(', ');
  const held = failovers.held === 0 ? '' : `, ${style('yellow', `${failovers.held} held`)}`;
  const head = [
    `${style('bold', 'trunkline')}  ${api.url}  ${time}`,
    `connections ${connections.total ?? 0}: ${counts(connections)}`,
    `agents ${agents.total ?? 0}: ${counts(agents)}`,
    `failovers in the last hour ${failovers.last_hour}${held}`,
  ];
  const nowMs = context.nowMs();
  const open = rows.connections.filter(({ status }) => status !== 'closed');
  return `${head.join('\n')}\n\n${desk.table(connectionColumns(nowMs), open)}\n${desk.table(agentColumns(nowMs), rows.agents)}`;
}

/** Looks again and again, until `q`, Ctrl-C or a signal. */
async function follow(desk: Desk, flags: TopFlags): Promise<void> {
  const { output, screen, terminal } = desk.context;
  const isLive = screen.isTerminal && !desk.isJson;
  const ending = new AbortController();
  const stops = [terminal.onStop(() => ending.abort())];
  if (isLive) {
    stops.push(terminal.onKey((key) => isEndKey(key) && ending.abort()));
    output.out(ENTER);
  }
  let isFirst = true;
  try {
    while (!ending.signal.aborted) {
      try {
        const snapshot = await look(desk, flags);
        if (isLive) output.out(redrawn(picture(desk, snapshot), screen.rows()));
        else showOnce(desk, snapshot);
      } catch (error) {
        // Once it worked, it may work again; until then the picture says why it stands still.
        if (isFirst) throw error;
        const told = `${desk.style('red', (error as Error).message)}`;
        if (isLive) output.out(`${HOME}${told}${END_OF_LINE}`);
        else output.err(`trunkline: ${(error as Error).message}\n`);
      }
      isFirst = false;
      await pause(flags.interval * SECOND_MS, ending.signal);
    }
  } finally {
    if (isLive) output.out(LEAVE);
    for (const stop of stops) stop();
  }
}

/** Each line is written over the one before, so that nothing flickers; what does not fit is left out. */
function redrawn(text: string, rows = DEFAULT_SCREEN_ROWS): string {
  const lines = text.trimEnd().split('\n');
  const shown =
    lines.length > rows ? [...lines.slice(0, rows - 1), `… ${lines.length - rows + 1} more`] : lines;
  return `${HOME}${shown.map((line) => `${line}${END_OF_LINE}`).join('\r\n')}${REST_OF_SCREEN}`;
}
