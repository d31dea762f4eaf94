import type { Candidate, LinkDecision, SessionDecision } from '#libs/contracts';
import { LINK_POLICY } from '../policy.ts';
import { heldText, wentBy } from './link-what.ts';
import type { ExplainedEvent, WhyNot } from './types.ts';
import { listed } from './words.ts';

type Data = LinkDecision | SessionDecision;

/** Why what one might expect of the connection as it is now has not happened. */
export function whyNotOf(events: readonly ExplainedEvent[]): WhyNot[] {
  const last = events.at(-1)?.data;
  if (last === undefined || last.status === 'closed') return [];
  return last.kind === 'link' ? ofLink(events, last) : ofSession(events, last);
}

/** Since when, as far back as the events go, every decision has this. */
function since(events: readonly ExplainedEvent[], has: (data: Data) => boolean): { since?: string } {
  let found: string | undefined;
  for (let index = events.length - 1; index >= 0; index -= 1) {
    const { data } = events[index] as ExplainedEvent;
    if (!has(data)) break;
    found = data.decided_at;
  }
  return found === undefined ? {} : { since: found };
}

const policyIn = ({ policy }: Data): { policy?: string } => (policy === undefined ? {} : { policy });
const untilOf = (until: string | undefined): { until?: string } => (until === undefined ? {} : { until });

function ofLink(events: readonly ExplainedEvent[], last: LinkDecision): WhyNot[] {
  return [
    ...held(events, last),
    ...(last.phase === 'degraded' ? [leftDegraded(events, last)] : []),
    ...(last.leave !== undefined && last.phase !== 'degraded' ? [notLeft(events, last, last.leave)] : []),
    ...unplaced(events, last),
    ...notBack(events, last),
    ...notThePeers(events),
  ];
}

function held(events: readonly ExplainedEvent[], last: LinkDecision): WhyNot[] {
  const { suppressed } = last;
  if (suppressed === undefined) return [];
  const { reason, what, until } = suppressed;
  return [
    {
      question: `Why is the ${what.replace('-', ' ')} not made?`,
      answer: `${upper(heldText(suppressed))}.`,
      reason,
      ...since(events, (data) => data.kind === 'link' && data.suppressed?.reason === reason),
      ...untilOf(until),
      ...policyIn(last),
    },
  ];
}

function leftDegraded(events: readonly ExplainedEvent[], last: LinkDecision): WhyNot {
  const { better_since, due_at, suppressed } = last;
  const question = `Why is the degraded link left on ${last.server_id ?? 'its server'}?`;
  const about = { question, ...since(events, ({ phase }) => phase === 'degraded'), ...policyIn(last) };
  if (suppressed) {
    const answer = `A move is called for, and ${heldText(suppressed)}.`;
    return { ...about, answer, reason: suppressed.reason, ...untilOf(suppressed.until) };
  }
  const [best] = weighed(events);
  if (better_since !== undefined) {
    const seconds = LINK_POLICY.betterWindowMs / 1000;
    const answer = `${best?.agent_id ?? 'A server'} is better, and must stay so for ${seconds} s before the link moves, drained.`;
    return { ...about, answer, reason: 'better-capacity', ...untilOf(due_at) };
  }
  const named =
    last.leave === 'unanswered-requests' ? 'It is to leave at once, and no other server fits' : undefined;
  if (best === undefined || named !== undefined) {
    const answer = `${named ?? 'No other server fits'}${excluded(events)}. It moves as soon as one does.`;
    return { ...about, answer, reason: 'no-other-server', ...untilOf(due_at) };
  }
  const answer = `The best other server, ${best.agent_id}, scores ${best.score}: not ${LINK_POLICY.betterMarginPoints} points more than the present path, which a move costs.`;
  return { ...about, answer, reason: 'no-better-server' };
}

function notLeft(events: readonly ExplainedEvent[], last: LinkDecision, leave: string): WhyNot {
  const reason = last.suppressed?.reason ?? 'no-other-server';
  const why = last.suppressed ? upper(heldText(last.suppressed)) : `No other agent fits${excluded(events)}`;
  return {
    question: `Why has the link not left ${last.server_id ?? 'its server'} (${leave})?`,
    answer: `${why}. It leaves as soon as it may.`,
    reason,
    ...since(events, (data) => data.kind === 'link' && data.leave === leave),
    ...untilOf(last.suppressed?.until ?? last.due_at),
    ...policyIn(last),
  };
}

function unplaced(events: readonly ExplainedEvent[], last: LinkDecision): WhyNot[] {
  if (last.placement !== undefined || last.asking !== undefined || last.suppressed !== undefined) return [];
  const clientAway = last.client_gone === true || last.reason.startsWith('client-');
  const answer = clientAway
    ? `${last.client_id} is gone or was not heard lately, and no other client can take the link: it is placed when one is heard.`
    : `No server can take it${excluded(events)}. It is placed as soon as one can.`;
  return [
    {
      question: 'Why does the link stand nowhere?',
      answer,
      reason: last.reason,
      ...since(events, (data) => data.kind === 'link' && data.placement === undefined),
      ...untilOf(last.due_at),
      ...policyIn(last),
    },
  ];
}

/** A DR client carries the link, and the client that asked for it does not have it back. */
function notBack(events: readonly ExplainedEvent[], last: LinkDecision): WhyNot[] {
  const asker = events.findLast(({ data }) => data.kind === 'link' && data.request !== undefined)?.data;
  const own = asker?.kind === 'link' ? asker.request?.client_id : undefined;
  const carrier = last.placement?.client_id;
  if (own === undefined || carrier === undefined || carrier === own) return [];
  const isAway = last.client_gone === true || isUnheardSince(events, carrier);
  const answer = last.client_gone
    ? `The life of ${own} that was known is over, and no later one asked for the link.`
    : isAway
      ? `${own} was lost, and did not ask for the link since.`
      : last.failback_at === undefined
        ? `${own} takes it back when an operator asks for a planned move; by itself only where its policy says so.`
        : `${own} is well again, and has it back if it stays so.`;
  return [
    {
      question: `Why does ${own} not carry the link again?`,
      answer,
      reason: isAway ? 'client-lost' : 'failback',
      ...since(events, (data) => data.kind === 'link' && data.placement?.client_id === carrier),
      ...untilOf(last.failback_at),
      ...policyIn(last),
    },
  ];
}

/** The client that asked for the link was lost when this other one took over, and was not told to stand by since. */
function isUnheardSince(events: readonly ExplainedEvent[], carrier: string): boolean {
  const from = events.findLastIndex(
    ({ data }) => data.kind === 'link' && data.placement?.client_id !== carrier,
  );
  const since = events.slice(from + 1).map(({ data }) => data);
  const [taken] = since;
  const isLoss = taken?.failover !== undefined && LOSSES.has(taken.failover.reason);
  return isLoss && since.every(({ reason }) => reason !== 'standby' && reason !== 'agent-returned');
}

const LOSSES: ReadonlySet<string> = new Set(['client-lost', 'agent-silent']);

/** The latest choice went elsewhere than to the peer. */
function notThePeers(events: readonly ExplainedEvent[]): WhyNot[] {
  const chosen = events.findLast(
    ({ data }) => data.kind === 'link' && data.placement !== undefined && 'peer' in data,
  );
  const epoch = events.at(-1)?.data.epoch;
  if (chosen?.data.kind !== 'link' || chosen.data.epoch !== epoch) return [];
  const { peer } = chosen.data;
  if (peer === undefined || peer.went === 'peer') return [];
  const answer = `${upper(wentBy(peer).slice(2))}.`;
  return [{ question: `Why did ${peer.peer_region} not choose the server?`, answer, reason: peer.outcome }];
}

/** Candidates of the newest decision that weighed any, those that may be chosen, the best first. */
function weighed(events: readonly ExplainedEvent[]): Candidate[] {
  const found = events.findLast(({ data }) => data.candidates !== undefined)?.data.candidates ?? [];
  return found.filter(({ excluded: why }) => why === undefined);
}

function excluded(events: readonly ExplainedEvent[]): string {
  const found = events.findLast(({ data }) => data.candidates !== undefined)?.data.candidates ?? [];
  const told = found.flatMap(({ agent_id, excluded: why }) =>
    why === undefined ? [] : [`${agent_id} is ${why}`],
  );
  return told.length === 0 ? '' : `: ${listed(told)}`;
}

const upper = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

function ofSession(events: readonly ExplainedEvent[], last: SessionDecision): WhyNot[] {
  const waits = waitsFor(last);
  if (waits === undefined) return [];
  const refused = turnedAway(events, last);
  const answer =
    refused === undefined
      ? waits
      : `${refused.identity} came with the code and was turned away (${refused.reason}), and nobody else came.`;
  return [
    {
      question: 'Why is the session not open?',
      answer,
      reason: refused?.reason ?? last.reason,
      ...since(events, ({ phase }) => phase === last.phase),
      ...untilOf(last.window_ends_at ?? last.due_at),
      ...policyIn(last),
    },
  ];
}

/** Who came last with the code of a session that still waits for somebody. */
function turnedAway(events: readonly ExplainedEvent[], last: SessionDecision): SessionDecision['rejected'] {
  if (last.phase !== 'code-issued') return undefined;
  const found = events.findLast(({ data }) => data.kind === 'session' && data.rejected !== undefined);
  return found?.data.kind === 'session' ? found.data.rejected : undefined;
}

function waitsFor({ phase, target, controller, placement }: SessionDecision): string | undefined {
  switch (phase) {
    case 'code-issued':
      return controller === undefined
        ? 'Nobody came with the code yet, and the controller is away.'
        : 'Nobody came with the code yet.';
    case 'target-attached':
      return 'The target was asked whether it agrees, and did not say yet.';
    case 'redirecting':
      return placement?.controller_attachment_id === undefined
        ? 'The controller is on its way to the broker of the target.'
        : 'Both ends are there, and the broker was told to splice them.';
    case 'draining':
      return 'It is: the relay stands while both ends go elsewhere.';
    case 'interrupted': {
      const away = [
        target === undefined ? 'the target' : '',
        controller === undefined ? 'the controller' : '',
      ];
      const named = away.filter((each) => each !== '');
      return named.length === 0
        ? 'Both ends are there again, and the relay is not spliced yet.'
        : `It waits for ${listed(named)} to come again.`;
    }
    default:
      return undefined;
  }
}
