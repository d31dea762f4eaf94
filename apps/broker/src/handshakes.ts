import type { Socket } from 'node:net';
import type { DoorRefusal } from './metrics.ts';
import { networkOf } from './network.ts';

export interface HandshakeLimits {
  /** Connections at once whose handshake is not over. */
  readonly maxHandshakes: number;
  /** Of these from one address, so that one cannot keep everybody out. */
  readonly maxHandshakesPerAddress: number;
  readonly refused: (why: DoorRefusal) => void;
}

type Ends = Pick<Socket, 'remoteAddress' | 'remotePort'>;

interface Begun {
  readonly network: string;
}

/** Who has connected and not shown who it is, in all and by address. */
export class Handshakes {
  private readonly begunBy = new Map<string, Begun>();
  private readonly ofAddress = new Map<string, number>();

  constructor(private readonly limits: HandshakeLimits) {}

  get count(): number {
    return this.begunBy.size;
  }

  begun(socket: Socket): void {
    // Who was gone before it was taken has no address, so that many of them would be one.
    if (socket.remoteAddress === undefined) return;
    const key = keyOf(socket);
    // Whoever had the same port there is gone, though its end has not been told yet.
    this.end(key);
    const begun = { network: networkOf(socket.remoteAddress) };
    const those = this.ofAddress.get(begun.network) ?? 0;
    const isTooMany = this.count >= this.limits.maxHandshakes;
    if (isTooMany || those >= this.limits.maxHandshakesPerAddress) {
      this.limits.refused(isTooMany ? 'too-many-handshakes' : 'too-many-from-address');
      socket.on('error', () => {});
      socket.destroy();
      return;
    }
    this.begunBy.set(key, begun);
    this.ofAddress.set(begun.network, those + 1);
    socket.once('close', () => {
      if (this.begunBy.get(key) === begun) this.end(key);
    });
  }

  over(socket: Ends): void {
    this.end(keyOf(socket));
  }

  private end(key: string): void {
    const begun = this.begunBy.get(key);
    if (begun === undefined) return;
    this.begunBy.delete(key);
    const those = (this.ofAddress.get(begun.network) ?? 1) - 1;
    if (those > 0) this.ofAddress.set(begun.network, those);
    else this.ofAddress.delete(begun.network);
  }
}

/** The TLS layer and what is below it have the same two ends. */
function keyOf(socket: Ends): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}
