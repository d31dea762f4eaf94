import type { LinkDecision } from '#libs/contracts';
import { isStanding } from './chain.ts';
import type { ExplainedEvent, FirstCause } from './types.ts';
import { evidenceOf, type Told, type Why, wordOf } from './words.ts';

type Link = Told<LinkDecision>;

/** The placement that a decision is about: the one before it, unless there was none. */
export const pathOf = ({ data, before }: Link): LinkDecision['placement'] =>
  before?.placement ?? data.placement;

/** What an end saw when the path ended, with the other end's name in it. */
const SEEN: Readonly<Record<string, (other: string, self: string) => string>> = {
  'peer-reset': (other, self) =>
    `the connection to ${other} was reset, as ${self} saw: its process was killed, or its machine dropped it`,
  'peer-closed': (other, self) => `${other} closed the connection, as ${self} saw`,
  'keepalive-timeout': (other, self) =>
    `no keepalive of ${other} came back to ${self}: it stands still, or the way between them is cut`,
  'protocol-error': (other, self) => `${self} was sent by ${other} what is none of the protocol`,
  'lease-lapsed': (_other, self) => `${self} lost its lease: Kafka took no health report of it for too long`,
  asleep: (_other, self) => `${self} was asleep and stopped carrying`,
  'backend-lost': (_other, self) => `${self} has no application behind it any more`,
  'application-closed': (_other, self) => `the application of ${self} closed its connection`,
  shutdown: (_other, self) => `${self} shut down`,
};

/** Reasons for which the end that saw it is the one that failed. */
const OWN: ReadonlySet<string> = new Set([
  'lease-lapsed',
  'asleep',
  'backend-lost',
  'application-closed',
  'shutdown',
]);

/** A path was lost. Who reported it stands in the evidence by kind, and in the decision before by name. */
export function lossOf(told: Link, to: 'client' | 'server'): Why {
  const placement = pathOf(told);
  const [client, server] = [
    placement?.client_id ?? 'the client',
    placement?.server_id ?? told.data.failover?.from ?? 'the server',
  ];
  const failed = to === 'client' ? client : server;
  const detail = wordOf(told, 'reason', 'connection-lost');
  const seenBy = wordOf(told, 'observed_by', 'connection-lost');
  const blamed = placement === undefined ? {} : { agent_id: failed };
  if (detail === undefined) {
    const gone = told.data.client_gone && to === 'client' ? ': its life is over' : '';
    return { text: `${failed} no longer carries the path${gone}`, ...blamed };
  }
  const byServer = seenBy === 'server-sidecar' || (OWN.has(detail) && to === 'server');
  const [self, other] = byServer ? [server, client] : [client, server];
  const text = SEEN[detail]?.(other, self) ?? `${self} lost the path to ${other} (${detail})`;
  return { text, detail, ...blamed };
}

/** A client of which a server heard nothing, and that carries the link on in the same life, was not lost: the way was. */
export function blamedOnWay(cause: FirstCause, events: readonly ExplainedEvent[], first: number): FirstCause {
  const before = events[first - 1]?.data;
  const lost = before?.kind === 'link' ? before.placement : undefined;
  if (cause.reason !== 'client-lost' || cause.detail !== 'keepalive-timeout' || lost === undefined)
    return cause;
  const goesOn = events.slice(first + 1).some(({ data }) => {
    if (data.kind !== 'link' || data.placement === undefined || !isStanding(data)) return false;
    const { client_id, client_incarnation, epoch } = data.placement;
    return (
      client_id === lost.client_id && client_incarnation === lost.client_incarnation && epoch > lost.epoch
    );
  });
  if (!goesOn) return cause;
  const text = `No keepalive of ${lost.client_id} came back to ${lost.server_id}, and ${lost.client_id} carries on: the way between them was cut, or it stood still for a while.`;
  return { ...cause, reason: 'peer-lost', agent_id: lost.server_id, text };
}

/** What lowered a health score, the most of it first. */
export function termsOf(told: Link): string {
  const evidence = evidenceOf(told);
  const values = (evidence?.type === 'connection-degraded' && evidence.values) || {};
  const terms = Object.entries(values).filter(
    ([name, points]) => typeof points === 'number' && points > 0 && !NO_TERMS.has(name),
  ) as [string, number][];
  return terms
    .sort(([, one], [, other]) => other - one)
    .map(([name, points]) => `${name} −${round(points)}`)
    .join(', ');
}

const NO_TERMS: ReadonlySet<string> = new Set(['health_score', 'unanswered_ratio']);

export const round = (value: number): string => String(Math.round(value * 10) / 10);

export function percent(ratio: string | undefined): string | undefined {
  const value = Number(ratio);
  return ratio === undefined || Number.isNaN(value) ? undefined : `${round(value * 100)} %`;
}
