import type { LinkDecision, SessionDecision } from '#libs/contracts';
import type { ExplainedEvent } from './types.ts';

/**
 * Which decisions led to the newest one. A connection rests where it stands (a link `active` or `degraded`, a session
 * `open`) or is closed; between two rests lies one story: a move, or a first placement. The chain is the story that
 * led to the present rest, what changed since, and, where that story began by the clock alone, what had set the clock.
 */

type Data = LinkDecision | SessionDecision;

const STANDING: ReadonlySet<string> = new Set(['active', 'degraded', 'open']);

/** Answers to the decider's own commands and questions: what they answer comes before them. */
const ANSWERS: ReadonlySet<string> = new Set([
  'command-succeeded',
  'command-failed',
  'command-refused',
  'new-connection-established',
  'relay-opened',
  'peer-answered',
]);

/** Notes that change nothing of what the connection does. */
const NOTES: ReadonlySet<string> = new Set(['failover-target-changed', 'standby', 'answered']);

/** What an agent's health reports say of itself, so that no fact in the log stands behind it. */
const REPORTED: ReadonlySet<string> = new Set(['agent-draining', 'client-draining']);

export const isStanding = ({ phase }: Data): boolean => STANDING.has(phase);
export const isOver = ({ status }: Data): boolean => status === 'closed';
const rests = (data: Data): boolean => isStanding(data) || isOver(data);

export interface Chain {
  /** Indices of the events, ascending. */
  readonly indices: readonly number[];
  /** The first of them has a cause outside: a fact, or the request itself. */
  readonly complete: boolean;
}

export function chainOf(events: readonly ExplainedEvent[]): Chain {
  const found = new Set<number>();
  let complete = false;
  let at: number | undefined = events.length - 1;
  while (at !== undefined && at >= 0) {
    const story = storyUpTo(events, at);
    for (const index of story.indices) found.add(index);
    const { first } = story;
    if (isFirstCause(events, first)) {
      complete = true;
      break;
    }
    // What set the clock stands in the rest before, and that has a story of its own.
    const setter = first === 0 ? undefined : setterBefore(events, first);
    if (!setter?.complete && REPORTED.has(dataAt(events, first).reason)) {
      complete = true;
      break;
    }
    if (setter !== undefined) for (const index of setter.indices) found.add(index);
    if (setter?.complete) {
      complete = true;
      break;
    }
    at = setter === undefined ? undefined : setter.before;
  }
  return { indices: [...found].sort((one, other) => one - other), complete };
}

const dataAt = (events: readonly ExplainedEvent[], index: number): Data =>
  (events[index] as ExplainedEvent).data;

/** A fact that nobody caused from here, or the very first decision. */
function isFirstCause(events: readonly ExplainedEvent[], index: number): boolean {
  const { version, evidence } = dataAt(events, index);
  return version === 1 || isExternal(evidence);
}

function isExternal(evidence: Data['evidence']): boolean {
  const [first] = evidence;
  return first?.event_id !== undefined && !ANSWERS.has(first.type);
}

interface Story {
  readonly indices: readonly number[];
  readonly first: number;
}

/** The story that ends in the rest, or the moment, of this event. */
function storyUpTo(events: readonly ExplainedEvent[], at: number): Story {
  const indices: number[] = [at];
  let index = at;
  const last = dataAt(events, at);
  if (rests(last)) {
    // Back to how it came to rest; what changed since is told as far as it matters.
    while (index > 0 && restsAlike(dataAt(events, index - 1), last)) {
      if (changes(events, index)) indices.push(index);
      index -= 1;
    }
    indices.push(index);
    // Its own client gave it up, or an end hung up: nothing before is the cause of that.
    const isOwnCause = isExternal(dataAt(events, index).evidence) && !isGivenUp(events, index);
    if (isOver(last) && isOwnCause) return { indices, first: index };
  }
  while (index > 0 && !rests(dataAt(events, index - 1))) {
    index -= 1;
    indices.push(index);
  }
  return { indices, first: index };
}

/** The end that was left waited for the other one, and hung up when that did not come. */
function isGivenUp(events: readonly ExplainedEvent[], index: number): boolean {
  const before = events[index - 1]?.data;
  if (dataAt(events, index).reason !== 'hung-up' || before?.kind !== 'session') return false;
  return before.phase === 'interrupted' && (before.target === undefined || before.controller === undefined);
}

const restsAlike = (before: Data, data: Data): boolean =>
  isOver(data) ? isOver(before) : isStanding(before);

/** What a decision on a connection that rests has changed of it. */
function changes(events: readonly ExplainedEvent[], index: number): boolean {
  const data = dataAt(events, index);
  const before = dataAt(events, index - 1);
  if (data.phase !== before.phase) return true;
  if (NOTES.has(data.reason) || isOver(data)) return false;
  const [one, other] = [before, data].map(
    (each) => `${holdOf(each)} ${memberOf(each, 'leave')} ${memberOf(each, 'failback_at')}`,
  );
  return one !== other || data.reason === 'no-other-server' || 'rejected' in data;
}

const memberOf = (data: Data, name: 'leave' | 'failback_at'): string | undefined =>
  data.kind === 'link' ? data[name] : undefined;

function holdOf(data: Data): string {
  if (data.kind !== 'link' || data.suppressed === undefined) return '';
  const { reason, what, until } = data.suppressed;
  return `${reason} ${what} ${until}`;
}

/**
 * What a session ended for whose time was up, or that was given up, before it ever stood: who was lost, if somebody was; else
 * that nobody did in time what came next. That it was asked for is no cause of its end.
 */
export function endedUnopened(events: readonly ExplainedEvent[]): number | undefined {
  let end = events.length - 1;
  if (end < 0 || dataAt(events, end).kind !== 'session' || !isOver(dataAt(events, end))) return undefined;
  while (end > 0 && isOver(dataAt(events, end - 1))) end -= 1;
  if (events.some(({ data }) => isStanding(data))) return undefined;
  if (isExternal(dataAt(events, end).evidence) && !isGivenUp(events, end)) return undefined;
  if (dataAt(events, 0).version !== 1 || dataAt(events, end).version === 1) return undefined;
  const before = dataAt(events, end - 1);
  const ways = new Set(['broker-lost']);
  if (before.kind === 'session' && before.target === undefined) ways.add('target-lost');
  if (before.kind === 'session' && before.controller === undefined) ways.add('controller-lost');
  if (ways.has('controller-lost')) ways.add('not-redirected');
  const lost = events.slice(0, end).findLastIndex(({ data }) => ways.has(data.reason));
  return lost < 0 ? end : lost;
}

/** Who set the condition that a connection which stands is in now (held back, to be left, degraded), if a fact did. */
export function conditionSetter(events: readonly ExplainedEvent[]): number | undefined {
  const last = events.length - 1;
  if (last < 0 || !isStanding(dataAt(events, last))) return undefined;
  const rest = dataAt(events, last);
  for (const condition of [LEAVES, HELD, DEGRADED]) {
    const is = condition(rest);
    if (is === undefined) continue;
    let index = last;
    while (index > 0 && condition(dataAt(events, index - 1)) === is) index -= 1;
    if (isExternal(dataAt(events, index).evidence)) return index;
  }
  return undefined;
}

interface Setter {
  readonly indices: readonly number[];
  readonly complete: boolean;
  /** Where the story goes on, back in time. */
  readonly before: number;
}

type Condition = (data: Data) => string | undefined;
const LEAVES: Condition = (data) => memberOf(data, 'leave');
const HELD: Condition = (data) => (data.kind === 'link' ? data.suppressed?.reason : undefined);
const GOES_BACK: Condition = (data) => memberOf(data, 'failback_at') && 'failback';
const DEGRADED: Condition = (data) => (data.phase === 'degraded' ? 'degraded' : undefined);

/** Conditions that a resting link may have, and that move it without another fact, the telling one first. */
const CONDITIONS: readonly Condition[] = [LEAVES, HELD, GOES_BACK, DEGRADED];

/** Who set the condition by which the story at `first` began without a fact: the earliest decision of the rest before that has it. */
function setterBefore(events: readonly ExplainedEvent[], first: number): Setter {
  const last = first - 1;
  const rest = dataAt(events, last);
  for (const condition of CONDITIONS) {
    const is = condition(rest);
    if (is === undefined) continue;
    const indices = [last];
    let index = last;
    while (
      index > 0 &&
      condition(dataAt(events, index - 1)) === is &&
      isStanding(dataAt(events, index - 1))
    ) {
      if (changes(events, index)) indices.push(index);
      index -= 1;
    }
    indices.push(index);
    // What took the link away is why it goes back; its client's return only says when.
    const complete = condition !== GOES_BACK && isFirstCause(events, index);
    return { indices, complete, before: index };
  }
  return { indices: [last], complete: false, before: last };
}
