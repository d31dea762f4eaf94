import type { LinkDecision } from '#libs/contracts';

/** Beyond any time: a set ordered by name then has the newest first. */
const FAR_FUTURE_MS = 9_999_999_999_999;

/** The epoch in `<connection_id>~<epoch>`: what orders the failovers of one connection. */
export function ledgerScore(failoverId: string): number {
  const epoch = Number(failoverId.slice(failoverId.lastIndexOf('~') + 1));
  return Number.isSafeInteger(epoch) ? epoch : 0;
}

export function connectionOfFailover(failoverId: string): string {
  return failoverId.slice(0, failoverId.lastIndexOf('~'));
}

/** A decision's member in the list of all failovers; none when it is about no failover. */
export function failoverMember({ failover }: LinkDecision): string[] {
  if (!failover) return [];
  const age = FAR_FUTURE_MS - Date.parse(failover.detected_at);
  return [`${String(age).padStart(13, '0')}|${failover.failover_id}`];
}

export function failoverOfMember(member: string): string {
  return member.slice(member.indexOf('|') + 1);
}
