import { Command, Option } from 'commander';
import { CONNECTION_STATUSES } from '#libs/contracts';
import { CliError, EXIT, exitCodeHelp } from '../exit.ts';
import { teach } from '../help.ts';
import { ApiError } from './api.ts';
import type { OperatorContext } from './context.ts';
import { Desk, REST_EXITS } from './desk.ts';
import { type ExplainView, explainText } from './explain-text.ts';
import { failoverFacts } from './failovers.ts';
import { atOption, limitOption, reasonOption, toCount } from './flags.ts';
import { addRestFlags, type RestFlags } from './settings.ts';
import { healthLine } from './spark.ts';
import { colourOf } from './style.ts';
import type { Column } from './table.ts';
import { agoText } from './times.ts';
import { type ConnectionRow, carrierOf, type EventRow, type FailoverRow, type HealthRow } from './views.ts';

const LIST = '/connections';
const WAIT_LOOK_MS = 200;
const SECOND_MS = 1_000;
const pathOf = (id: string, more = '') => `${LIST}/${encodeURIComponent(id)}${more}`;

const HELP = `${exitCodeHelp(REST_EXITS)}
Examples:
  $ trunkline connections ls --status migrating
  $ trunkline connections ls --kind session --sort -updated_at --limit 20
  $ trunkline connections get bank-client-1:primary --at 15m
      as the controller believed it a quarter of an hour ago
  $ trunkline connections explain bank-client-1:primary
      why it stands where it stands, from the first cause on
  $ trunkline connections events bank-client-1:primary --limit 20 --output json | jq '.[].type'
  $ trunkline connections failover bank-client-1:primary --reason 'rack 4 is serviced' --planned --wait 30
`;

interface ListFlags extends RestFlags {
  readonly status?: string;
  readonly kind?: string;
  readonly client?: string;
  readonly server?: string;
  readonly broker?: string;
  readonly phase?: string;
  readonly homeRegion?: string;
  readonly sort?: string;
  readonly at?: string;
  readonly limit: number;
}

/** `trunkline connections`. */
export function connectionsCommand(context: OperatorContext): Command {
  const command = new Command('connections')
    .alias('connection')
    .summary('look at connections, ask why, move one')
    .description('Looks at links and sessions as a central controller shows them.');
  for (const own of [list, get, explain, events, failover]) command.addCommand(own(context));
  return teach(command, HELP);
}

function list(context: OperatorContext): Command {
  return addRestFlags(
    new Command('ls')
      .alias('list')
      .summary('list them')
      .description('Lists connections by id; every filter given must hold.')
      .addOption(new Option('--status <status>', 'only of this status').choices(CONNECTION_STATUSES))
      .addOption(new Option('--kind <kind>', 'only of this kind').choices(['link', 'session']))
      .option('--client <id>', 'only of this client')
      .option('--server <id>', 'only on this server')
      .option('--broker <id>', 'only on this broker')
      .option('--phase <phase>', 'only in this phase')
      .option('--home-region <region>', 'only of this home')
      .option('--sort <member>', 'connection_id, or -updated_at: the latest changed first')
      .addOption(atOption())
      .addOption(limitOption()),
  ).action(async (flags: ListFlags) => {
    const desk = new Desk(context, flags);
    const { status, kind, client, server, broker, phase, homeRegion, sort, at, limit } = flags;
    const query = { status, kind, client_id: client, server_id: server, broker_id: broker, phase, at, sort };
    const rows = await desk.api.list<ConnectionRow>(LIST, { ...query, home_region: homeRegion }, limit);
    desk.showList(rows, connectionColumns(context.nowMs()), 'no connection fits');
  });
}

/** As lists and `top` show them. */
export function connectionColumns(nowMs: number): Column<ConnectionRow>[] {
  return [
    { head: 'CONNECTION', of: (row) => row.connection_id },
    { head: 'KIND', of: (row) => row.kind, spare: 5 },
    { head: 'STATUS', of: (row) => row.status, colour: ({ status }) => colourOf(status) },
    { head: 'PHASE', of: (row) => row.phase, colour: ({ phase }) => colourOf(phase), spare: 2 },
    { head: 'EPOCH', of: (row) => String(row.epoch), align: 'right', spare: 3 },
    { head: 'CLIENT', of: (row) => row.client_id, spare: 4 },
    { head: 'ON', of: carrierOf },
    { head: 'NEXT', of: (row) => row.failover_target, spare: 6 },
    { head: 'HEALTH', of: (row) => row.health_score?.toFixed(0), align: 'right', spare: 1 },
    { head: 'HOME', of: (row) => row.home_region, spare: 8 },
    { head: 'CHANGED', of: (row) => agoText(row.updated_at, nowMs), spare: 7 },
  ];
}

function get(context: OperatorContext): Command {
  return addRestFlags(
    new Command('get').summary('one of them').argument('<id>', 'connection_id').addOption(atOption()),
  ).action(async (id: string, flags: RestFlags & { at?: string }) => {
    const desk = new Desk(context, flags);
    const ask = () => desk.api.get<ConnectionRow>(pathOf(id), { at: flags.at });
    const row = await desk.found(id, ask, LIST, 'connection_id');
    const line = desk.isJson ? undefined : await healthOverTime(desk, id, flags.at);
    const facts = Object.entries(row).map(([name, value]) => [name, String(value)] as const);
    desk.show(row, () => desk.facts([...facts, ['last hour', line]]));
  });
}

/** A line of bars; nothing where nothing was reported, or that long ago is not kept. */
async function healthOverTime(desk: Desk, id: string, at: string | undefined): Promise<string | undefined> {
  try {
    const { items } = await desk.api.get<{ items: HealthRow[] }>(pathOf(id, '/health'), { at });
    return healthLine(items, at === undefined ? desk.context.nowMs() : Date.parse(at));
  } catch (error) {
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}

function explain(context: OperatorContext): Command {
  return addRestFlags(
    new Command('explain')
      .summary('why it stands where it stands')
      .description(
        'Tells the chain from cause to state: evidence, rules, candidates, commands and their answers, times.',
      )
      .argument('<id>', 'connection_id')
      .addOption(atOption()),
  ).action(async (id: string, flags: RestFlags & { at?: string }) => {
    const desk = new Desk(context, flags);
    const ask = () => desk.api.get<ExplainView>(pathOf(id, '/explain'), { at: flags.at });
    const view = await desk.found(id, ask, LIST, 'connection_id');
    desk.show(view, () => explainText(view, desk));
  });
}

function events(context: OperatorContext): Command {
  return addRestFlags(
    new Command('events')
      .summary('its decisions, oldest first')
      .argument('<id>', 'connection_id')
      .addOption(limitOption()),
  ).action(async (id: string, flags: RestFlags & { limit: number }) => {
    const desk = new Desk(context, flags);
    const ask = () => desk.api.list<EventRow>(pathOf(id, '/events'), {}, flags.limit);
    const rows = await desk.found(id, ask, LIST, 'connection_id');
    desk.showList(rows, EVENT_COLUMNS, 'no decision yet');
  });
}

const EVENT_COLUMNS: readonly Column<EventRow>[] = [
  { head: 'TIME', of: (row) => row.time },
  { head: 'VERSION', of: ({ data }) => data.version?.toString(), align: 'right', spare: 3 },
  { head: 'DECISION', of: (row) => row.type },
  {
    head: 'STATUS',
    of: ({ data }) => data.status,
    colour: ({ data }) => colourOf(data.status ?? ''),
    spare: 2,
  },
  { head: 'PHASE', of: ({ data }) => data.phase, spare: 4 },
  { head: 'EPOCH', of: ({ data }) => data.epoch?.toString(), align: 'right', spare: 5 },
  { head: 'REASON', of: ({ data }) => data.suppressed?.reason ?? data.reason },
  { head: 'ON', of: ({ data }) => carrierOf(data), spare: 1 },
  { head: 'AT', of: ({ partition, offset }) => `${partition}@${offset}`, spare: 6 },
];

interface FailoverFlags extends RestFlags {
  readonly reason: string;
  readonly planned?: true;
  readonly force?: true;
  readonly epoch?: number;
  readonly wait?: number;
}

function failover(context: OperatorContext): Command {
  return addRestFlags(
    new Command('failover')
      .summary('ask for a move')
      .description('Asks for a move. The answer says that it was asked; --wait says what came of it.')
      .argument('<id>', 'connection_id')
      .addOption(reasonOption())
      .option('--planned', 'drain first, and only if another place fits')
      .option('--force', 'end a placement that has no lease, without a confirmation')
      .addOption(
        new Option('--epoch <n>', 'only if the epoch is still this one').argParser(toCount(1, 2 ** 53 - 1)),
      )
      .addOption(
        new Option('--wait <seconds>', 'until it is active on the next epoch').argParser(toCount(1, 3_600)),
      ),
  ).action(async (id: string, flags: FailoverFlags) => {
    const desk = new Desk(context, flags);
    const { reason, planned, force, epoch, wait } = flags;
    const before =
      wait === undefined
        ? undefined
        : await desk.found(id, () => desk.api.get<ConnectionRow>(pathOf(id)), LIST, 'connection_id');
    const ask = () =>
      desk.api.post<{ event_id: string }>(pathOf(id, '/failover'), { reason, planned, force, epoch });
    const accepted = await desk.found(id, ask, LIST, 'connection_id');
    if (before === undefined) {
      desk.show(
        accepted,
        () =>
          `asked for, as fact ${accepted.event_id}; trunkline connections explain ${id} says what came of it\n`,
      );
      return;
    }
    const moved = await untilMoved(desk, before, (wait ?? 0) * SECOND_MS);
    desk.show({ ...accepted, failover: moved }, () => failoverFacts(desk, moved));
  });
}

/** @throws CliError `later` when it is not active on a later epoch in time; it may come yet */
async function untilMoved(desk: Desk, before: ConnectionRow, waitMs: number): Promise<FailoverRow> {
  const { connection_id: id, epoch } = before;
  const endsMs = desk.context.nowMs() + waitMs;
  for (;;) {
    const row = await desk.api.get<ConnectionRow>(pathOf(id));
    if (row.epoch > epoch && row.status === 'active') {
      return desk.api.get<FailoverRow>(`/failovers/${encodeURIComponent(`${id}~${row.epoch}`)}`);
    }
    if (desk.context.nowMs() >= endsMs) {
      const where = `${id} is ${row.status} / ${row.phase} at epoch ${row.epoch}`;
      throw new CliError(
        EXIT.later,
        `${where} after ${waitMs / SECOND_MS} s: trunkline connections explain ${id} says why`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, WAIT_LOOK_MS));
  }
}
