import type { SessionProbe } from '#libs/relay';
import type { Broker } from './brokers.ts';
import { EndpointError, type EndpointErrorCode } from './errors.ts';
import type { EndpointIdentity } from './identity.ts';
import { Leg } from './leg.ts';
import { type EndpointOptions, timingsOf } from './options.ts';

/** How one broker is seen from here. */
export interface ProbeRow {
  readonly broker: Broker;
  /** `ok`, `draining` or `full` (reached, takes no new sessions), or why it was not reached. */
  readonly status: 'ok' | 'draining' | 'full' | EndpointErrorCode;
  readonly detail?: string;
  /** Median of the pings, in milliseconds; undefined when it was not reached. */
  readonly roundTripMs: number | undefined;
  /** Median distance from that median, in milliseconds. */
  readonly jitterMs: number | undefined;
  /** Pings that counted. */
  readonly samples: number;
}

/** All brokers of a list, the nearest that takes sessions first; those that were not reached last. */
export interface ProbeTable {
  readonly rows: readonly ProbeRow[];
  /** The nearest that takes new sessions. */
  readonly best: ProbeRow | undefined;
}

export interface ProbeOptions extends Omit<EndpointOptions, 'brokers' | 'identity'> {
  /** Told of each broker as soon as it is known. */
  readonly onRow?: (row: ProbeRow) => void;
}

/**
 * Measures all brokers at once, within a bounded time: pings behind TLS, the first one discarded. A broker that
 * answered fewer pings than asked for within the time counts with those.
 */
export async function probe(
  brokers: readonly Broker[],
  identity: EndpointIdentity,
  options: ProbeOptions = {},
): Promise<ProbeTable> {
  const limit = AbortSignal.timeout(timingsOf(options).probeMs);
  const signal = options.signal ? AbortSignal.any([options.signal, limit]) : limit;
  const rows = await Promise.all(
    brokers.map(async (broker) => {
      const row = await probeOne(broker, { ...options, brokers, identity, signal });
      options.onRow?.(row);
      return row;
    }),
  );
  if (options.signal?.aborted === true) throw new EndpointError('aborted');
  rows.sort((a, b) => rank(a) - rank(b));
  return { rows, best: rows.find(({ status }) => status === 'ok') };
}

/** A table as the wire wants it: what was not reached is absent. */
export function probesOf(table: ProbeTable): SessionProbe[] {
  return table.rows.flatMap(({ broker, roundTripMs, jitterMs }) =>
    roundTripMs === undefined
      ? []
      : [{ broker_id: broker.id, rtt_ms: round(roundTripMs), jitter_ms: round(jitterMs ?? 0) }],
  );
}

async function probeOne(
  broker: Broker,
  options: EndpointOptions & { signal: AbortSignal },
): Promise<ProbeRow> {
  const samples: number[] = [];
  let leg: Leg | undefined;
  let status: ProbeRow['status'] = 'ok';
  try {
    const { silenceMs, probePings } = timingsOf(options);
    const reached = await Leg.connect(broker, 'probe', options, silenceMs);
    leg = reached.leg;
    if (reached.welcome.draining) status = 'draining';
    else if (reached.welcome.full === true) status = 'full';
    await takeSamples(leg, probePings, samples, options.signal);
  } catch (error) {
    const known = error instanceof EndpointError ? error : new EndpointError('no-broker', String(error));
    if (samples.length === 0) return unreached(broker, options.signal.aborted ? timedOut() : known);
  } finally {
    leg?.close();
  }
  const roundTripMs = median(samples);
  const jitterMs = median(samples.map((sample) => Math.abs(sample - roundTripMs)));
  return { broker, status, roundTripMs, jitterMs, samples: samples.length };
}

/** Ends early, with what there is, when the time is over or the leg is lost. */
function takeSamples(leg: Leg, count: number, samples: number[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(timedOut());
    signal.addEventListener('abort', onAbort, { once: true });
    const settle = (end: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      end();
    };
    const lost = (error: EndpointError): void => settle(() => reject(error));
    leg.start({ frame: () => {}, drained: () => {}, lost }, 'waiting');
    const measure = async (): Promise<void> => {
      await leg.ping();
      while (samples.length < count) samples.push(await leg.ping());
    };
    void measure().then(() => settle(resolve));
    if (signal.aborted) onAbort();
  });
}

function unreached(broker: Broker, error: EndpointError): ProbeRow {
  const row = { broker, status: error.code, roundTripMs: undefined, jitterMs: undefined, samples: 0 };
  return error.detail === undefined ? row : { ...row, detail: error.detail };
}

function timedOut(): EndpointError {
  return new EndpointError('timeout', 'not measured within the time of a probe');
}

function rank(row: ProbeRow): number {
  const distance = row.roundTripMs ?? 1e9;
  return row.status === 'ok' ? distance : distance + 1e6;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
