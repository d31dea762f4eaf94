import { type CommandAnswer, type HandledFactName, parseMessage } from '#libs/contracts';
import type { TraceContext } from '#libs/log';
import { traceIdOf } from '#libs/platform';
import {
  type AgentContext,
  type Carrier,
  type Commanded,
  CommandFailure,
  CommandRefusal,
  type NamedCommand,
} from './agent.ts';
import type { IncomingCommand } from './ports.ts';

/** Answers kept, so that a repeated command gets its first one; far more than are sent within their expiry. */
const MAX_ANSWERS = 10_000;

type AnswerName = Extract<HandledFactName, 'command-succeeded' | 'command-failed' | 'command-refused'>;
export interface Answer {
  readonly name: AnswerName;
  readonly reason?: string;
  /** The life that answered; a repeat says the same. */
  readonly incarnation: string;
}

/** Which commands a kind of agent takes. */
export interface CommandKinds {
  readonly names: readonly string[];
  /** Those that make it carry something more: refused while it drains, or without its lease. */
  readonly carrying: readonly string[];
}

/** Where whoever reads commands brings them. */
export interface CommandTaker {
  /** Resolves with what it was answered, when that is on its way; undefined: with nothing. Never rejects. */
  handle(incoming: IncomingCommand): Promise<Answer | undefined>;
  skip(reason: string): void;
}

/**
 * Takes commands: each is run at most once and answered; a repeated one gets its first answer before any
 * other check.
 */
export class CommandDesk<C extends NamedCommand> implements CommandTaker {
  private readonly answers = new Map<string, Answer | 'running'>();
  private isDraining = false;

  constructor(
    private readonly agent: AgentContext,
    private readonly carrier: Carrier<C>,
    private readonly kinds: CommandKinds,
  ) {}

  /** Begins at once and in order. */
  async handle(incoming: IncomingCommand): Promise<Answer | undefined> {
    const { time, trace } = incoming;
    const command = this.read(incoming);
    if (command === undefined) return undefined;
    const earlier = this.answers.get(command.command_id);
    if (earlier === 'running') return undefined;
    if (earlier !== undefined) {
      this.agent.metrics.commands.inc({ command: command.name, outcome: 'repeated', reason: '' });
      this.publish(command, earlier, trace);
      return earlier;
    }
    this.remember(command.command_id, 'running');
    const { incarnation } = this.agent.vigil;
    const answer = { ...(await this.run(command, { at: time, trace })), incarnation };
    this.remember(command.command_id, answer);
    const { log, metrics } = this.agent;
    metrics.commands.inc({ command: command.name, outcome: answer.name, reason: answer.reason ?? '' });
    const { command_id, connection_id, epoch } = command;
    const { name, reason } = answer;
    const told = {
      command: command.name,
      command_id,
      connection_id,
      epoch,
      answer: name,
      reason,
      incarnation,
    };
    log.info({ ...told, trace_id: traceIdOf(trace) }, 'command answered');
    this.publish(command, answer, trace);
    return answer;
  }

  /** Counts a record that is no command at all. */
  skip(reason: string): void {
    this.agent.metrics.commands.inc({ command: 'unreadable', outcome: 'skipped', reason });
  }

  /** From here on nothing more is taken on; whatever ends something still runs. */
  drain(): void {
    this.isDraining = true;
  }

  private async run(command: C, commanded: Commanded): Promise<Omit<Answer, 'incarnation'>> {
    try {
      this.check(command);
      await this.carrier.run(command, commanded);
      return { name: 'command-succeeded' };
    } catch (error) {
      if (error instanceof CommandRefusal) return { name: 'command-refused', reason: error.reason };
      if (error instanceof CommandFailure) return { name: 'command-failed', reason: error.reason };
      this.agent.log.error({ err: error, command_id: command.command_id }, 'a command failed unexpectedly');
      return { name: 'command-failed', reason: 'internal-error' };
    }
  }

  /** In this order: whoever it is for, whether it is still wanted, whether we may carry at all. */
  private check(command: C): void {
    const { identity, vigil, clock } = this.agent;
    vigil.look();
    if (command.agent_id !== identity.agentId) throw new CommandRefusal('other-agent');
    if (command.incarnation !== vigil.incarnation) throw new CommandRefusal('other-incarnation');
    if (Date.parse(command.expires_at) <= clock.wallMs()) throw new CommandRefusal('expired');
    if (!this.kinds.carrying.includes(command.name)) return;
    if (this.isDraining) throw new CommandRefusal('draining');
    if (vigil.leaseLeftMs === 0) throw new CommandRefusal('lease-lapsed');
  }

  /** Undefined: nothing that could be answered; it was counted. */
  private read(incoming: IncomingCommand): C | undefined {
    const { log, identity } = this.agent;
    const parsed = this.kinds.names.includes(incoming.name)
      ? parseMessage(incoming.name, incoming.data)
      : undefined;
    if (parsed?.ok) {
      const command = { ...parsed.data, name: incoming.name } as unknown as C;
      return command.agent_id === identity.agentId ? command : undefined;
    }
    const reason = parsed?.reason ?? 'unknown-type';
    this.skip(reason);
    log.warn({ command: incoming.name.slice(0, 64), reason }, 'a command was unreadable');
    return undefined;
  }

  private remember(commandId: string, answer: Answer | 'running'): void {
    this.answers.set(commandId, answer);
    if (this.answers.size <= MAX_ANSWERS) return;
    for (const [id, kept] of this.answers) {
      if (kept === 'running') continue;
      this.answers.delete(id);
      return;
    }
  }

  private publish(command: C, answer: Answer, trace?: TraceContext): void {
    const data: CommandAnswer & { reason: string } = {
      command_id: command.command_id,
      command: command.name,
      connection_id: command.connection_id,
      home_region: command.home_region,
      epoch: command.epoch,
      agent_id: this.agent.identity.agentId,
      incarnation: answer.incarnation,
      ...(answer.reason === undefined ? {} : { reason: answer.reason }),
    } as CommandAnswer & { reason: string };
    this.agent.facts.publish(answer.name, command.connection_id, data, trace);
  }
}
