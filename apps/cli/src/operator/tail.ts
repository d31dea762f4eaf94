import { Command, Option } from 'commander';
import { CliError, EXIT, exitCodeHelp } from '../exit.ts';
import { ApiError } from './api.ts';
import type { OperatorContext } from './context.ts';
import { Desk } from './desk.ts';
import { toCount } from './flags.ts';
import { pause } from './pause.ts';
import { addRestFlags, type RestFlags } from './settings.ts';
import { serverEvents } from './sse.ts';
import { colourOf, type Style } from './style.ts';
import { printable } from './table.ts';
import { carrierOf, type EventRow } from './views.ts';

/** Between two tries to reach the stream again, in milliseconds: doubling from the first to the last. */
const AGAIN_MS = 250;
const AGAIN_MAX_MS = 5_000;
/** Heartbeats come more often than this; a stream that is silent for longer is asked for anew, in milliseconds. */
const SILENT_MS = 60_000;

const HELP = `${exitCodeHelp([EXIT.ok, EXIT.usage, EXIT.unreadable, EXIT.refused])}
Examples:
  $ trunkline tail
      every decision as it is made; Ctrl-C ends it
  $ trunkline tail --type failover-decided,failover-suppressed --kind link
  $ trunkline tail --connection bank-client-1:primary --output json | tee incident.ndjson
  $ trunkline tail --resume "$(tail -1 incident.ndjson | jq -r .id)"
      goes on behind that one, without a gap
`;

interface TailFlags extends RestFlags {
  readonly type?: string;
  readonly connection?: string;
  readonly agent?: string;
  readonly kind?: string;
  readonly region?: string;
  readonly resume?: string;
  readonly count?: number;
}

/** `trunkline tail`. */
export function tailCommand(context: OperatorContext): Command {
  return addRestFlags(
    new Command('tail')
      .summary('follow decisions as they are made')
      .description(
        'Follows the decisions of every region as they are made. A connection that breaks is taken up again without a gap.',
      )
      .option('--type <name,…>', 'only decisions of these names, e.g. failover-decided')
      .option('--connection <id>', 'only on this connection')
      .option('--agent <id>', 'only on this agent')
      .addOption(
        new Option('--kind <kind>', 'only of this kind').choices([
          'link',
          'session',
          'agent',
          'region',
          'reservation',
        ]),
      )
      .option('--region <region>', 'only of this control region')
      .option('--resume <id>', 'behind the event of this id, as --output json shows it')
      .addOption(new Option('--count <n>', 'end after so many').argParser(toCount(1, 1_000_000_000)))
      .addHelpText('after', HELP),
  ).action(async (flags: TailFlags) => {
    const desk = new Desk(context, flags);
    const ending = new AbortController();
    const stop = context.terminal.onStop(() => ending.abort());
    try {
      await new Tail(desk, flags, ending.signal).run();
    } finally {
      stop();
    }
  });
}

/** One reading of the stream, over as many connections as it takes. */
class Tail {
  private lastId: string | undefined;
  private shown = 0;
  private isTold = false;

  constructor(
    private readonly desk: Desk,
    private readonly flags: TailFlags,
    private readonly ending: AbortSignal,
  ) {
    this.lastId = flags.resume;
  }

  async run(): Promise<void> {
    let waitMs = AGAIN_MS;
    for (let tries = 0; !this.ending.aborted && !this.isDone; tries += 1) {
      const before = this.lastId;
      try {
        await this.read();
      } catch (error) {
        if (this.ending.aborted) return;
        // At first somebody is to be told; later it comes back.
        if (tries === 0 && !this.isTold) throw error;
        if (error instanceof ApiError && error.exitCode !== EXIT.later) throw error;
      }
      if (this.isDone || this.ending.aborted) return;
      this.say('the stream ended; taken up again behind the last one');
      waitMs = this.lastId === before ? Math.min(2 * waitMs, AGAIN_MAX_MS) : AGAIN_MS;
      await pause(waitMs, this.ending);
    }
  }

  private get isDone(): boolean {
    return this.flags.count !== undefined && this.shown >= this.flags.count;
  }

  private async read(): Promise<void> {
    const { type, connection, agent, kind, region } = this.flags;
    const query = { type, connection_id: connection, agent_id: agent, kind, region };
    const reading = new AbortController();
    const abort = () => reading.abort();
    this.ending.addEventListener('abort', abort);
    let silent = setTimeout(abort, SILENT_MS);
    try {
      const answer = await this.desk.api.stream('/events', query, this.lastId, reading.signal);
      if (!this.isTold) this.say(`following ${this.desk.api.url}`);
      this.isTold = true;
      for await (const one of serverEvents(answer.body as unknown as AsyncIterable<Uint8Array>)) {
        clearTimeout(silent);
        silent = setTimeout(abort, SILENT_MS);
        const { id, event, data } = one;
        if (event === 'end') return;
        if (event === 'error') this.failed(data ?? '{}');
        else if (data === undefined) this.lastId = id ?? this.lastId;
        else this.take(id, data);
        if (this.isDone) return;
      }
    } catch (error) {
      // Silence is an end like any other.
      if (!reading.signal.aborted) throw error;
    } finally {
      clearTimeout(silent);
      this.ending.removeEventListener('abort', abort);
      reading.abort();
    }
  }

  private take(id: string | undefined, data: string): void {
    const row = JSON.parse(data) as EventRow;
    this.lastId = id ?? this.lastId;
    this.shown += 1;
    const { output } = this.desk.context;
    output.out(
      this.desk.isJson ? `${JSON.stringify({ id, ...row })}\n` : `${eventLine(row, this.desk.style)}\n`,
    );
  }

  /** The stream says why it ends; a slow reader goes on where it was. */
  private failed(data: string): void {
    const { code, detail } = JSON.parse(data) as { code?: string; detail?: string };
    if (code === 'before-retention') {
      throw new CliError(EXIT.unreadable, 'the log no longer has what came behind --resume: leave it out');
    }
    this.say(`the controller ended the stream: ${code ?? 'no code'}${detail ? `, ${detail}` : ''}`);
  }

  /** Beside the events, and only to a person. */
  private say(words: string): void {
    if (this.desk.context.screen.isTerminal)
      this.desk.context.output.err(`${this.desk.style('dim', `# ${words}`)}\n`);
  }
}

/** One decision on one line. */
export function eventLine(row: EventRow, style: Style): string {
  const { time, region = '', type, data } = row;
  const subject = row.connection_id ?? row.agent_id ?? '';
  const on = carrierOf(data);
  const words = [
    style('dim', time),
    printable(region),
    printable(subject),
    style(colourOf(data.status ?? '') ?? 'cyan', type),
    data.phase === undefined ? '' : `${data.status} / ${data.phase}`,
    data.epoch === undefined ? '' : `epoch ${data.epoch}`,
    on === '' ? '' : `on ${on}`,
    data.suppressed === undefined ? printable(data.reason ?? '') : `held: ${data.suppressed.reason}`,
  ];
  return words.filter((word) => word !== '').join('  ');
}
