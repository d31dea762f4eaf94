import { LINK_POLICY } from '../policy.ts';
import type { BackoffState } from './state.ts';

/** How far a link holds a failure against an agent. */
export type Blame =
  /** A server: waits from the first failure on, so that others come first. */
  | 'server'
  /** A server that takes requests and does not answer them: it looks well, so only time is a remedy. */
  | 'swallows'
  /** A client: the first failure is free, since only this client can carry the link. */
  | 'client'
  /** This life is over; only a later one counts. */
  | 'gone';

export interface Failure {
  readonly agent_id: string;
  readonly incarnation: string;
  readonly blame: Blame;
}

/** The back-offs after a failure: doubling while failures follow each other, bounded, the forgotten dropped. */
export function withFailure(
  backoffs: readonly BackoffState[],
  failure: Failure,
  nowMs: number,
): readonly BackoffState[] {
  const { agent_id, incarnation, blame } = failure;
  const known = remembered(backoffs, nowMs);
  const before = known.find((each) => isOf(each, agent_id, incarnation));
  const failures = (before?.failures ?? 0) + 1;
  const entry = {
    agent_id,
    incarnation,
    failures,
    failedMs: nowMs,
    untilMs: nowMs + waitMs(blame, failures),
  };
  return [entry, ...known.filter((each) => each !== before)].slice(0, LINK_POLICY.backoffsPerLink);
}

function waitMs(blame: Blame, failures: number): number {
  const { serverBackoffMs, clientBackoffMs, backoffMaxMs, backoffForgetMs } = LINK_POLICY;
  switch (blame) {
    case 'server':
      return Math.min(serverBackoffMs * 2 ** (failures - 1), backoffMaxMs);
    case 'client':
      return failures === 1 ? 0 : Math.min(clientBackoffMs * 2 ** (failures - 2), backoffMaxMs);
    case 'swallows':
      return backoffMaxMs;
    case 'gone':
      return backoffForgetMs;
    default:
      return blame satisfies never;
  }
}

/** Those that still count. */
export function remembered(backoffs: readonly BackoffState[], nowMs: number): readonly BackoffState[] {
  return backoffs.filter((each) => nowMs < each.failedMs + LINK_POLICY.backoffForgetMs);
}

/** What still counts once a placement stands: lives that are over, and failures so late that the next may follow them. */
export function afterSuccess(backoffs: readonly BackoffState[], nowMs: number): readonly BackoffState[] {
  const late = remembered(backoffs, nowMs).filter((each) => nowMs - each.failedMs < LINK_POLICY.settledMs);
  return [...late, ...lifeOver(backoffs).filter((each) => !late.includes(each))];
}

/** Those of lives that are known to be over. */
export function lifeOver(backoffs: readonly BackoffState[]): readonly BackoffState[] {
  return backoffs.filter((each) => each.untilMs - each.failedMs >= LINK_POLICY.backoffForgetMs);
}

/** Until when this life of the agent is not tried; absent: nothing is held against it. */
export function backoffUntilMs(
  backoffs: readonly BackoffState[],
  agentId: string,
  incarnation: string,
): number | undefined {
  return backoffs.find((each) => isOf(each, agentId, incarnation))?.untilMs;
}

/** As `backoffUntilMs`, for the servers of a link; all that failed share a pace when many did. */
export function serverUntilMs(
  backoffs: readonly BackoffState[],
  clientIds: readonly (string | undefined)[],
): (agentId: string, incarnation: string) => number | undefined {
  const servers = backoffs.filter((each) => !clientIds.includes(each.agent_id));
  const paceMs = paceUntilMs(servers);
  // A link that can't remember more failures no longer knows which servers did not fail.
  const isFull = backoffs.length >= LINK_POLICY.backoffsPerLink;
  return (agentId, incarnation) => {
    const untilMs = backoffUntilMs(servers, agentId, incarnation);
    if (untilMs === undefined && !isFull) return undefined;
    return Math.max(untilMs ?? 0, paceMs);
  };
}

function paceUntilMs(servers: readonly BackoffState[]): number {
  const { unpacedFailures, serverBackoffMs, backoffMaxMs } = LINK_POLICY;
  const failures = servers.reduce((total, each) => total + each.failures, 0);
  if (failures <= unpacedFailures) return 0;
  const latestMs = Math.max(...servers.map((each) => each.failedMs));
  return latestMs + Math.min(serverBackoffMs * 2 ** (failures - unpacedFailures - 1), backoffMaxMs);
}

const isOf = (each: BackoffState, agentId: string, incarnation: string): boolean =>
  each.agent_id === agentId && each.incarnation === incarnation;
