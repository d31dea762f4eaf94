import { setTimeout as pause } from 'node:timers/promises';
import type { SessionProbe } from '#libs/relay';
import type { Broker } from './brokers.ts';
import { EndpointError } from './errors.ts';
import type { Leg } from './leg.ts';
import { type EndpointOptions, timingsOf } from './options.ts';
import { probe, probesOf } from './probe.ts';
import { candidate, directed, type Reached, reachFirst } from './reach.ts';
import type { SessionEvents } from './session-types.ts';

export interface AttachPlan {
  /** Tried before the others: where the other side is, or was. */
  readonly first?: Broker | undefined;
  /** This side was sent there: the others are tried when it cannot be had. */
  readonly isDirected?: boolean;
  /** Tried after the others: it is silent, goes or is full. */
  readonly avoid?: string;
  /** There is time to measure all brokers first. */
  readonly measure?: boolean;
  /** Before the first attempt, in milliseconds. */
  readonly waitMs?: number;
}

export interface ReattachmentOptions {
  readonly endpoint: EndpointOptions;
  readonly role: 'controller' | 'target';
  /** What was measured at the beginning, the nearest first. */
  readonly probes: readonly SessionProbe[];
  readonly silenceMs: () => number;
  readonly attached: (leg: Leg, probes: readonly SessionProbe[] | undefined) => void;
  readonly retrying: (event: SessionEvents['retrying'][0]) => void;
}

/**
 * Finds a broker for a session that lost its own, or is to leave it: one search at a time, round after round, with
 * growing waits between, until it is stopped. Its owner bounds it.
 */
export class Reattachment {
  lastError: EndpointError | undefined;
  private search: AbortController | undefined;
  private probes: readonly SessionProbe[];

  constructor(private readonly options: ReattachmentOptions) {
    this.probes = options.probes;
  }

  get isRunning(): boolean {
    return this.search !== undefined;
  }

  /** Takes the place of a search that is under way. */
  start(plan: AttachPlan): void {
    this.stop();
    const search = new AbortController();
    this.search = search;
    void this.run(plan, search);
  }

  stop(): void {
    this.search?.abort();
    this.search = undefined;
  }

  private async run(plan: AttachPlan, search: AbortController): Promise<void> {
    const { backoffMinMs, backoffMaxMs } = timingsOf(this.options.endpoint);
    let waitMs = plan.waitMs ?? 0;
    let { first } = plan;
    for (let round = 0; !search.signal.aborted; round += 1) {
      try {
        if (waitMs > 0) await pause(waitMs, undefined, { signal: search.signal });
        const probes = plan.measure === true ? await this.measure(search.signal) : undefined;
        const { leg } = await this.reach({ ...plan, first }, search.signal);
        if (search.signal.aborted) return leg.close();
        this.search = undefined;
        this.options.attached(leg, probes);
        return;
      } catch (error) {
        if (search.signal.aborted) return;
        if (!(error instanceof EndpointError)) throw error;
        this.lastError = error;
        first = undefined;
        const longestMs = Math.min(backoffMaxMs, backoffMinMs * 2 ** round);
        waitMs = Math.max(error.retryAfterMs ?? 0, longestMs * (0.5 + Math.random() / 2));
        this.options.retrying({ brokerId: undefined, error, waitMs });
      }
    }
  }

  private async measure(signal: AbortSignal): Promise<readonly SessionProbe[]> {
    const { endpoint } = this.options;
    const table = await probe(endpoint.brokers, endpoint.identity, { ...endpoint, signal });
    this.probes = probesOf(table);
    return this.probes;
  }

  private reach({ first, isDirected, avoid }: AttachPlan, signal: AbortSignal): Promise<Reached> {
    const { endpoint, role, silenceMs } = this.options;
    const { brokers } = endpoint;
    const measured = new Map(this.probes.map(({ broker_id, rtt_ms }) => [broker_id, rtt_ms]));
    const nearest = [...measured.keys()].flatMap((id) => brokers.find((broker) => broker.id === id) ?? []);
    const known = [...new Set([...(first ? [first] : []), ...nearest, ...brokers])];
    const order = [...known.filter(({ id }) => id !== avoid), ...known.filter(({ id }) => id === avoid)];
    const candidates = order.map((broker) =>
      broker === first && isDirected === true
        ? directed(broker, endpoint)
        : candidate(broker, measured.get(broker.id), endpoint),
    );
    return reachFirst(candidates, { ...endpoint, role, signal, silenceMs: silenceMs() });
  }
}
