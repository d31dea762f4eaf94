import type { DeadLetterReason, FactData, HandledFactName, IgnoreReason } from '#libs/contracts';
import type { Fleet } from './fleet.ts';

/** A fact as its record stands in the log, its data validated. */
export type Fact = {
  [N in HandledFactName]: {
    readonly name: N;
    readonly data: FactData[N];
    /** `ce_id`. */
    readonly id: string;
    /** `ce_source`. */
    readonly source: string;
    /** `ce_time`. */
    readonly timeMs: number;
  };
}[HandledFactName];

const SESSIONS_OWN = [
  'connection-request',
  'target-attached',
  'controller-attached',
  'relay-opened',
  'relay-closed',
] as const;
/** What only sessions are told of, and a request, which a link looks at first. */
export type SessionsOwn = Extract<Fact, { name: (typeof SESSIONS_OWN)[number] }>;

export function isOfSession(fact: Fact): fact is SessionsOwn {
  return (SESSIONS_OWN as readonly string[]).includes(fact.name);
}

export interface Origin {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

export interface FactInput {
  readonly kind: 'fact';
  readonly fact: Fact;
  readonly origin: Origin;
  /** Control region of the topic that the fact stood in. */
  readonly region: string;
  /** Control region of the loop that decides. */
  readonly ownRegion: string;
  readonly nowMs: number;
  readonly fleet: Fleet;
}

/** Time passed, or the fleet changed: the only other thing that may move a state. */
export interface TimeInput {
  readonly kind: 'time';
  readonly nowMs: number;
  readonly fleet: Fleet;
}

export type Input = FactInput | TimeInput;

export interface Decision<N extends string, D> {
  readonly name: N;
  readonly data: D;
}

export type Outcome<N extends string, D> =
  /** Append this one decision; send its commands once it is acknowledged. */
  | ({ readonly kind: 'append' } & Decision<N, D>)
  /** Nothing changes; the reason is counted. */
  | { readonly kind: 'ignore'; readonly reason: IgnoreReason }
  /** The fact can't be so; it is dead-lettered with this reason. */
  | { readonly kind: 'reject'; readonly reason: DeadLetterReason; readonly detail: string };

export const ignore = (reason: IgnoreReason): { readonly kind: 'ignore'; readonly reason: IgnoreReason } => ({
  kind: 'ignore',
  reason,
});

export const reject = (
  reason: DeadLetterReason,
  detail: string,
): { readonly kind: 'reject'; readonly reason: DeadLetterReason; readonly detail: string } => ({
  kind: 'reject',
  reason,
  detail,
});
