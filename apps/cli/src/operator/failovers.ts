import { Command, Option } from 'commander';
import { exitCodeHelp } from '../exit.ts';
import { teach } from '../help.ts';
import type { OperatorContext } from './context.ts';
import { Desk, REST_EXITS } from './desk.ts';
import { limitOption, reasonOption, toTime } from './flags.ts';
import { addRestFlags, type RestFlags } from './settings.ts';
import type { Column } from './table.ts';
import { betweenText } from './times.ts';
import type { FailoverRow } from './views.ts';

const LIST = '/failovers';
const pathOf = (id: string, more = '') => `${LIST}/${encodeURIComponent(id)}${more}`;

const HELP = `${exitCodeHelp(REST_EXITS)}
Examples:
  $ trunkline failovers ls --since 1h
      the moves of the last hour, the newest first; HELD says what waits for you
  $ trunkline failovers get bank-client-1:primary~2
      its ledger: detected, decided, commanded, active
  $ trunkline failovers approve bank-client-1:primary~2 --reason 'site A is really gone'
      lets go every link that is held for the same cause
`;

interface ListFlags extends RestFlags {
  readonly connection?: string;
  readonly reason?: string;
  readonly from?: string;
  readonly to?: string;
  readonly since?: string;
  readonly until?: string;
  readonly held?: true;
  readonly limit: number;
}

/** `trunkline failovers`. */
export function failoversCommand(context: OperatorContext): Command {
  const command = new Command('failovers')
    .alias('failover')
    .summary('look at moves, approve what is held')
    .description('Looks at the moves of connections, each with its ledger of times.');
  for (const own of [list, get, approve]) command.addCommand(own(context));
  return teach(command, HELP);
}

const COLUMNS: readonly Column<FailoverRow>[] = [
  { head: 'FAILOVER', of: (row) => row.failover_id },
  { head: 'DETECTED', of: (row) => row.detected_at },
  { head: 'REASON', of: (row) => row.reason },
  { head: 'FROM', of: (row) => row.from, spare: 2 },
  { head: 'TO', of: (row) => row.to, spare: 1 },
  { head: 'DECIDED', of: (row) => plus(row.detected_at, row.decided_at), align: 'right', spare: 4 },
  { head: 'COMMANDED', of: (row) => plus(row.detected_at, row.commanded_at), align: 'right', spare: 5 },
  { head: 'ACTIVE', of: (row) => plus(row.detected_at, row.active_at), align: 'right', spare: 3 },
  {
    head: 'HELD',
    of: ({ suppressed }) =>
      suppressed && `${suppressed.reason}${suppressed.until ? ` until ${suppressed.until}` : ''}`,
    colour: () => 'yellow',
  },
];

const plus = (from: string, to: string | undefined): string =>
  to === undefined ? '' : `+${betweenText(from, to)}`;

function list(context: OperatorContext): Command {
  return addRestFlags(
    new Command('ls')
      .alias('list')
      .summary('list them, the newest first')
      .option('--connection <id>', 'only of this connection')
      .option('--reason <reason>', 'only for this reason')
      .option('--from <server>', 'only those that left this server')
      .option('--to <server>', 'only those that went to this server')
      .addOption(
        new Option('--since <time>', 'detected then or later: RFC 3339, or how long ago (1h)').argParser(
          toTime,
        ),
      )
      .addOption(new Option('--until <time>', 'detected before then').argParser(toTime))
      .option('--held', 'only those that are held back')
      .addOption(limitOption()),
  ).action(async (flags: ListFlags) => {
    const desk = new Desk(context, flags);
    const { connection, reason, from, to, since, until, held, limit } = flags;
    const query = { connection_id: connection, reason, from, to, since, until };
    const rows: FailoverRow[] = [];
    for await (const row of desk.api.items<FailoverRow>(
      LIST,
      query,
      held ? Number.MAX_SAFE_INTEGER : limit,
    )) {
      if (!held || row.suppressed !== undefined) rows.push(row);
      if (rows.length === limit) break;
    }
    desk.showList(rows, COLUMNS, 'no failover fits');
  });
}

function get(context: OperatorContext): Command {
  return addRestFlags(
    new Command('get').summary('one of them, with its times').argument('<id>', 'failover_id'),
  ).action(async (id: string, flags: RestFlags) => {
    const desk = new Desk(context, flags);
    const row = await desk.found(id, () => desk.api.get<FailoverRow>(pathOf(id)), LIST, 'failover_id');
    desk.show(row, () => failoverFacts(desk, row));
  });
}

/** The ledger of one move. */
export function failoverFacts(desk: Desk, row: FailoverRow): string {
  const step = (time: string | undefined) =>
    time && (time === row.detected_at ? time : `${time}  +${betweenText(row.detected_at, time)}`);
  return desk.facts([
    ['failover', row.failover_id],
    ['connection', row.connection_id],
    ['reason', row.reason],
    ['from', row.from],
    ['to', row.to],
    ['detected', row.detected_at],
    ['decided', step(row.decided_at)],
    ['commanded', step(row.commanded_at)],
    ['active', step(row.active_at)],
    [
      'held',
      row.suppressed &&
        `${row.suppressed.what}, ${row.suppressed.reason}${row.suppressed.until ? ` until ${row.suppressed.until}` : ': waits for an approval'}`,
    ],
  ]);
}

function approve(context: OperatorContext): Command {
  return addRestFlags(
    new Command('approve')
      .summary('let go what the blast radius holds')
      .description('Agrees to the moves that the blast radius holds back for the same cause as this one.')
      .argument('<id>', 'failover_id')
      .addOption(reasonOption())
      .addOption(
        new Option('--until <time>', 'and to those that fail for it until then: RFC 3339').argParser(toTime),
      ),
  ).action(async (id: string, flags: RestFlags & { reason: string; until?: string }) => {
    const desk = new Desk(context, flags);
    const { reason, until } = flags;
    const ask = () => desk.api.post<{ event_id: string }>(pathOf(id, '/approve'), { reason, until });
    const accepted = await desk.found(id, ask, LIST, 'failover_id');
    desk.show(
      accepted,
      () => `approved, as fact ${accepted.event_id}; trunkline failovers get '${id}' shows the move\n`,
    );
  });
}
