import type { LinkDecision, SessionDecision } from '#libs/contracts';
import { chainOf, conditionSetter, endedUnopened } from './chain.ts';
import { blamedOnWay } from './link-losses.ts';
import { whatOfLink } from './link-what.ts';
import { CAME_TO_NOTHING, whyOfLink } from './link-why.ts';
import { whatOfSession, whyOfSession } from './session-texts.ts';
import { CommandEnds, stepOf } from './steps.ts';
import { EXPLAIN_LIMITS, type ExplainedEvent, type Explanation, type FirstCause } from './types.ts';
import { whyNotOf } from './why-not.ts';
import { sentence, type Told, toldOf, type Why, within } from './words.ts';

/**
 * Why a connection stands where it stands.
 * @param events its decisions up to some moment, the oldest first, without gaps; the first ones may be missing.
 * @returns undefined without any.
 */
export function explain(events: readonly ExplainedEvent[]): Explanation | undefined {
  const newest = events.at(-1);
  if (newest === undefined) return undefined;
  const { data } = newest;
  const chain = chainOf(events);
  const { kept, omitted } = shortened(chain.indices);
  const ends = new CommandEnds(events);
  const first = conditionSetter(events) ?? endedUnopened(events) ?? chain.indices[0] ?? 0;
  const cause = confirmed(firstCause(toldOf(events, first)), events, first);
  return {
    connection_id: data.connection_id,
    kind: data.kind,
    status: data.status,
    phase: data.phase,
    epoch: data.epoch,
    version: data.version,
    ...placeOf(data),
    summary: summaryOf(events, cause),
    first_cause: cause,
    causes: kept.map((index, at) => {
      const told = toldOf(events, index);
      const step = omitted > 0 && at >= kept.length / 2 ? at + omitted : at;
      return stepOf(told.event, step + 1, textOf(told), ends);
    }),
    ...(omitted === 0 ? {} : { omitted }),
    complete: chain.complete,
    why_not: whyNotOf(events),
  };
}

function placeOf(data: LinkDecision | SessionDecision): Partial<Explanation> {
  if (data.kind === 'session') return data.broker_id === undefined ? {} : { broker_id: data.broker_id };
  const { client_id, server_id } = data;
  return { client_id, ...(server_id === undefined ? {} : { server_id }) };
}

/** The first half and the last of a chain that is too long to be told whole. */
function shortened(indices: readonly number[]): { kept: readonly number[]; omitted: number } {
  const half = EXPLAIN_LIMITS.steps / 2;
  if (indices.length <= EXPLAIN_LIMITS.steps) return { kept: indices, omitted: 0 };
  const kept = [...indices.slice(0, half), ...indices.slice(-half)];
  return { kept, omitted: indices.length - kept.length };
}

function whyOf(told: Told): Why {
  return told.data.kind === 'link'
    ? whyOfLink(told as Told<LinkDecision>)
    : whyOfSession(told as Told<SessionDecision>);
}

function textOf(told: Told): string {
  const what =
    told.data.kind === 'link'
      ? whatOfLink(told as Told<LinkDecision>)
      : whatOfSession(told as Told<SessionDecision>);
  return sentence(whyOf(told).text, what);
}

function firstCause(told: Told): FirstCause {
  const { text, detail, agent_id } = whyOf(told);
  return {
    event_id: told.event.event_id,
    reason: reasonOf(told),
    ...(detail === undefined ? {} : { detail }),
    ...(agent_id === undefined ? {} : { agent_id }),
    text: sentence(text),
  };
}

/** What came later tells more of it than whoever saw it first could. */
function confirmed(cause: FirstCause, events: readonly ExplainedEvent[], first: number): FirstCause {
  if (events[first]?.data.kind === 'link') return blamedOnWay(cause, events, first);
  const since = events.slice(first);
  return brokerConfirmed(cause, since);
}

/** An end that came elsewhere told of the death of its broker before the broker's silence, or the other end, did. */
function brokerConfirmed(cause: FirstCause, since: readonly ExplainedEvent[]): FirstCause {
  if (cause.detail !== 'broker-left') return cause;
  const silent = since.some(({ data }, index) => {
    const before = since[index - 1]?.data;
    if (data.reason !== 'broker-lost' || before?.kind !== 'session') return false;
    return [before.superseded, before.placement].some((each) => each?.broker_id === cause.agent_id);
  });
  // By itself: nobody had told it yet where to go.
  const told = since.findIndex(({ data }) => data.reason === 'redirected');
  const own = since.slice(1, told < 0 ? undefined : told);
  const bothLeft = own.some(({ data }) => ATTACHED.has(data.reason) && data.reason !== cause.reason);
  return silent || bothLeft ? { ...cause, reason: 'broker-lost' } : cause;
}

const ATTACHED: ReadonlySet<string> = new Set(['target-attached', 'controller-attached']);

/** What is held back, or came to nothing, was called for by what its ledger says. */
function reasonOf({ data }: Told): string {
  const { reason, failover } = data;
  return CAME_TO_NOTHING.has(reason) && failover !== undefined ? failover.reason : reason;
}

function summaryOf(events: readonly ExplainedEvent[], cause: FirstCause): string {
  const { data } = toldOf(events, events.length - 1);
  const place = data.kind === 'link' ? data.server_id : data.broker_id;
  const where = place === undefined || data.status === 'closed' ? '' : ` on ${place}`;
  const at = sinceOf(events);
  const why = cause.text.slice(0, -1);
  return `${data.connection_id} is ${data.phase}${where} since ${at}, because ${within(why)}.`;
}

/** Since when it is in this phase at this place. */
function sinceOf(events: readonly ExplainedEvent[]): string {
  const last = toldOf(events, events.length - 1).data;
  const isSame = (data: Told['data']) =>
    data.phase === last.phase && data.placement?.epoch === last.placement?.epoch;
  let index = events.length - 1;
  while (index > 0 && isSame((events[index - 1] as ExplainedEvent).data)) index -= 1;
  return (events[index] as ExplainedEvent).data.decided_at;
}
