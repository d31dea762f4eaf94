import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { DelayLine } from './delay-line.ts';

/** What comes to `port` goes to `target`, and back, so late. */
export interface WanRoute {
  readonly port: number;
  /** `host:port`, an IPv6 host in brackets. */
  readonly target: string;
  /** There and back; each way takes half of it. */
  readonly round_trip_ms: number;
}

export const ROUTE_LIMITS = {
  routes: 64,
  roundTripMs: 10_000,
  /** Under way in one direction of one connection: 45 MB/s at 85 ms a way. */
  bytesUnderWay: 4 * 1024 * 1024,
  connections: 2_000,
} as const;

/** What a route has carried. */
export interface RouteCounters {
  opened(): void;
  carried(bytes: number): void;
}

/** One loopback proxy: delays the bytes of each connection, in each direction, as a long way would. */
export class Route {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  constructor(
    private readonly route: WanRoute,
    private readonly counters: RouteCounters,
  ) {
    this.server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (near) =>
      this.join(near),
    );
    this.server.maxConnections = ROUTE_LIMITS.connections;
  }

  listen(host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(this.route.port, host, () => {
        const address = this.server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : this.route.port);
      });
    });
  }

  get connections(): number {
    return this.sockets.size / 2;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      for (const socket of this.sockets) socket.destroy();
    });
  }

  private join(near: Socket): void {
    const { host, port } = splitTarget(this.route.target);
    const far = dial({ host, port, allowHalfOpen: true, noDelay: true });
    this.counters.opened();
    const ways = [this.way(near, far), this.way(far, near)];
    // Over a real way nothing can be sent before the TCP handshake came back.
    const handshake = setTimeout(() => near.resume(), this.route.round_trip_ms);
    for (const socket of [near, far]) {
      const other = socket === near ? far : near;
      this.sockets.add(socket);
      let broke = false;
      socket.on('error', () => {
        broke = true;
      });
      socket.on('close', () => {
        this.sockets.delete(socket);
        // An orderly end travels behind the bytes. A broken one overtakes them, as a reset does, and is as far away.
        if (broke) setTimeout(() => other.resetAndDestroy(), this.route.round_trip_ms / 2);
      });
    }
    near.on('close', () => clearTimeout(handshake));
    near.on('close', () => ways[1]?.stop());
    far.on('close', () => ways[0]?.stop());
  }

  private way(from: Socket, to: Socket): DelayLine {
    const line = new DelayLine({
      delayMs: this.route.round_trip_ms / 2,
      limitBytes: ROUTE_LIMITS.bytesUnderWay,
      deliver: (parcel) => {
        if (to.destroyed) return true;
        if (parcel.kind === 'end') {
          to.end();
          return true;
        }
        return to.write(parcel.bytes);
      },
      drained: () => from.resume(),
    });
    to.on('drain', () => line.resume());
    from.on('data', (bytes: Buffer) => {
      this.counters.carried(bytes.length);
      if (!line.put({ kind: 'bytes', bytes })) from.pause();
    });
    from.on('end', () => void line.put({ kind: 'end' }));
    return line;
  }
}

function splitTarget(target: string): { host: string; port: number } {
  const colon = target.lastIndexOf(':');
  return { host: target.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(target.slice(colon + 1)) };
}
