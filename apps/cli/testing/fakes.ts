import { EventEmitter } from 'node:events';
import { Duplex } from 'node:stream';
import type {
  ControllerSession,
  SessionEnd,
  SessionEvents,
  SessionPhase,
  SessionStatus,
  TargetSession,
} from '#libs/endpoint';
import type { Output } from '../src/exit.ts';
import type { StopSignal, Terminal } from '../src/terminal.ts';

/** What a command wrote. */
export class Written implements Output {
  stdout = '';
  stderr = '';

  out(text: string): void {
    this.stdout += text;
  }

  err(text: string): void {
    this.stderr += text;
  }

  /** The JSON objects, one a line. */
  get events(): Record<string, unknown>[] {
    return this.stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  }
}

/** A terminal whose keys and signals the test makes. */
export class FakeTerminal implements Terminal {
  readonly lines: string[] = [];
  readonly left: number[] = [];
  private readonly keys = new Set<(key: string) => void>();
  private readonly stops = new Set<(signal: StopSignal) => void>();

  constructor(readonly isInteractive = true) {}

  onKey(handler: (key: string) => void): () => void {
    this.keys.add(handler);
    return () => this.keys.delete(handler);
  }

  onStop(handler: (signal: StopSignal) => void): () => void {
    this.stops.add(handler);
    return () => this.stops.delete(handler);
  }

  live(line: string): void {
    this.lines.push(line);
  }

  leave(code: number): void {
    this.left.push(code);
  }

  press(key: string): void {
    for (const handler of [...this.keys]) handler(key);
  }

  signal(kind: StopSignal): void {
    for (const handler of [...this.stops]) handler(kind);
  }

  /** Whether somebody waits for a key, or for a signal: nobody may, after a command. */
  get isWatched(): boolean {
    return this.keys.size + this.stops.size > 0;
  }
}

/** A session of either side that does what the test says. */
export class FakeSession extends EventEmitter<SessionEvents> implements ControllerSession, TargetSession {
  readonly code = 'E7F3-K9QX-M2B4-TR';
  readonly codeExpiresAt = '2026-11-21T16:10:00Z';
  readonly saved = { connectionId: 'ses_1', homeRegion: 'east', epoch: 1 };
  readonly closed: Promise<SessionEnd>;
  phase: SessionPhase = 'waiting';
  listenError: Error | undefined;
  readonly listens: { host: string; port: number }[] = [];
  private finish: (end: SessionEnd) => void = () => {};

  constructor() {
    super();
    this.closed = new Promise((resolve) => {
      this.finish = resolve;
    });
  }

  get status(): SessionStatus {
    return {
      phase: this.phase,
      connectionId: 'ses_1',
      homeRegion: 'east',
      brokerId: 'broker-in-3',
      epoch: 1,
      peer: 'target',
      roundTripMs: 15.25,
      bytesSent: 1_536,
      bytesReceived: 7,
      streams: 1,
      resumes: 0,
    };
  }

  end(end: SessionEnd): void {
    this.phase = 'closed';
    this.finish(end);
  }

  close(): Promise<void> {
    this.end({ reason: 'hung-up' });
    return Promise.resolve();
  }

  connect(): Duplex {
    return new Duplex();
  }

  carry(): void {}

  listen(at: { host: string; port: number }): Promise<{ port: number; close(): Promise<void> }> {
    this.listens.push(at);
    if (this.listenError !== undefined) return Promise.reject(this.listenError);
    return Promise.resolve({ port: at.port, close: () => Promise.resolve() });
  }
}
