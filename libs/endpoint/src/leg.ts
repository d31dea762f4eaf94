import { connect } from 'node:net';
import type { TLSSocket } from 'node:tls';
import {
  BrokerDialError,
  type ControlFrameName,
  dialBroker,
  encodeControl,
  SESSION_VERSION,
  SessionDecoder,
  type SessionFrame,
  type SessionPayloads,
  SessionProtocolError,
} from '#libs/relay';
import { type Broker, dialAddress } from './brokers.ts';
import { CODE_OF_DIAL_FAULT, EndpointError } from './errors.ts';
import { LegPulse, type Pace } from './leg-pulse.ts';
import { type EndpointOptions, timingsOf } from './options.ts';
import { openTunnel } from './proxy.ts';
import { refusalError } from './refusal.ts';

/** Bytes that wait in a leg for the network, above which it asks its writer to wait. */
const LEG_BUFFER_BYTES = 256 * 1024;

/** How long a leg that is closed may take to say what it still has to say. */
const LAST_WORDS_MS = 1_000;

export type LegFrame = Exclude<SessionFrame, { name: 'ping' } | { name: 'pong' }>;

export interface LegHandlers {
  frame(frame: LegFrame): void;
  /** It takes bytes again. */
  drained(): void;
  /** It is gone, and not because its owner closed it. Called once, last. */
  lost(error: EndpointError): void;
}

export type LegRole = SessionPayloads['hello']['role'];

/** One connection to a broker, from its welcome on. It says nothing before `start`. */
export class Leg {
  /** Settles when the connection is closed, by whomever. */
  readonly ended: Promise<void>;
  private readonly decoder = new SessionDecoder('broker');
  private readonly pulse: LegPulse;
  private handlers: LegHandlers | undefined;
  /** What came while nobody was there to take it: at most what was in one read. */
  private readonly early: LegFrame[] = [];
  private lossUnsaid: EndpointError | undefined;
  private over = false;

  private constructor(
    readonly broker: Broker,
    private readonly socket: TLSSocket,
    options: Pick<EndpointOptions, 'timings'>,
    silenceMs: number,
  ) {
    this.pulse = new LegPulse({
      timings: { ...timingsOf(options), silenceMs },
      send: (bytes) => void this.write(bytes),
      dead: () => this.lose(new EndpointError('timeout', 'the broker is silent')),
    });
    this.ended = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('drain', () => this.handlers?.drained());
    socket.on('error', (error) => this.lose(errorOfSocket(error)));
    socket.on('close', () => this.lose(new EndpointError('no-broker', 'the connection was closed')));
  }

  /**
   * Dials a broker and says hello.
   * @param silenceMs after how long without an answer an open leg counts as dead
   * @throws EndpointError
   */
  static async connect(
    broker: Broker,
    role: LegRole,
    options: EndpointOptions,
    silenceMs: number,
  ): Promise<{ leg: Leg; welcome: SessionPayloads['welcome'] }> {
    const timings = timingsOf(options);
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), timings.dialMs);
    const signal = options.signal ? AbortSignal.any([options.signal, limit.signal]) : limit.signal;
    try {
      const socket = await dial(broker, options, timings.dialMs, signal);
      const leg = new Leg(broker, socket, options, silenceMs);
      const { agent } = options;
      const hello = { version: SESSION_VERSION, role, ...(agent === undefined ? {} : { agent }) };
      const limits = { timeoutMs: timings.dialMs, signal };
      const welcome = await leg.ask('hello', hello, 'welcome', limits).catch(explainSilence);
      if (welcome.broker_id === broker.id) return { leg, welcome };
      leg.close();
      throw new EndpointError('untrusted-broker', `it calls itself ${welcome.broker_id}`);
    } catch (error) {
      if (limit.signal.aborted && options.signal?.aborted !== true) {
        throw new EndpointError('no-broker', `${broker.id}: no answer in ${timings.dialMs} ms`);
      }
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** To the broker and back, in milliseconds, of the latest answered ping. */
  get roundTripMs(): number | undefined {
    return this.pulse.roundTripMs;
  }

  /** Hands over what comes from here on. */
  start(handlers: LegHandlers, pace: Pace): void {
    this.handlers = handlers;
    this.pulse.setPace(pace);
    for (const frame of this.early.splice(0)) this.handlers?.frame(frame);
    if (this.lossUnsaid !== undefined) this.handlers?.lost(this.lossUnsaid);
    else this.socket.resume();
  }

  setPace(pace: Pace): void {
    this.pulse.setPace(pace);
  }

  /** Sends a ping now; settles with the round trip in milliseconds. For probes. */
  ping(): Promise<number> {
    return this.pulse.ping();
  }

  /** @returns false when the writer shall wait for `drained` */
  write(bytes: Buffer): boolean {
    if (this.over) return false;
    this.socket.write(bytes);
    return this.socket.writableLength < LEG_BUFFER_BYTES;
  }

  send<Name extends ControlFrameName>(name: Name, payload: SessionPayloads[Name]): void {
    this.write(encodeControl(name, payload));
  }

  /** What is written between goes out together. */
  together(write: () => void): void {
    this.socket.cork();
    write();
    this.socket.uncork();
  }

  /** Closes after what was written has gone out, or after a second. */
  close(): void {
    if (this.over) return;
    this.finish();
    this.socket.end();
    this.socket.resume();
    const timer = setTimeout(() => this.socket.destroy(), LAST_WORDS_MS);
    this.socket.once('close', () => clearTimeout(timer));
  }

  /**
   * Says one thing and waits for its answer; what comes behind the answer waits until the leg is started.
   * @throws EndpointError the broker's refusal, its end of the session, the leg's loss, `timeout`, `aborted`
   */
  ask<Asked extends ControlFrameName, Answer extends ControlFrameName>(
    asked: Asked,
    payload: SessionPayloads[Asked],
    answer: Answer,
    limits: { timeoutMs: number; signal?: AbortSignal | undefined },
  ): Promise<SessionPayloads[Answer]> {
    return new Promise((resolve, reject) => {
      const { timeoutMs, signal } = limits;
      const settle = (end: () => void): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        this.hold();
        end();
      };
      const fail = (error: EndpointError): void =>
        settle(() => {
          this.abandon();
          reject(error);
        });
      const onAbort = (): void => fail(new EndpointError('aborted'));
      const timer = setTimeout(() => fail(new EndpointError('timeout', `no ${answer}`)), timeoutMs);
      signal?.addEventListener('abort', onAbort);
      const frame = (came: LegFrame): void => {
        if (came.name === answer) settle(() => resolve(came.payload as SessionPayloads[Answer]));
        else if (came.name === 'refused') fail(refusalError(came.payload));
        else if (came.name === 'bye') fail(new EndpointError('closed', came.payload.reason));
        else if (came.name === 'goaway') fail(new EndpointError('draining'));
        else fail(new EndpointError('protocol-error', `${came.name} instead of ${answer}`));
      };
      this.start({ frame, drained: () => {}, lost: fail }, 'waiting');
      this.send(asked, payload);
      if (signal?.aborted) onAbort();
    });
  }

  /** What comes waits until the leg is started again. */
  private hold(): void {
    this.handlers = undefined;
    this.socket.pause();
  }

  private abandon(): void {
    this.finish();
    this.socket.destroy();
  }

  private receive(chunk: Buffer): void {
    if (this.over) return;
    this.pulse.heard();
    try {
      for (const frame of this.decoder.push(chunk)) {
        if (frame.name === 'ping' || frame.name === 'pong') this.pulse.receive(frame.name, frame.token);
        else if (this.handlers === undefined) this.early.push(frame);
        else this.handlers.frame(frame);
        if (this.over) return;
      }
    } catch (error) {
      if (!(error instanceof SessionProtocolError)) throw error;
      this.lose(new EndpointError('protocol-error', error.message));
    }
  }

  private lose(error: EndpointError): void {
    if (this.over) return;
    const { handlers } = this;
    this.abandon();
    if (handlers === undefined) this.lossUnsaid = error;
    else handlers.lost(error);
  }

  private finish(): void {
    this.over = true;
    this.pulse.stop();
  }
}

async function dial(
  broker: Broker,
  options: EndpointOptions,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const { host, port } = dialAddress(broker);
  const { proxy, identity } = options;
  const socket =
    proxy === undefined
      ? connect({ host, port, noDelay: true })
      : await openTunnel({ proxy, host, port, timeoutMs, signal });
  try {
    return await dialBroker({
      ...{ socket, host: broker.host, brokerId: broker.id },
      ...{ tls: identity, guest: identity.guest, timeoutMs, signal },
    });
  } catch (error) {
    if (!(error instanceof BrokerDialError)) throw error;
    throw new EndpointError(CODE_OF_DIAL_FAULT[error.fault], `${broker.id}: ${error.message}`);
  }
}

/** A broker says nothing to whom it does not take: the connection is closed instead of answered. */
function explainSilence(error: EndpointError): never {
  throw error.code === 'no-broker'
    ? new EndpointError('identity-refused', 'closed right after the handshake')
    : error;
}

/** A TLS 1.3 server judges the client's certificate after the client's handshake is done: an alert tells. */
function errorOfSocket(error: NodeJS.ErrnoException): EndpointError {
  const alert = /ALERT|alert/.test(`${error.code} ${error.message}`);
  return alert && /certificate|unknown ca|access denied/i.test(error.message.replaceAll('_', ' '))
    ? new EndpointError('identity-refused', error.message)
    : new EndpointError('no-broker', error.message);
}
