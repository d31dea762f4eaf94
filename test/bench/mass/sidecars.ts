import { randomUUID } from 'node:crypto';
import type { AgentKind, Connect, ConnectionHealth, SidecarCommand } from '#libs/contracts';

export interface SidecarIs {
  readonly id: string;
  readonly kind: AgentKind;
  /** Its control region. */
  readonly region: string;
  readonly serverGroup?: string;
  readonly capacity: number;
}

interface Carried {
  readonly epoch: number;
  readonly home: string;
  readonly serverId?: string;
  active: boolean;
}

/** What a sidecar says of a command. */
export interface Answer {
  readonly name: 'command-succeeded' | 'command-failed' | 'command-refused';
  readonly reason?: string;
}

export const DONE: Answer = { name: 'command-succeeded' };
const refused = (reason: string): Answer => ({ name: 'command-refused', reason });

/** What a sidecar knows, without its traffic: which epoch of which link it carries, and what it answered. */
export class SimulatedSidecar {
  readonly incarnation = randomUUID();
  readonly carried = new Map<string, Carried>();
  alive = true;
  sequence = 0;
  private readonly highest = new Map<string, number>();
  private readonly ended = new Map<string, number>();
  private readonly answers = new Map<string, Answer>();

  constructor(readonly is: SidecarIs) {}

  /** The first answer to this command, if it was answered. */
  answered(commandId: string): Answer | undefined {
    return this.answers.get(commandId);
  }

  remember(commandId: string, answer: Answer): void {
    this.answers.set(commandId, answer);
  }

  /** Why it is not run at all; absent: it may be. */
  refusal(
    { name, incarnation, expires_at, epoch, connection_id }: SidecarCommand,
    nowMs: number,
  ): Answer | undefined {
    if (incarnation !== this.incarnation) return refused('other-incarnation');
    if (Date.parse(expires_at) <= nowMs) return refused('expired');
    const opens = name === 'accept-client' || name === 'connect' || name === 'activate-dr-client';
    const isOver = opens && epoch <= (this.ended.get(connection_id) ?? 0);
    return isOver || epoch < (this.highest.get(connection_id) ?? 0) ? refused('stale-epoch') : undefined;
  }

  /** `accept-client`: the place is kept until the client dials. */
  accept({ connection_id, epoch, home_region }: SidecarCommand): Answer {
    if (!this.carried.has(connection_id) && this.carried.size >= this.is.capacity) return refused('full');
    this.highest.set(connection_id, epoch);
    if (this.carried.get(connection_id)?.epoch !== epoch)
      this.carried.set(connection_id, { epoch, home: home_region, active: false });
    return DONE;
  }

  /** `connect`, once the server's place is there. */
  connect({ connection_id, epoch, home_region, server_id }: SidecarCommand & Connect): void {
    this.highest.set(connection_id, epoch);
    this.carried.set(connection_id, { epoch, home: home_region, serverId: server_id, active: true });
  }

  /** A server's end stands once its client has dialled. */
  stands(connectionId: string, epoch: number): boolean {
    const place = this.carried.get(connectionId);
    if (place?.epoch !== epoch) return false;
    place.active = true;
    return true;
  }

  stop({ connection_id, epoch }: { connection_id: string; epoch: number }): Answer {
    this.highest.set(connection_id, Math.max(epoch, this.highest.get(connection_id) ?? 0));
    this.ended.set(connection_id, Math.max(epoch, this.ended.get(connection_id) ?? 0));
    if (this.carried.get(connection_id)?.epoch === epoch) this.carried.delete(connection_id);
    return DONE;
  }

  health(): ConnectionHealth[] {
    return [...this.carried].map(([connection_id, { epoch, home, active }]) => ({
      connection_id,
      epoch,
      status: active ? 'active' : 'idle',
      ...(home === this.is.region ? {} : { home_region: home }),
      unanswered_ratio: 0,
      in_flight: 0,
    }));
  }
}
