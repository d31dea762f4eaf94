import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { SESSION_LIMITS } from '#libs/relay';
import { duplexPair } from '../src/streams/duplex-pair.ts';
import { type StreamCarrier, StreamMux } from '../src/streams/stream-mux.ts';

interface MuxPairOptions {
  readonly windowBytes?: number;
  /** Legs that take one frame at a time. */
  readonly slow?: boolean;
}

/** What one leg carries in one direction before it is cut, in frames. */
export interface LegLife {
  readonly up: number;
  readonly down: number;
}

/** Both sides' streams, joined by legs in memory that lose what is under way when they are cut. */
export class MuxPair {
  readonly controller: StreamMux;
  target: StreamMux;
  highestHeldBytes = 0;
  private readonly arrived = new Map<number, Duplex>();
  private arrivals = 0;
  private waiters: (() => void)[] = [];
  private epoch = 0;
  private frames = 0;

  constructor(private readonly options: MuxPairOptions = {}) {
    const { windowBytes } = options;
    this.controller = new StreamMux({
      side: 'controller',
      instance: newInstance(),
      ...(windowBytes === undefined ? {} : { windowBytes }),
    });
    this.target = this.newTarget();
  }

  /** The far end of a new stream, as its user has it. */
  open(): Duplex {
    const [near, far] = duplexPair();
    this.controller.open(near);
    return far;
  }

  /** The local end of the stream that the target accepted as its nth. */
  async accepted(nth: number): Promise<Duplex> {
    for (;;) {
      const stream = this.arrived.get(nth);
      if (stream !== undefined) return stream;
      await new Promise<void>((resolve) => this.waiters.push(resolve));
    }
  }

  /** Writes all of `bytes` in pieces of at most `pieceBytes`, then ends. */
  send(stream: Duplex, bytes: Buffer, pieceBytes: number): Duplex {
    let at = 0;
    const more = (): void => {
      while (at < bytes.length) {
        const piece = bytes.subarray(at, at + pieceBytes);
        at += piece.length;
        if (!stream.write(piece)) {
          stream.once('drain', more);
          return;
        }
      }
      stream.end();
    };
    more();
    return stream;
  }

  attach(life: LegLife = { up: Number.POSITIVE_INFINITY, down: Number.POSITIVE_INFINITY }): Promise<void> {
    this.epoch += 1;
    return new Promise((resolve) => {
      const { epoch } = this;
      const over = (): void => {
        if (epoch === this.epoch) this.cut();
        resolve();
      };
      const up = this.leg(() => this.target, life.up, epoch, over);
      const down = this.leg(() => this.controller, life.down, epoch, over);
      this.controller.attach(up, epoch);
      this.target.attach(down, epoch);
    });
  }

  /** What is under way is lost. */
  cut(): void {
    this.epoch += 1;
    this.controller.detach();
    this.target.detach();
  }

  /** One leg after the other, each cut after its life; the last one stays. */
  async live(lives: readonly LegLife[]): Promise<void> {
    for (const life of lives) {
      const cut = this.attach(life);
      // A leg with nothing more to carry would never come to its cut.
      await Promise.race([cut, this.quiet()]);
      this.cut();
    }
    void this.attach();
  }

  /** Settles when no frame has come for some turns of the event loop. */
  async quiet(): Promise<void> {
    let seen = -1;
    while (seen !== this.frames) {
      seen = this.frames;
      for (let turn = 0; turn < 20; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  /** The target's program dies, and another one takes its place. */
  restartTarget(): void {
    this.target.close();
    this.target = this.newTarget();
    this.arrived.clear();
    this.arrivals = 0;
  }

  private newTarget(): StreamMux {
    const { windowBytes } = this.options;
    return new StreamMux({
      side: 'target',
      instance: newInstance(),
      accept: () => {
        const [near, far] = duplexPair();
        this.arrivals += 1;
        this.arrived.set(this.arrivals, far);
        for (const wake of this.waiters.splice(0)) wake();
        return near;
      },
      ...(windowBytes === undefined ? {} : { windowBytes }),
    });
  }

  /** Frames arrive in order, a turn of the event loop later; those behind `frames` never do. */
  private leg(receiver: () => StreamMux, frames: number, epoch: number, over: () => void): StreamCarrier {
    let left = frames;
    let underWay = 0;
    const sender = (): StreamMux => (receiver() === this.target ? this.controller : this.target);
    const arrive = (frame: Buffer): void => {
      underWay -= 1;
      if (epoch !== this.epoch) return;
      left -= 1;
      if (left < 0) {
        over();
        return;
      }
      this.frames += 1;
      receiver().receive(frame.subarray(SESSION_LIMITS.frameHeaderBytes));
      const held = Math.max(this.controller.heldBytes, this.target.heldBytes);
      this.highestHeldBytes = Math.max(this.highestHeldBytes, held);
      if (underWay === 0 && epoch === this.epoch) sender().drained();
    };
    return {
      write: (frame) => {
        underWay += 1;
        setImmediate(arrive, frame);
        return this.options.slow !== true && underWay < 64;
      },
      together: (write) => write(),
    };
  }
}

function newInstance(): bigint {
  return randomBytes(8).readBigUInt64BE();
}
