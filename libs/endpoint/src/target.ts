import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { type Duplex, PassThrough } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { readConnectionCode } from '#libs/contracts';
import type { SessionPayloads, SessionProbe } from '#libs/relay';
import { brokerNamed } from './brokers.ts';
import { EndpointError, type EndpointErrorCode, endpointError, isErrorCode } from './errors.ts';
import type { Leg } from './leg.ts';
import { timingsOf } from './options.ts';
import { type ProbeTable, probe, probesOf } from './probe.ts';
import { type Candidate, candidate, directed, mostTelling, reachFirst } from './reach.ts';
import { isFinalEnd } from './refusal.ts';
import { SessionCore } from './session-core.ts';
import type {
  Forward,
  ResumeTargetOptions,
  SavedSession,
  SessionCoreOptions,
  SessionEnd,
  TargetOptions,
  TargetSession,
} from './session-types.ts';
import { StreamMux } from './streams/stream-mux.ts';

/** Brokers that a target lets itself be sent to, one after the other, before it gives up. */
const MAX_ATTACHES = 8;

/**
 * Measures all brokers, attaches to the nearest with the code, asks for consent, and settles when the session is
 * open for the first time.
 * @throws EndpointError
 */
export async function attachTarget(options: TargetOptions): Promise<TargetSession> {
  const read = readConnectionCode(options.code);
  if (read.kind === 'fault') throw new EndpointError('bad-code', read.fault);
  const table = await probe(options.brokers, options.identity, options);
  options.onProbe?.(table);
  const search = { options, code: read.code, table, probes: probesOf(table), wasShown: false };
  let consented = options.consent === true;
  for (;;) {
    const { leg, held } = await attach(search, consented);
    if (consented)
      return opened(targetOf(options, held.connection_id, held.home_region, 0, search.probes), leg);
    const answer = await askPerson(leg, held, options);
    if (answer === 'agreed') {
      leg.send('consent', {});
      return opened(targetOf(options, held.connection_id, held.home_region, 0, search.probes), leg);
    }
    // The leg was lost while the person thought about it: the next one is told the consent at once.
    consented = true;
  }
}

/**
 * Takes up a session again that another process of this target had, under the same identity. Its streams are
 * gone; new ones go through as soon as it is open, which is when this settles.
 * @throws EndpointError
 */
export function resumeTarget(options: ResumeTargetOptions): Promise<TargetSession> {
  const { connectionId, homeRegion, epoch } = options.saved;
  const session = targetOf(options, connectionId, homeRegion, epoch);
  session.attach({});
  return opened(session, undefined);
}

class Target extends SessionCore implements TargetSession {
  get saved(): SavedSession {
    const { connectionId, homeRegion, epoch } = this.status;
    return { connectionId, homeRegion, epoch };
  }
}

interface Search {
  /** The code was shown, and the answer did not come: it may have been taken, and is this program's own then. */
  wasShown: boolean;
  readonly options: TargetOptions;
  readonly code: string;
  readonly table: ProbeTable;
  readonly probes: readonly SessionProbe[];
}

async function attach(
  search: Search,
  consented: boolean,
): Promise<{ leg: Leg; held: SessionPayloads['held'] }> {
  const { options, code, probes } = search;
  const { silenceMs, answerMs, backoffMinMs } = timingsOf(options);
  const errors: EndpointError[] = [];
  let candidates = candidatesOf(search);
  for (let attempt = 0; attempt < MAX_ATTACHES && candidates.length > 0; attempt += 1) {
    const { leg } = await reachFirst(candidates, { ...options, role: 'target', silenceMs });
    const asked = {
      ...{ code, probes: [...probes], consented, again: search.wasShown },
      ...(options.surviveMs === undefined ? {} : { survive_ms: options.surviveMs }),
    };
    try {
      const limits = { timeoutMs: answerMs, signal: options.signal };
      const held = await leg.ask('attach', asked, 'held', limits);
      search.wasShown = true;
      return { leg, held };
    } catch (thrown) {
      const error = endpointError(thrown);
      // Another broker would say the same; and asking on would only make a limit longer.
      if (!error.retriable || error.code === 'rate-limited') throw error;
      errors.push(error);
      const { elsewhere } = error;
      if (!NOT_TAKEN.includes(error.code)) search.wasShown = true;
      candidates =
        elsewhere === undefined
          ? candidates.filter(({ broker }) => broker !== leg.broker)
          : [
              directed(brokerNamed(options.brokers, elsewhere.brokerId, elsewhere.address), options),
              ...candidates,
            ];
      if (elsewhere === undefined && candidates.length > 0) await pause(backoffMinMs);
    }
  }
  throw mostTelling(errors);
}

/** Who is turned away so was not accepted as the session's target. */
const NOT_TAKEN: readonly EndpointErrorCode[] = ['other-broker', 'no-capacity', 'full', 'draining'];

/** The nearest first; those that take no sessions last, for things may have changed. */
function candidatesOf({ table, options }: Search): readonly Candidate[] {
  return table.rows.map(({ broker, roundTripMs }) => candidate(broker, roundTripMs, options));
}

/** Settles with `lost` when the leg went while the person was being asked and the person agreed. */
async function askPerson(
  leg: Leg,
  held: SessionPayloads['held'],
  options: TargetOptions,
): Promise<'agreed' | 'lost'> {
  if (options.consent === true) return 'agreed';
  const asked = new AbortController();
  let isLost = false;
  const over = new Promise<never>((_resolve, reject) => {
    leg.start(
      {
        frame: (frame) => {
          if (frame.name === 'bye' && isFinalEnd(frame.payload.reason))
            reject(endedError(frame.payload.reason));
          else if (frame.name === 'refused') reject(endedError(frame.payload.reason));
          else if (frame.name === 'bye' || frame.name === 'goaway') isLost = true;
        },
        drained: () => {},
        lost: () => {
          isLost = true;
        },
      },
      'waiting',
    );
    options.signal?.addEventListener('abort', () => reject(new EndpointError('aborted')), {
      signal: asked.signal,
    });
  });
  try {
    const who = { id: held.controller_id, brokerId: leg.broker.id };
    const agreed = await Promise.race([options.consent(who), over]);
    if (!agreed) {
      leg.send('bye', { reason: 'declined' });
      throw new EndpointError('declined');
    }
  } catch (error) {
    leg.close();
    throw error;
  } finally {
    asked.abort();
  }
  if (isLost) leg.close();
  return isLost ? 'lost' : 'agreed';
}

function targetOf(
  options: Omit<TargetOptions, 'code' | 'consent'>,
  connectionId: string,
  homeRegion: string,
  epoch: number,
  probes?: readonly SessionProbe[],
): Target {
  const mux = new StreamMux({
    side: 'target',
    instance: randomBytes(8).readBigUInt64BE(),
    accept: () => localEnd(options.forward),
  });
  const core: SessionCoreOptions = {
    ...{ role: 'target', endpoint: options, connectionId, homeRegion, epoch, mux },
    ...(probes === undefined ? {} : { probes }),
    ...(options.surviveMs === undefined ? {} : { surviveMs: options.surviveMs }),
    firstWindowMs: timingsOf(options).resumeWindowMs,
  };
  return new Target(core);
}

/** Settles when the session is open; its failure before that is thrown. */
async function opened(session: Target, leg: Leg | undefined): Promise<Target> {
  const ended = session.closed.then((end): never => {
    throw end.error ?? endedError(end.reason);
  });
  const open = new Promise<Target>((resolve) => session.once('open', () => resolve(session)));
  if (leg !== undefined) session.adopt(leg);
  return Promise.race([open, ended]);
}

function localEnd(forward: Forward): Duplex {
  if (typeof forward !== 'function') return connect({ ...forward, allowHalfOpen: true, noDelay: true });
  try {
    return forward();
  } catch (error) {
    // As a connection that breaks at once: the other side sees its stream reset, and the session goes on.
    return new PassThrough().destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

function endedError(reason: SessionEnd['reason']): EndpointError {
  const code: EndpointErrorCode = isErrorCode(reason) ? reason : 'closed';
  return new EndpointError(code, code === reason ? undefined : reason);
}
