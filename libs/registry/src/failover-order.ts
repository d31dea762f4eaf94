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
  return [memberOf(failover)];
}

export function memberOf({ failover_id, detected_at }: { failover_id: string; detected_at: string }): string {
  return `${ageOf(Date.parse(detected_at))}|${failover_id}`;
}

/** What a member begins with, of what was detected then. Of two, the newer one sorts first; before 1970 all is as old. */
export function ageOf(ms: number): string {
  const age = FAR_FUTURE_MS - Math.min(Math.max(ms, 0), FAR_FUTURE_MS);
  return String(age).padStart(String(FAR_FUTURE_MS).length, '0');
}

export function failoverOfMember(member: string): string {
  return member.slice(member.indexOf('|') + 1);
}
