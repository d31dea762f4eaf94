import type { LIVE_LIMITS } from './limits.ts';
import { isWanted, type LiveEvent, type LiveFilter } from './live-event.ts';
import type { Places } from './places.ts';

/** Where a reader's bytes go: an HTTP answer, or a test's. */
export interface Sink {
  write(bytes: string | Buffer): void;
  /** Bytes that were written and that nobody took yet. */
  waiting(): number;
  /** Resolves when some of them were taken, or it is over. */
  drained(): Promise<void>;
  /** After what was written. */
  end(): void;
  /** At once. */
  destroy(): void;
}

/** Why a stream ends from this side; told as `event: error` but for the last. */
export type StreamEnd = 'slow-reader' | 'log-unavailable' | 'before-retention' | 'shutting-down';

const TEXTS: Readonly<Record<StreamEnd, string>> = {
  'slow-reader':
    'the events were not taken as fast as they came; come again with Last-Event-ID, or with filters',
  'log-unavailable': 'the log can not be followed',
  'before-retention': 'the log no longer has what follows this Last-Event-ID',
  'shutting-down': 'this process stops; come again with Last-Event-ID',
};

/** One program that reads the stream. It never waits for it, but while it catches up. */
export class LiveReader {
  isOver = false;
  private farewell: NodeJS.Timeout | undefined;

  constructor(
    private readonly sink: Sink,
    private readonly filter: LiveFilter,
    /** What it has; only so long as it is not where the stream is. */
    public own: Places | undefined,
    private readonly limits: Pick<typeof LIVE_LIMITS, 'readerBytes' | 'farewellMs' | 'stalledMs'>,
    private readonly onEnd: (why: StreamEnd | 'left') => void,
  ) {}

  /** An event. A reader that has what the stream gave shares `frame` with all others: its lines and the id behind it. */
  give(event: LiveEvent, frame?: () => Buffer): void {
    if (this.isOver) return;
    const { own } = this;
    if (own !== undefined) {
      if (event.offset < own.at(event.region, event.partition).offset) return;
      own.set(event.region, event.partition, event.position);
    }
    if (!isWanted(event, this.filter)) return;
    if (own === undefined && frame !== undefined) this.send(frame());
    else this.send(`id: ${own?.text() ?? ''}\n`, event.lines);
  }

  /** Whether it should take some of what was written before it is given more, where that can wait. */
  get isFull(): boolean {
    return this.sink.waiting() >= this.limits.readerBytes / 2;
  }

  /** What others wrote moved the stream on, though there is nothing to tell. */
  beat(id: string): void {
    if (!this.isOver) this.send(`: heartbeat\nid: ${this.own?.text() ?? id}\n\n`);
  }

  /** While it catches up the log waits for it. @returns whether it goes on. */
  async ready(): Promise<boolean> {
    if (this.isOver || !this.isFull) return !this.isOver;
    let timer: NodeJS.Timeout | undefined;
    const stalled = new Promise<true>((resolve) => {
      timer = setTimeout(() => resolve(true), this.limits.stalledMs);
    });
    try {
      if ((await Promise.race([this.sink.drained(), stalled])) === true) this.end('slow-reader');
    } finally {
      clearTimeout(timer);
    }
    return !this.isOver;
  }

  end(why: StreamEnd): void {
    if (this.isOver) return;
    this.isOver = true;
    const name = why === 'shutting-down' ? 'end' : 'error';
    this.sink.write(`event: ${name}\ndata: ${JSON.stringify({ code: why, detail: TEXTS[why] })}\n\n`);
    this.sink.end();
    // Who does not read does not hear that either.
    this.farewell = setTimeout(() => this.sink.destroy(), this.limits.farewellMs).unref();
    this.onEnd(why);
  }

  /** The other side is gone. */
  left(): void {
    clearTimeout(this.farewell);
    if (this.isOver) return;
    this.isOver = true;
    this.onEnd('left');
  }

  private send(...parts: (string | Buffer)[]): void {
    if (this.sink.waiting() > this.limits.readerBytes) {
      this.end('slow-reader');
      return;
    }
    for (const part of parts) this.sink.write(part);
  }
}

/** A reader that has other things than the stream gave up to now. */
export const isApart = (own: Places, stream: Places): boolean => !stream.reaches(own);
