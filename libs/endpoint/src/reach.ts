import type { SessionPayloads } from '#libs/relay';
import type { Broker } from './brokers.ts';
import { EndpointError } from './errors.ts';
import { Leg, type LegRole } from './leg.ts';
import { type EndpointOptions, timingsOf } from './options.ts';

export interface Reached {
  readonly leg: Leg;
  readonly welcome: SessionPayloads['welcome'];
}

/** A broker to try, and how long it is waited for, in milliseconds, before the next one is tried beside it. */
export interface Candidate {
  readonly broker: Broker;
  readonly patienceMs: number;
}

/** Round trips from the first packet to the broker's welcome, through a proxy, with one to spare. */
const ROUND_TRIPS_TO_WELCOME = 6;

/** A broker that is as far as was measured; undefined: nothing is known of it. */
export function candidate(
  broker: Broker,
  roundTripMs: number | undefined,
  options: Pick<EndpointOptions, 'timings'>,
): Candidate {
  const { staggerMs, headStartMs } = timingsOf(options);
  const patienceMs = staggerMs + ROUND_TRIPS_TO_WELCOME * (roundTripMs ?? 0);
  return { broker, patienceMs: Math.min(patienceMs, headStartMs) };
}

/** A broker that this side was sent to: a nearer one that answers sooner would only send it back there. */
export function directed(broker: Broker, options: Pick<EndpointOptions, 'timings'>): Candidate {
  return { broker, patienceMs: timingsOf(options).headStartMs };
}

export interface ReachOptions extends EndpointOptions {
  readonly role: LegRole;
  readonly silenceMs: number;
}

/**
 * The first broker that answers and takes sessions. They are tried in their order, the next one when the one
 * before failed or has not answered for its time; so one that is dead without a word costs little.
 * @throws EndpointError what says most about why none could be had
 */
export function reachFirst(candidates: readonly Candidate[], options: ReachOptions): Promise<Reached> {
  const decided = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, decided.signal]) : decided.signal;
  return new Promise((resolve, reject) => {
    const queue = [...candidates];
    const errors: EndpointError[] = [];
    let running = 0;
    let timer: NodeJS.Timeout | undefined;
    const settle = (end: () => void): void => {
      clearTimeout(timer);
      end();
      decided.abort();
    };
    const failed = (error: EndpointError): void => {
      running -= 1;
      errors.push(error);
      if (decided.signal.aborted) return;
      if (options.signal?.aborted === true) settle(() => reject(new EndpointError('aborted')));
      else if (queue.length > 0) tryNext();
      else if (running === 0) settle(() => reject(mostTelling(errors)));
    };
    const tryNext = (): void => {
      clearTimeout(timer);
      const next = queue.shift();
      if (next === undefined) return;
      running += 1;
      timer = setTimeout(tryNext, next.patienceMs);
      Leg.connect(next.broker, options.role, { ...options, signal }, options.silenceMs).then(
        (reached) => {
          const refusal = refusalOf(reached.welcome);
          if (refusal === undefined && !decided.signal.aborted) return settle(() => resolve(reached));
          reached.leg.close();
          failed(refusal ?? new EndpointError('aborted'));
        },
        (error: EndpointError) => failed(error),
      );
    };
    if (queue.length === 0) settle(() => reject(new EndpointError('no-broker', 'none is left to try')));
    else tryNext();
  });
}

function refusalOf(welcome: SessionPayloads['welcome']): EndpointError | undefined {
  if (welcome.draining) return new EndpointError('draining', welcome.broker_id);
  return welcome.full === true ? new EndpointError('full', welcome.broker_id) : undefined;
}

/** That a broker is down says less than that one answered wrongly, and waiting does not help against that. */
export function mostTelling(errors: readonly EndpointError[]): EndpointError {
  const telling =
    errors.find(({ retriable, code }) => !retriable && code !== 'aborted') ??
    errors.find(({ code }) => code !== 'no-broker' && code !== 'aborted') ??
    errors[0];
  return telling ?? new EndpointError('no-broker');
}
