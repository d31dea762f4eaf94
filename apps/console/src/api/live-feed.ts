import type { LiveEvent } from '../model.ts';
import { ApiError } from './client.ts';
import { EventParser, type SentEvent } from './event-stream.ts';

/** Between two tries to come again, in milliseconds: doubled each time, from the first to the last, with chance. */
const FIRST_BACKOFF_MS = 500;
const LAST_BACKOFF_MS = 15_000;
/** The controller sends a heartbeat every 15 s; a stream that is silent for so long is dead, in milliseconds. */
const SILENCE_MS = 40_000;
const SILENT = 'Nothing was heard for too long.';

export type FeedState =
  | { readonly state: 'connecting' }
  | { readonly state: 'live'; readonly sinceMs: number }
  /** `retryAtMs` absent: it is not tried again by itself. */
  | { readonly state: 'lost'; readonly why: string; readonly retryAtMs?: number };

export interface FeedOptions {
  open(headers: Record<string, string>, signal: AbortSignal): Promise<Response>;
  /** Decisions in the order they came; several that came at once. */
  onEvents(events: LiveEvent[]): void;
  onState(state: FeedState): void;
  /** The stream could not go on where it stood: what is known must be read again. */
  onGap(): void;
}

/** The live stream of decisions, read until it is stopped: whenever it ends it comes again behind the last event. */
export class LiveFeed {
  private readonly stopped = new AbortController();
  private lastId: string | undefined;
  private failures = 0;
  private wasOpen = false;
  private wake: (() => void) | undefined;

  constructor(private readonly options: FeedOptions) {}

  start(): void {
    void this.run();
  }

  stop(): void {
    this.stopped.abort();
    this.wake?.();
  }

  /** Doesn't wait for the next try any longer. */
  retryNow(): void {
    this.failures = 0;
    this.wake?.();
  }

  private async run(): Promise<void> {
    while (!this.stopped.signal.aborted) {
      this.options.onState({ state: 'connecting' });
      const why = await this.once().catch((error: unknown) => this.reasonOf(error));
      if (this.stopped.signal.aborted) return;
      await this.pause(why);
    }
  }

  /** @returns why it ended */
  private async once(): Promise<string> {
    const cut = new AbortController();
    const signal = AbortSignal.any([this.stopped.signal, cut.signal]);
    const headers = this.lastId === undefined ? {} : { 'last-event-id': this.lastId };
    const answer = await this.options.open(headers, signal);
    if (answer.body === null) return 'The stream is empty.';
    this.options.onState({ state: 'live', sinceMs: Date.now() });
    if (this.wasOpen && this.lastId === undefined) this.options.onGap();
    this.wasOpen = true;
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    signal.addEventListener('abort', () => void reader.cancel().catch(() => undefined));
    const parser = new EventParser();
    let silence = setTimeout(() => cut.abort(), SILENCE_MS);
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return cut.signal.aborted ? SILENT : 'The controller ended the stream.';
        clearTimeout(silence);
        silence = setTimeout(() => cut.abort(), SILENCE_MS);
        const ended = this.take(parser.push(value));
        this.lastId = parser.lastId ?? this.lastId;
        this.failures = 0;
        if (ended !== undefined) return ended;
      }
    } finally {
      clearTimeout(silence);
      cut.abort();
    }
  }

  private take(sent: readonly SentEvent[]): string | undefined {
    const decisions = sent.filter(({ event }) => event !== 'error' && event !== 'end');
    if (decisions.length > 0) this.options.onEvents(decisions.map(({ data }) => JSON.parse(data)));
    const last = sent.find(({ event }) => event === 'error' || event === 'end');
    if (last === undefined) return undefined;
    const code = codeOf(last.data);
    return code === 'slow-reader'
      ? 'This page did not keep up with the stream.'
      : `The stream was ended: ${code}.`;
  }

  private reasonOf(error: unknown): string {
    if (!(error instanceof ApiError)) {
      return error instanceof DOMException ? SILENT : 'The connection broke.';
    }
    if (error.code === 'before-retention' || error.code === 'invalid-parameter') {
      this.lastId = undefined;
      this.options.onGap();
    }
    return error.message;
  }

  private pause(why: string): Promise<void> {
    const longest = Math.min(LAST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** this.failures);
    const waitMs = longest * (0.5 + Math.random() / 2);
    this.failures += 1;
    this.options.onState({ state: 'lost', why, retryAtMs: Date.now() + waitMs });
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function codeOf(data: string): string {
  try {
    return String(JSON.parse(data).code ?? 'unknown');
  } catch {
    return 'unknown';
  }
}
