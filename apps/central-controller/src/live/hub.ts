import { TOPIC, topicName } from '#libs/contracts';
import {
  type FollowedBatch,
  type Follower,
  followLog,
  type Log,
  type LogObserver,
  LogUnavailable,
  recentPositions,
} from '#libs/log';
import { catchUp } from './catch-up.ts';
import { LIVE_LIMITS } from './limits.ts';
import { type LiveEvent, type LiveFilter, liveEventOf } from './live-event.ts';
import { Places } from './places.ts';
import { isApart, LiveReader, type Sink, type StreamEnd } from './reader.ts';
import { Recent } from './recent.ts';

export interface HubGiven {
  readonly log: Log;
  readonly regions: readonly string[];
  readonly partitions: number;
  readonly observer?: LogObserver;
  /** Truth that can't be read: said loudly. */
  failed(message: string): void;
  /** How many readers there are, after one came or went, and why it went. */
  counted?(readers: number, ended?: StreamEnd | 'left'): void;
  readonly limits?: Partial<Record<keyof typeof LIVE_LIMITS, number>>;
}

/** Too many read, or catch up, already. */
export class TooManyReaders extends Error {}
/** What comes next for this reader is too far back. */
export class TooFarBack extends Error {}
/** No stream of this process gave such an id. */
export class UnknownEventId extends Error {}

/** One reader of the regions' decisions for a whole process, and everyone who reads along. Opened by the first. */
export class LiveHub {
  readonly limits: typeof LIVE_LIMITS;
  /** Up to where everything was given. */
  private places: Places;
  private recent: Recent;
  private readonly readers = new Set<LiveReader>();
  /** Those of them that have what the stream gave. */
  private readonly live = new Set<LiveReader>();
  private opening: Promise<void> | undefined;
  private followers: Follower[] = [];
  private catchingUp = 0;
  private beating: NodeJS.Timeout | undefined;
  private failure: string | undefined;
  private stopped = false;
  /** Where the stream is, as text, until it moves on. */
  private id: string | undefined;

  constructor(private readonly given: HubGiven) {
    this.limits = { ...LIVE_LIMITS, ...given.limits } as typeof LIVE_LIMITS;
    this.places = Places.earliest(given.regions, given.partitions);
    this.recent = new Recent(this.places.copy(), this.limits);
  }

  /**
   * Lets somebody read from now on, or from behind the event that they had last.
   * @throws TooManyReaders, TooFarBack, UnknownEventId, LogUnavailable: nothing was written then.
   */
  async join(sink: Sink, filter: LiveFilter, lastEventId?: string): Promise<LiveReader> {
    this.checkRoom();
    await this.opened();
    const from = lastEventId === undefined ? undefined : this.placesOf(lastEventId);
    if (from !== undefined) await this.checkDistance(from);
    this.checkRoom();
    const isFar = from !== undefined && !this.recent.covers(from);
    if (isFar && this.catchingUp >= this.limits.catchUps)
      throw new TooManyReaders('too many catch up already');
    const reader = new LiveReader(sink, filter, from, this.limits, (why) => this.gone(reader, why));
    this.readers.add(reader);
    this.given.counted?.(this.readers.size);
    const begins = from?.text() ?? this.text();
    sink.write(`retry: ${this.limits.retryMs}\nid: ${begins}\n: ${from ? 'resumed' : 'live'}\n\n`);
    if (from === undefined) this.live.add(reader);
    else void this.bring(reader);
    return reader;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.beating);
    for (const reader of this.readers) reader.end('shutting-down');
    await this.opening?.catch(() => undefined);
    await Promise.all(this.followers.map((follower) => follower.stop()));
  }

  private checkRoom(): void {
    if (this.stopped || this.failure !== undefined)
      throw new LogUnavailable(this.failure ?? 'the process stops');
    if (this.readers.size >= this.limits.readers)
      throw new TooManyReaders(`${this.limits.readers} read already`);
  }

  private placesOf(id: string): Places {
    const places = Places.parse(id, this.given.regions, this.given.partitions);
    if (places === undefined) throw new UnknownEventId();
    return places;
  }

  /** Nothing is asked of the log for who was here a moment ago. */
  private async checkDistance(from: Places): Promise<void> {
    if (this.recent.covers(from) && this.places.reaches(from)) return;
    let records = 0;
    for (const region of this.given.regions) {
      for (const { partition, low, high } of await this.given.log.endOffsets(topicOf(region))) {
        const { offset } = from.at(region, partition);
        if (offset > high) throw new UnknownEventId();
        if (offset < low) throw new TooFarBack();
        records += high - offset;
      }
    }
    if (records > this.limits.resumeRecords) throw new TooFarBack();
  }

  /** Up to where the stream is, no faster than it takes what it lacks; then it reads along with everyone else. */
  private async bring(reader: LiveReader): Promise<void> {
    try {
      while (!reader.isOver && !this.isHome(reader)) {
        if (reader.own !== undefined && !this.recent.covers(reader.own))
          await this.fromLog(reader, reader.own);
        else await reader.ready();
      }
    } catch (error) {
      this.given.observer?.failed?.('live', error, 'bringing a reader up');
      reader.end('log-unavailable');
    }
  }

  private async fromLog(reader: LiveReader, own: Places): Promise<void> {
    // Who joined near enough, and took so long that what it lacks was let go, is one too many like any other.
    if (this.catchingUp >= this.limits.catchUps) return reader.end('slow-reader');
    this.catchingUp += 1;
    try {
      await catchUp(this.given, reader, () => this.recent.covers(own));
    } finally {
      this.catchingUp -= 1;
    }
  }

  /** Gives what is kept and, if it takes all of that, lets it read along, in one go: nothing comes between, or twice. */
  private isHome(reader: LiveReader): boolean {
    const { own } = reader;
    if (own === undefined || !this.recent.covers(own)) return false;
    for (const event of this.recent.since(own)) {
      if (reader.isFull) return false;
      reader.give(event);
    }
    if (!isApart(own, this.places)) reader.own = undefined;
    if (!reader.isOver) this.live.add(reader);
    return true;
  }

  private gone(reader: LiveReader, why: StreamEnd | 'left'): void {
    this.readers.delete(reader);
    this.live.delete(reader);
    this.given.counted?.(this.readers.size, why);
  }

  private opened(): Promise<void> {
    this.opening ??= this.open().catch(async (error: unknown) => {
      this.opening = undefined;
      const followers = this.followers.splice(0);
      await Promise.all(followers.map((follower) => follower.stop()));
      throw error instanceof LogUnavailable ? error : new LogUnavailable(String(error), { cause: error });
    });
    return within(this.opening, this.limits.openMs);
  }

  private async open(): Promise<void> {
    const { log, regions } = this.given;
    for (const region of regions) {
      const positions = await recentPositions(log, topicName(region, TOPIC.connectionState));
      for (const [partition, position] of positions) this.places.set(region, partition, position);
    }
    this.recent = new Recent(this.places.copy(), this.limits);
    for (const region of regions) this.followers.push(await this.follow(region));
    await Promise.all(this.followers.map((follower) => follower.caughtUp()));
    this.beating = setInterval(() => this.beat(), this.limits.heartbeatMs);
    this.beating.unref();
  }

  private follow(region: string): Promise<Follower> {
    const { log, observer } = this.given;
    return followLog(log, {
      topic: topicOf(region),
      from: (partition) => this.places.at(region, partition),
      onDecisions: async (batch) => this.take(region, batch),
      onStopped: (error) => {
        this.failure = error.message;
        this.given.failed(error.message);
        for (const reader of this.readers) reader.end('log-unavailable');
      },
      ...(observer && { observer }),
    });
  }

  private take(region: string, { partition, decisions, position }: FollowedBatch): void {
    for (const decision of decisions) this.tell(liveEventOf(region, decision));
    // Behind it may stand claims, and records that do not count.
    this.moved(region, partition, position);
  }

  private tell(event: LiveEvent): void {
    this.recent.add(event);
    this.moved(event.region, event.partition, event.position);
    let shared: Buffer | undefined;
    const frame = () => {
      shared ??= Buffer.concat([Buffer.from(`id: ${this.text()}\n`), event.lines]);
      return shared;
    };
    for (const reader of this.live) {
      reader.give(event, frame);
      const { own } = reader;
      if (own !== undefined && !isApart(own, this.places)) reader.own = undefined;
    }
  }

  private moved(region: string, partition: number, position: LiveEvent['position']): void {
    this.places.set(region, partition, position);
    this.id = undefined;
  }

  private text(): string {
    this.id ??= this.places.text();
    return this.id;
  }

  private beat(): void {
    for (const reader of this.live) reader.beat(this.text());
  }
}

export const topicOf = (region: string): string => topicName(region, TOPIC.controllerEvents);

async function within<T>(promise: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new LogUnavailable('the log did not open in time')), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
