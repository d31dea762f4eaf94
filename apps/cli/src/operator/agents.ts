import { Command, Option } from 'commander';
import { AGENT_KINDS } from '#libs/contracts';
import { exitCodeHelp } from '../exit.ts';
import { teach } from '../help.ts';
import type { OperatorContext } from './context.ts';
import { Desk, REST_EXITS } from './desk.ts';
import { limitOption, reasonOption } from './flags.ts';
import { addRestFlags, type RestFlags } from './settings.ts';
import { colourOf } from './style.ts';
import type { Column } from './table.ts';
import { agoText } from './times.ts';
import type { AgentRow } from './views.ts';

const LIST = '/agents';
const pathOf = (id: string, more = '') => `${LIST}/${encodeURIComponent(id)}${more}`;

const HELP = `${exitCodeHelp(REST_EXITS)}
Examples:
  $ trunkline agents ls --status lost
  $ trunkline agents get scheme-server-2 --output json
  $ trunkline agents drain scheme-server-2 --reason 'kernel upgrade' --url http://127.0.0.1:8180
      a controller of the agent's own region takes it
`;

interface ListFlags extends RestFlags {
  readonly kind?: string;
  readonly status?: string;
  readonly region?: string;
  readonly limit: number;
}

/** `trunkline agents`. */
export function agentsCommand(context: OperatorContext): Command {
  const command = new Command('agents')
    .alias('agent')
    .summary('look at brokers and sidecars, drain one')
    .description('Looks at what carries traffic: brokers and sidecars, of every region.');
  for (const own of [list, get, drain]) command.addCommand(own(context));
  return teach(command, HELP);
}

/** As lists and `top` show them. */
export function agentColumns(nowMs: number): Column<AgentRow>[] {
  return [
    { head: 'AGENT', of: (row) => row.agent_id },
    { head: 'KIND', of: (row) => row.kind, spare: 2 },
    { head: 'STATUS', of: (row) => row.status, colour: ({ status }) => colourOf(status) },
    { head: 'DRAINING', of: (row) => (row.draining ? 'draining' : ''), colour: () => 'yellow' },
    { head: 'REGION', of: (row) => row.control_region, spare: 3 },
    { head: 'LOCATION', of: (row) => row.location, spare: 6 },
    {
      head: 'LOAD',
      of: (row) => (row.capacity === undefined ? '' : `${row.connections ?? 0}/${row.capacity}`),
      align: 'right',
    },
    { head: 'HEALTH', of: (row) => row.health_score?.toFixed(0), align: 'right', spare: 1 },
    { head: 'HEARD', of: (row) => agoText(row.last_heartbeat, nowMs), spare: 4 },
    { head: 'ADDRESS', of: (row) => row.address, spare: 7 },
    { head: 'SOFTWARE', of: (row) => row.software_version, spare: 8 },
  ];
}

function list(context: OperatorContext): Command {
  return addRestFlags(
    new Command('ls')
      .alias('list')
      .summary('list them')
      .addOption(new Option('--kind <kind>', 'only of this kind').choices(AGENT_KINDS))
      .addOption(new Option('--status <status>', 'only of this status').choices(['alive', 'suspect', 'lost']))
      .option('--region <region>', 'only of this control region')
      .addOption(limitOption()),
  ).action(async (flags: ListFlags) => {
    const desk = new Desk(context, flags);
    const { kind, status, region, limit } = flags;
    const rows = await desk.api.list<AgentRow>(LIST, { kind, status, control_region: region }, limit);
    desk.showList(rows, agentColumns(context.nowMs()), 'no agent fits');
  });
}

function get(context: OperatorContext): Command {
  return addRestFlags(new Command('get').summary('one of them').argument('<id>', 'agent_id')).action(
    async (id: string, flags: RestFlags) => {
      const desk = new Desk(context, flags);
      const row = await desk.found(id, () => desk.api.get<AgentRow>(pathOf(id)), LIST, 'agent_id');
      desk.show(row, () => desk.facts(Object.entries(row).map(([name, value]) => [name, String(value)])));
    },
  );
}

function drain(context: OperatorContext): Command {
  return addRestFlags(
    new Command('drain')
      .summary('empty one, connection by connection')
      .description(
        'Asks for an agent to be emptied: what it carries moves elsewhere, and nothing new is placed on it.',
      )
      .argument('<id>', 'agent_id')
      .addOption(reasonOption()),
  ).action(async (id: string, flags: RestFlags & { reason: string }) => {
    const desk = new Desk(context, flags);
    const ask = () => desk.api.post<{ event_id: string }>(pathOf(id, '/drain'), { reason: flags.reason });
    const accepted = await desk.found(id, ask, LIST, 'agent_id');
    desk.show(
      accepted,
      () => `asked for, as fact ${accepted.event_id}; trunkline agents get ${id} shows how it empties\n`,
    );
  });
}
