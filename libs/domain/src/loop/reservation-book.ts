import * as reservation from '../reservation/index.ts';

interface Held {
  readonly serverId: string;
  readonly expiresMs: number;
}

/** A server got one connection more or less to count. */
export interface HeldChange {
  readonly serverId: string;
  readonly key: string;
  readonly change: 1 | -1;
}

/**
 * What this process's partitions hold ready for connections of other regions: each counts as one connection on its
 * server until it expires, whether it is used by then or not. Expiry is time alone, and no decision tells of it.
 */
export class ReservationBook {
  private readonly held = new Map<string, Held>();
  private readonly byServer = new Map<string, Set<string>>();

  changed(key: string, next: reservation.ReservationState | undefined, nowMs: number): HeldChange[] {
    const serverId = next && reservation.heldServer(next, nowMs);
    const before = this.held.get(key);
    const expiresMs = next?.expiresMs ?? 0;
    if (before !== undefined && before.serverId === serverId) {
      this.held.set(key, { serverId, expiresMs });
      return [];
    }
    const changes = before === undefined ? [] : [this.release(key, before)];
    if (serverId === undefined) return changes;
    this.held.set(key, { serverId, expiresMs });
    this.byServer.set(serverId, (this.byServer.get(serverId) ?? new Set()).add(key));
    return [...changes, { serverId, key, change: 1 }];
  }

  /** Drops what has expired. */
  tick(nowMs: number): HeldChange[] {
    const expired = [...this.held].filter(([, { expiresMs }]) => expiresMs <= nowMs);
    return expired.map(([key, held]) => this.release(key, held));
  }

  heldOn(serverId: string): ReadonlySet<string> {
    return this.byServer.get(serverId) ?? NONE;
  }

  private release(key: string, { serverId }: Held): HeldChange {
    this.held.delete(key);
    const keys = this.byServer.get(serverId);
    keys?.delete(key);
    if (keys?.size === 0) this.byServer.delete(serverId);
    return { serverId, key, change: -1 };
  }
}

const NONE: ReadonlySet<string> = new Set();
