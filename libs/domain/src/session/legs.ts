import { type LegFact, type SessionLeg, TIMING } from '#libs/contracts';
import type { FactInput } from '../decider.ts';
import type { Fleet } from '../fleet.ts';
import { iso, msOf } from '../ids.ts';

/** The leg that a fact tells of. */
export function legOf({ fact, region, nowMs }: FactInput, data: LegFact): SessionLeg {
  const { broker_id, incarnation, attachment_id, probes } = data;
  return {
    broker_id,
    incarnation,
    region,
    attachment_id,
    // A clock that is ahead says no later than now: whoever comes after that would be late for as long.
    attached_at: iso(Math.min(fact.timeMs, nowMs)),
    // A measure that found no broker at all was made in a bad moment: the end is attached to one.
    ...(probes === undefined || probes.length === 0
      ? {}
      : { probes: Object.fromEntries(probes.map((probe) => [probe.broker_id, probe.rtt_ms])) }),
  };
}

/** An earlier word on an end that has attached elsewhere since; two clocks may differ by TIMING.clockSkewMs. */
export const isLate = (leg: SessionLeg, known: SessionLeg | undefined): boolean =>
  known !== undefined && msOf(leg.attached_at) + TIMING.clockSkewMs < msOf(known.attached_at);

/** Attached before the one that is known, as far as two clocks can tell. */
export const isBefore = (leg: SessionLeg, known: SessionLeg | undefined): boolean =>
  known !== undefined && msOf(leg.attached_at) < msOf(known.attached_at);

export const isSameLeg = (a: SessionLeg | undefined, b: SessionLeg | undefined): boolean =>
  a !== undefined && a.attachment_id === b?.attachment_id && a.broker_id === b.broker_id;

type Life = { readonly broker_id: string; readonly incarnation: string };

/** Both are of one life of one broker. */
export const isAt = <L extends Life>(one: L | undefined, other: Life): one is L =>
  one?.broker_id === other.broker_id && one.incarnation === other.incarnation;

/** Whether this life of the broker drains, as its reports or an operator say. */
export function isLeft({ agents }: Fleet, { broker_id, incarnation }: Life): boolean {
  const shown = agents.get(broker_id);
  return shown?.incarnation === incarnation && shown.draining;
}
