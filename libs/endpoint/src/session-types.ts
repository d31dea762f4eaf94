import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import type { SessionProbe } from '#libs/relay';
import type { EndpointError } from './errors.ts';
import type { EndpointOptions } from './options.ts';
import type { ProbeTable } from './probe.ts';
import type { StreamMux } from './streams/stream-mux.ts';

/** `waiting`: attached, the other side is not; `open`: bytes flow; `interrupted`: it was open and is to be again. */
export type SessionPhase = 'waiting' | 'open' | 'interrupted' | 'closed';

/** Why a session is over. `error` is absent when somebody hung up. */
export interface SessionEnd {
  /** `hung-up`, `declined`, `window-over`, `gap`, …: the broker's word, or this side's. */
  readonly reason: string;
  readonly error?: EndpointError;
}

/** A session as it is now, for whoever shows it. */
export interface SessionStatus {
  readonly phase: SessionPhase;
  readonly connectionId: string;
  readonly homeRegion: string;
  /** The broker of the current leg; undefined while there is none. */
  readonly brokerId: string | undefined;
  readonly epoch: number;
  /** Identity of the other side, once known. */
  readonly peer: string | undefined;
  /** To the broker and back, in milliseconds, of the latest answered ping. */
  readonly roundTripMs: number | undefined;
  /** Bytes of streams sent to the other side and received from it, each counted once. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Connections carried now. */
  readonly streams: number;
  /** How often the session came back. */
  readonly resumes: number;
}

export interface SessionEvents {
  /** The other side is known: to the target before it consents, to the controller when it is opened. */
  peer: [{ id: string }];
  /** For the first time. */
  open: [{ brokerId: string; epoch: number }];
  /** Nothing flows at the moment; streams stay. */
  interrupted: [{ reason: string }];
  resumed: [{ brokerId: string; epoch: number; pauseMs: number }];
  /** A broker could not be attached to; it goes on with the next one, or after a wait. */
  retrying: [{ brokerId: string | undefined; error: EndpointError; waitMs: number }];
  closed: [SessionEnd];
}

/** One side of a session. It reconnects by itself; only `closed` is final. */
export interface Session extends EventEmitter<SessionEvents> {
  readonly status: SessionStatus;
  /** Settles when the session is over, however; never rejects. */
  readonly closed: Promise<SessionEnd>;
  /** Hangs up: all streams are cut, the other side is told. Settles when this side is done. */
  close(reason?: 'hung-up'): Promise<void>;
}

export interface ControllerSession extends Session {
  /** As people read it: `E7F3-K9QX-M2B4-TR`. */
  readonly code: string;
  /** RFC 3339: until when the code can be used. */
  readonly codeExpiresAt: string;
  /**
   * A new stream to what the target forwards to. It may be used at once: what is written waits until the session
   * is open, within its window. Half-close is kept.
   * @throws EndpointError `too-many-streams`, `closed`
   */
  connect(): Duplex;
  /** Carries a connection of one's own: its bytes, its half-closes, its reset. @throws as connect() */
  carry(local: Duplex): void;
  /** Listens, and carries each connection that comes. */
  listen(at: { host: string; port: number }): Promise<{ port: number; close(): Promise<void> }>;
}

export interface TargetSession extends Session {
  /** What `resumeTarget` needs in another process, to be kept with a guest's key. */
  readonly saved: SavedSession;
}

export interface SavedSession {
  readonly connectionId: string;
  readonly homeRegion: string;
  readonly epoch: number;
}

export interface ControllerOptions extends EndpointOptions {
  /** Measure all brokers first, so that only one that both sides reach is chosen. Default: true. */
  readonly probe?: boolean;
  readonly onProbe?: (table: ProbeTable) => void;
}

/** Where a target's streams go: an address that is dialled for each, or a function that makes the local end. */
export type Forward = { readonly host: string; readonly port: number } | (() => Duplex);

export interface TargetOptions extends EndpointOptions {
  /** As the person typed it. */
  readonly code: string;
  readonly forward: Forward;
  /** Asks whoever sits here whether this controller may control; `true`: agreed beforehand. */
  readonly consent: true | ((controller: { id: string; brokerId: string }) => Promise<boolean>);
  /** How long the session shall outlive an interruption, in milliseconds, up to a day; absent: as policy says. */
  readonly surviveMs?: number;
  readonly onProbe?: (table: ProbeTable) => void;
}

export interface ResumeTargetOptions extends Omit<TargetOptions, 'code' | 'consent'> {
  readonly saved: SavedSession;
}

/** What both sides' sessions are made of. */
export interface SessionCoreOptions {
  readonly role: 'controller' | 'target';
  readonly endpoint: EndpointOptions;
  readonly connectionId: string;
  readonly homeRegion: string;
  /** The last epoch known; 0: none. */
  readonly epoch: number;
  readonly mux: StreamMux;
  /** What was measured, nearest first. */
  readonly probes?: readonly SessionProbe[];
  readonly surviveMs?: number;
  /** How long it may wait to be opened for the first time, in milliseconds. */
  readonly firstWindowMs: number;
}
