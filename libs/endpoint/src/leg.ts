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
  private readonly decoder = new SessionDecoder('broker');
  private readonly pulse: LegPulse;
  private handlers: LegHandlers | undefined;
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
      return { leg, welcome: await leg.greet(role, options.agent, signal) };
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
    this.socket.resume();
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
    setTimeout(() => this.socket.destroy(), 1_000).unref();
  }

  private greet(
    role: LegRole,
    agent: string | undefined,
    signal: AbortSignal,
  ): Promise<SessionPayloads['welcome']> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.abandon();
        reject(new EndpointError('aborted'));
      };
      const fail = (error: EndpointError): void => {
        signal.removeEventListener('abort', onAbort);
        this.abandon();
        reject(error);
      };
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      const handlers: LegHandlers = {
        frame: (frame) => {
          if (frame.name === 'refused') return fail(refusalError(frame.payload));
          if (frame.name !== 'welcome') return fail(new EndpointError('protocol-error', frame.name));
          if (frame.payload.broker_id !== this.broker.id) {
            return fail(new EndpointError('untrusted-broker', frame.payload.broker_id));
          }
          signal.removeEventListener('abort', onAbort);
          // What follows waits in the socket until the leg is started.
          this.socket.pause();
          resolve(frame.payload);
        },
        drained: () => {},
        lost: fail,
      };
      this.start(handlers, 'waiting');
      this.send('hello', { version: SESSION_VERSION, role, ...(agent === undefined ? {} : { agent }) });
    });
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
        else this.handlers?.frame(frame);
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
    handlers?.lost(error);
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

/** A TLS 1.3 server judges the client's certificate after the client's handshake is done: an alert tells. */
function errorOfSocket(error: NodeJS.ErrnoException): EndpointError {
  const alert = /ALERT|alert/.test(`${error.code} ${error.message}`);
  return alert && /certificate|unknown ca|access denied/i.test(error.message.replaceAll('_', ' '))
    ? new EndpointError('identity-refused', error.message)
    : new EndpointError('no-broker', error.message);
}
