import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** One program that may take links: a pod, or a host of a scheme. */
export interface PoolEntry {
  readonly host: string;
  readonly port: number;
  readonly maxConnections: number;
  /** Local address to dial from, where the far side admits only known ones. */
  readonly sourceAddress?: string;
  readonly tls?: {
    readonly ca?: string | Buffer;
    readonly cert?: string | Buffer;
    readonly key?: string | Buffer;
    readonly serverName?: string;
  };
}

export interface PoolOptions {
  readonly dialTimeoutMs: number;
  readonly nowMs: () => number;
}

/** An entry that failed is tried last for this long, in milliseconds. */
const AVOID_FAILED_MS = 5_000;

interface Slot {
  readonly entry: PoolEntry;
  inUse: number;
  failedMs: number;
}

/** A connection to an entry; the place in the entry is held until `release`. */
export interface Backend {
  readonly socket: Socket;
  readonly name: string;
  release(): void;
  /** The entry is taken for dead for a while: others come first. */
  failed(): void;
}

/** The programs behind a server sidecar. */
export class BackendPool {
  private readonly slots: Slot[];

  constructor(
    entries: readonly PoolEntry[],
    private readonly options: PoolOptions,
  ) {
    this.slots = entries.map((entry) => ({ entry, inUse: 0, failedMs: Number.NEGATIVE_INFINITY }));
  }

  get capacity(): number {
    return this.slots.reduce((sum, slot) => sum + slot.entry.maxConnections, 0);
  }

  /**
   * A connection to the entry that is `preferred` if it takes one, else to the least loaded one that does;
   * undefined when none does.
   */
  async connect(preferred: string | undefined, signal: AbortSignal): Promise<Backend | undefined> {
    for (const slot of this.inOrder(preferred)) {
      if (signal.aborted) return undefined;
      if (slot.inUse >= slot.entry.maxConnections) continue;
      slot.inUse += 1;
      const socket = await dial(slot.entry, this.options.dialTimeoutMs, signal);
      if (socket !== undefined) return this.backend(slot, socket);
      slot.inUse -= 1;
      if (!signal.aborted) slot.failedMs = this.options.nowMs();
    }
    return undefined;
  }

  private inOrder(preferred: string | undefined): Slot[] {
    const nowMs = this.options.nowMs();
    const rank = (slot: Slot): number => {
      if (nowMs - slot.failedMs < AVOID_FAILED_MS) return 2;
      return nameOf(slot.entry) === preferred ? 0 : 1;
    };
    const load = (slot: Slot): number => slot.inUse / slot.entry.maxConnections;
    return [...this.slots].sort((a, b) => rank(a) - rank(b) || load(a) - load(b));
  }

  private backend(slot: Slot, socket: Socket): Backend {
    let held = true;
    return {
      socket,
      name: nameOf(slot.entry),
      release: () => {
        if (held) slot.inUse -= 1;
        held = false;
      },
      failed: () => {
        slot.failedMs = this.options.nowMs();
      },
    };
  }
}

function nameOf(entry: PoolEntry): string {
  return entry.host.includes(':') ? `[${entry.host}]:${entry.port}` : `${entry.host}:${entry.port}`;
}

function dial(entry: PoolEntry, timeoutMs: number, signal: AbortSignal): Promise<Socket | undefined> {
  const target = {
    host: entry.host,
    port: entry.port,
    ...(entry.sourceAddress === undefined ? {} : { localAddress: entry.sourceAddress }),
  };
  return new Promise((resolve) => {
    const socket = entry.tls === undefined ? connect(target) : connectTls({ ...target, ...tlsOf(entry) });
    const settle = (result: Socket | undefined): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
      socket.off('error', giveUp).off('close', giveUp);
      if (result === undefined) {
        socket.on('error', () => {});
        socket.destroy();
      }
      resolve(result);
    };
    const giveUp = (): void => settle(undefined);
    const timer = setTimeout(giveUp, timeoutMs);
    signal.addEventListener('abort', giveUp);
    socket.on('error', giveUp).on('close', giveUp);
    socket.once(entry.tls === undefined ? 'connect' : 'secureConnect', () => settle(socket));
  });
}

function tlsOf(entry: PoolEntry): object {
  const { ca, cert, key, serverName } = entry.tls ?? {};
  return {
    servername: serverName ?? entry.host,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}
