import type { FailureReason, RefusalReason, SidecarCommand } from '#libs/contracts';
import type { Agent } from './agent.ts';
import type { Held, World } from './model.ts';

const DIAL_TIMEOUT_MS = 3_000;
/** An armed place is let go when nobody dials it for so long. */
const ARMED_MS = 10_000;

const OPENING: ReadonlySet<string> = new Set(['accept-client', 'connect', 'activate-dr-client']);

/** How one life of an agent runs commands: each at most once, fenced, every one answered. */
export class Obedience {
  private readonly answers = new Map<string, () => void>();
  private readonly incarnation: string;

  constructor(
    private readonly host: Agent,
    private readonly world: World,
  ) {
    this.incarnation = host.incarnation;
  }

  /** Runs a command once; a repeated one gets its first answer before any other check. */
  take(command: SidecarCommand): void {
    const known = this.answers.get(command.command_id);
    if (known) known();
    else this.obey(command);
  }

  private obey(command: SidecarCommand): void {
    const refused = this.refusal(command);
    if (refused !== undefined) {
      this.answer(command, 'command-refused', refused);
      return;
    }
    const { connection_id, epoch } = command;
    switch (command.name) {
      case 'accept-client':
        this.replace(connection_id, { epoch, mode: 'armed', peer: command.client_id });
        this.world.schedule.after(ARMED_MS, () => {
          const held = this.host.held.get(connection_id);
          if (held?.epoch === epoch && held.mode === 'armed') this.host.letGo(connection_id, epoch);
        });
        this.answer(command, 'command-succeeded');
        return;
      case 'connect':
      case 'activate-dr-client':
        this.replace(connection_id, { epoch, mode: 'dialling', peer: command.server_id });
        this.dial(command, 0);
        return;
      case 'stop-sending-to-client':
      case 'disconnect':
        this.host.letGo(connection_id, epoch);
        this.answer(command, 'command-succeeded');
        return;
      case 'drain':
        this.world.schedule.after(this.world.random.between(10, 2_000), () =>
          this.answer(command, 'command-succeeded'),
        );
        return;
      default:
        command satisfies never;
    }
  }

  private refusal(command: SidecarCommand): RefusalReason | undefined {
    const { nowMs } = this.world.schedule;
    const { connection_id, epoch } = command;
    const held = this.host.held.get(connection_id);
    const opens = OPENING.has(command.name);
    if (command.incarnation !== this.host.incarnation) return 'other-incarnation';
    if (nowMs > Date.parse(command.expires_at)) return 'expired';
    if (held !== undefined && held.epoch > epoch) return 'stale-epoch';
    if (!opens) return undefined;
    if ((this.host.ended.get(connection_id) ?? 0) >= epoch) return 'stale-epoch';
    if (held === undefined && this.host.held.size >= this.host.options.capacity) {
      return this.host.kind === 'server-sidecar' ? 'full' : 'no-free-port';
    }
    return undefined;
  }

  /** The higher epoch takes the place of the lower one, whose path is closed first. */
  private replace(connectionId: string, held: Held): void {
    this.host.letGo(connectionId, held.epoch - 1);
    this.host.held.set(connectionId, held);
  }

  private dial(command: SidecarCommand & { server_id: string }, tries: number): void {
    const { connection_id, epoch, server_id } = command;
    const { schedule, random } = this.world;
    schedule.after(random.between(1, 20), () => {
      const held = this.host.held.get(connection_id);
      if (!this.host.awake || held?.epoch !== epoch) return;
      const server = this.world.agents.get(server_id);
      const answer = this.world.connected(this.host.id, server_id)
        ? server?.dialled(connection_id, epoch, this.host.id)
        : 'nothing';
      if (answer === 'accepted') {
        this.established(command, held);
        return;
      }
      if (answer === 'refused' && server?.running && tries < 20) {
        // The server side parks an early dial; here the dial is repeated as long as it would be parked.
        schedule.after(100, () => this.dial(command, tries + 1));
        return;
      }
      if (answer === 'refused') {
        this.fail(command, 'dial-failed');
        return;
      }
      schedule.after(DIAL_TIMEOUT_MS, () => this.fail(command, 'dial-timeout'));
    });
  }

  private established(command: SidecarCommand & { server_id: string }, held: Held): void {
    held.mode = 'carrying';
    const { connection_id, epoch, server_id } = command;
    this.world.pathUp(connection_id, epoch, this.host.id, server_id);
    this.host.say('new-connection-established', {
      connection_id,
      epoch,
      client_id: this.host.id,
      server_id,
      commanded_at: command.expires_at,
      ...this.host.self(),
    });
    this.answer(command, 'command-succeeded');
  }

  private fail(command: SidecarCommand, reason: FailureReason): void {
    const held = this.host.held.get(command.connection_id);
    if (!this.host.awake || held?.epoch !== command.epoch || held.mode !== 'dialling') return;
    this.host.letGo(command.connection_id, command.epoch);
    this.answer(command, 'command-failed', reason);
  }

  private answer(
    command: SidecarCommand,
    name: 'command-succeeded' | 'command-failed' | 'command-refused',
    reason?: string,
  ): void {
    // What an earlier life had begun died with it.
    if (this.host.incarnation !== this.incarnation) return;
    const { connection_id, epoch, command_id } = command;
    const opens = OPENING.has(command.name);
    // Whoever fails or refuses an opening of its own life never carries that epoch again.
    if (opens && name !== 'command-succeeded') this.host.letGo(connection_id, epoch);
    const data = {
      connection_id,
      command_id,
      epoch,
      ...this.host.self(),
      ...(reason === undefined ? {} : { reason }),
    };
    const say = () => this.host.say(name, data);
    this.answers.set(command_id, say);
    say();
  }
}
