import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { formatConnectionCode } from '#libs/contracts';
import type { SessionPayloads, SessionProbe } from '#libs/relay';
import type { Broker } from './brokers.ts';
import { EndpointError, endpointError } from './errors.ts';
import type { Leg } from './leg.ts';
import { type EndpointOptions, timingsOf } from './options.ts';
import { type ProbeTable, probe, probesOf } from './probe.ts';
import { directed, mostTelling, reachFirst } from './reach.ts';
import { SessionCore } from './session-core.ts';
import type { ControllerOptions, ControllerSession, SessionCoreOptions } from './session-types.ts';
import { duplexPair } from './streams/duplex-pair.ts';
import { cutLocal } from './streams/local.ts';
import { StreamMux } from './streams/stream-mux.ts';

/**
 * Asks for a code: at the first broker of the list that is there and takes sessions. The session waits for its
 * target from then on.
 * @throws EndpointError
 */
export async function openController(options: ControllerOptions): Promise<ControllerSession> {
  const table = options.probe === false ? undefined : await probe(options.brokers, options.identity, options);
  if (table !== undefined) options.onProbe?.(table);
  const probes = table === undefined ? undefined : probesOf(table);
  const { leg, code } = await askForCode(candidates(options.brokers, table), options, probes);
  const mux = new StreamMux({ side: 'controller', instance: randomBytes(8).readBigUInt64BE() });
  const untilExpiryMs = Math.max(0, Date.parse(code.expires_at) - Date.now());
  const session = new Controller(
    {
      role: 'controller',
      endpoint: options,
      connectionId: code.connection_id,
      homeRegion: code.home_region,
      epoch: 0,
      mux,
      ...(probes === undefined ? {} : { probes }),
      // The broker ends a code that nobody used; this is for when it cannot say so any more.
      firstWindowMs: untilExpiryMs + timingsOf(options).resumeWindowMs,
    },
    code,
  );
  session.adopt(leg, 'waiting');
  return session;
}

class Controller extends SessionCore implements ControllerSession {
  readonly code: string;
  readonly codeExpiresAt: string;
  private readonly mux: StreamMux;
  private isOver = false;

  constructor(options: SessionCoreOptions, code: SessionPayloads['code']) {
    super(options);
    this.mux = options.mux;
    this.code = formatConnectionCode(code.code);
    this.codeExpiresAt = code.expires_at;
    this.once('closed', () => {
      this.isOver = true;
    });
  }

  connect(): Duplex {
    const [near, far] = duplexPair();
    this.carry(near);
    return far;
  }

  carry(local: Duplex): void {
    if (this.isOver) throw new EndpointError('closed');
    this.mux.open(local);
  }

  async listen(at: { host: string; port: number }): Promise<{ port: number; close(): Promise<void> }> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      try {
        this.carry(socket);
      } catch {
        cutLocal(socket);
      }
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(at.port, at.host, resolve);
    });
    const close = (): Promise<void> => new Promise((resolve) => void server.close(() => resolve()));
    this.once('closed', () => void close());
    const address = server.address();
    return { port: typeof address === 'object' && address !== null ? address.port : at.port, close };
  }
}

/** In the list's order, those that were measured and take sessions; all of them when none was. */
function candidates(brokers: readonly Broker[], table: ProbeTable | undefined): readonly Broker[] {
  if (table === undefined) return brokers;
  const good = new Set(table.rows.filter(({ status }) => status === 'ok').map(({ broker }) => broker));
  return good.size === 0 ? brokers : brokers.filter((broker) => good.has(broker));
}

async function askForCode(
  brokers: readonly Broker[],
  options: EndpointOptions,
  probes: readonly SessionProbe[] | undefined,
): Promise<{ leg: Leg; code: SessionPayloads['code'] }> {
  const { silenceMs, answerMs } = timingsOf(options);
  const errors: EndpointError[] = [];
  const asked = probes === undefined ? {} : { probes: [...probes] };
  for (const broker of brokers) {
    let leg: Leg;
    try {
      leg = (await reachFirst([directed(broker, options)], { ...options, role: 'controller', silenceMs }))
        .leg;
    } catch (error) {
      errors.push(endpointError(error));
      continue;
    }
    try {
      return {
        leg,
        code: await leg.ask('new', asked, 'code', { timeoutMs: answerMs, signal: options.signal }),
      };
    } catch (error) {
      const known = endpointError(error);
      if (!known.retriable) throw known;
      errors.push(known);
    }
  }
  if (options.signal?.aborted === true) throw new EndpointError('aborted');
  throw mostTelling(errors);
}
