import type { Duplex } from 'node:stream';
import { EndpointError } from '../errors.ts';
import { Stream, type StreamOwner } from './stream.ts';
import {
  encodeSync,
  readStreamFrame,
  STREAM_LIMITS,
  type StreamFrame,
  StreamProtocolError,
  type Sync,
} from './stream-protocol.ts';

/** What carries a session's data frames now: one leg in one epoch. */
export interface StreamCarrier {
  /** @returns false when it wants no more until `drained()` */
  write(frame: Buffer): boolean;
  /** What is written between goes out together. */
  together(write: () => void): void;
}

export interface StreamMuxOptions {
  /** Only a controller opens streams. */
  readonly side: 'controller' | 'target';
  /** Random for each life of a side. */
  readonly instance: bigint;
  /** Makes the local end of a stream that the other side opened. */
  readonly accept?: () => Duplex;
  /** Default: STREAM_LIMITS.windowBytes. */
  readonly windowBytes?: number;
}

const SHARED_BYTES = STREAM_LIMITS.totalBytes - STREAM_LIMITS.streams * STREAM_LIMITS.reservedBytes;

/** All streams of one session at one side: they outlive the legs that carry them. */
export class StreamMux implements StreamOwner {
  bytesSent = 0;
  bytesReceived = 0;
  peerWindowBytes = 0;
  private readonly streams = new Map<number, Stream>();
  /** Streams with something to send, in the order of their turns. */
  private readonly ready = new Set<Stream>();
  /** Streams that wait for room in what all streams share. */
  private readonly waiting = new Set<Stream>();
  private readonly windowBytes: number;
  private carrier: StreamCarrier | undefined;
  private epoch = 0;
  private isSynced = false;
  private isWritable = false;
  private isPumping = false;
  private isPumpDue = false;
  private highestId = 0;
  private peerInstance: bigint | undefined;
  private keptBytes = 0;
  private sharedBytes = 0;
  private undeliveredBytes = 0;

  constructor(private readonly options: StreamMuxOptions) {
    this.windowBytes = options.windowBytes ?? STREAM_LIMITS.windowBytes;
  }

  get size(): number {
    return this.streams.size;
  }

  get sharedLeftBytes(): number {
    return SHARED_BYTES - this.sharedBytes;
  }

  get mayKeepMore(): boolean {
    return this.keptBytes < STREAM_LIMITS.totalBytes;
  }

  /** Bytes held for all streams, in both directions. */
  get heldBytes(): number {
    return this.keptBytes + this.undeliveredBytes;
  }

  /** Carries a local connection in a new stream. @throws EndpointError `too-many-streams` */
  open(local: Duplex): void {
    if (this.streams.size >= STREAM_LIMITS.streams) throw new EndpointError('too-many-streams');
    this.highestId += 1;
    const stream = this.add(this.highestId, local, 'here');
    this.due(stream);
  }

  /** Goes on over another leg. What the leg before had under way is sent again, once both sides said where they are. */
  attach(carrier: StreamCarrier, epoch: number): void {
    this.carrier = carrier;
    this.epoch = epoch;
    this.isSynced = false;
    this.ready.clear();
    const entries = [...this.streams.values()].flatMap((stream) => stream.syncEntry ?? []);
    const { instance } = this.options;
    const { windowBytes, highestId } = this;
    this.isWritable = carrier.write(encodeSync({ epoch, instance, windowBytes, highestId, entries }));
  }

  detach(): void {
    this.carrier = undefined;
    this.isSynced = false;
  }

  drained(): void {
    this.isWritable = true;
    this.pump();
  }

  /** Takes the payload of a data frame. @throws StreamProtocolError; the session is over then */
  receive(payload: Buffer): void {
    const frame = readStreamFrame(payload);
    if (frame.type === 'sync') {
      if (frame.sync.epoch === this.epoch) this.synchronise(frame.sync);
      return;
    }
    if (this.isSynced) this.handle(frame);
  }

  /** Cuts all streams, and is not to be used after that. */
  close(): void {
    this.detach();
    for (const stream of [...this.streams.values()]) stream.drop();
  }

  due(stream: Stream): void {
    if (this.streams.get(stream.id) !== stream) return;
    this.ready.add(stream);
    this.pump();
  }

  ackDue(stream: Stream): void {
    this.ready.add(stream);
    if (this.isPumpDue) return;
    this.isPumpDue = true;
    setImmediate(() => {
      this.isPumpDue = false;
      this.pump();
    });
  }

  forget(stream: Stream): void {
    this.streams.delete(stream.id);
    this.ready.delete(stream);
    this.waiting.delete(stream);
  }

  countKept(bytes: number): void {
    this.keptBytes += bytes;
    if (bytes < 0) this.roomCame();
  }

  countShared(bytes: number): void {
    this.sharedBytes += bytes;
    if (bytes < 0) this.roomCame();
  }

  countSent(bytes: number): void {
    this.bytesSent += bytes;
  }

  countUndelivered(bytes: number): void {
    this.undeliveredBytes += bytes;
    if (this.undeliveredBytes > STREAM_LIMITS.totalBytes) {
      throw new StreamProtocolError('window-exceeded', 'of all streams');
    }
  }

  waitForRoom(stream: Stream): void {
    this.waiting.add(stream);
  }

  private roomCame(): void {
    if (this.waiting.size === 0) return;
    const waiting = [...this.waiting];
    this.waiting.clear();
    for (const stream of waiting) stream.roomCame();
  }

  private add(id: number, local: Duplex, origin: 'here' | 'there'): Stream {
    const stream = new Stream(id, local, this, origin, this.windowBytes);
    this.streams.set(id, stream);
    return stream;
  }

  private handle(frame: Exclude<StreamFrame, { type: 'sync' }>): void {
    if (frame.type === 'open') {
      this.accept(frame.id);
      return;
    }
    const stream = this.streams.get(frame.id);
    if (stream === undefined) {
      if (frame.id <= this.highestId) return;
      throw new StreamProtocolError(
        'bad-frame',
        `${frame.type} of stream ${frame.id}, which was never opened`,
      );
    }
    switch (frame.type) {
      case 'data':
        this.bytesReceived += stream.receiveData(frame.offset, frame.bytes);
        return;
      case 'ack':
        stream.receiveAck(frame.offset);
        return;
      case 'fin':
        stream.receiveFin(frame.offset);
        return;
      case 'reset':
        stream.receiveReset();
        return;
      default:
        void (frame satisfies never);
    }
  }

  private accept(id: number): void {
    const { accept } = this.options;
    if (accept === undefined) throw new StreamProtocolError('bad-frame', 'only a controller opens streams');
    if (id <= this.highestId) throw new StreamProtocolError('bad-frame', `stream ${id} was opened before`);
    if (this.streams.size >= STREAM_LIMITS.streams) {
      throw new StreamProtocolError('window-exceeded', 'more streams than a session may have');
    }
    this.highestId = id;
    this.add(id, accept(), 'there');
  }

  /** Both sides know where the other is: the streams go on. */
  private synchronise(sync: Sync): void {
    if (this.isSynced) throw new StreamProtocolError('bad-frame', 'a second sync in one epoch');
    const isRestarted = this.peerInstance !== undefined && this.peerInstance !== sync.instance;
    this.peerInstance = sync.instance;
    this.peerWindowBytes = Math.min(sync.windowBytes, this.windowBytes);
    if (isRestarted) this.dropKnown();
    const entries = new Map(sync.entries.map((entry) => [entry.id, entry]));
    // Streams are announced in the order of their ids, whichever of them became due meanwhile.
    this.ready.clear();
    for (const stream of [...this.streams.values()]) {
      const entry = entries.get(stream.id);
      if (entry !== undefined) stream.resume(entry);
      else if (!stream.isAnnounced) this.due(stream);
      else if (stream.id > sync.highestId) stream.announceAgain();
      else stream.finish();
    }
    this.isSynced = true;
    this.pump();
  }

  /** The other side was started anew and knows none of the streams that were announced to it. */
  private dropKnown(): void {
    for (const stream of [...this.streams.values()]) if (stream.isAnnounced) stream.drop();
    if (this.options.side === 'target') this.highestId = 0;
  }

  private pump(): void {
    const { carrier } = this;
    if (carrier === undefined || !this.isSynced || !this.isWritable || this.isPumping) return;
    if (this.ready.size === 0) return;
    this.isPumping = true;
    carrier.together(() => {
      // A stream that has more goes to the end of the set, which the loop comes to again: a round robin.
      for (const stream of this.ready) {
        this.ready.delete(stream);
        const frame = stream.nextFrame();
        if (frame === undefined) continue;
        if (this.streams.has(stream.id)) this.ready.add(stream);
        this.isWritable = carrier.write(frame);
        if (!this.isWritable) break;
      }
    });
    this.isPumping = false;
  }
}
