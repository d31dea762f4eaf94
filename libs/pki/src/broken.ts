import { createAuthority, issueLeaf, type KeyPairPem } from './certificates.ts';
import type { Member } from './directory.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Certificates that no peer may accept, each wrong in one way. */
export interface BrokenLeaves {
  readonly expired: KeyPairPem;
  readonly notYetValid: KeyPairPem;
  /** Signed by the right authority, for somebody else. */
  readonly otherIdentity: KeyPairPem;
  /** Says everything right, signed by an authority nobody knows. */
  readonly otherAuthority: KeyPairPem;
}

/** For tests of whoever checks certificates. */
export async function brokenLeaves(
  authority: KeyPairPem,
  member: Member,
  nowMs: number,
): Promise<BrokenLeaves> {
  const issue = (options: { notBeforeMs?: number; notAfterMs?: number; uri?: string }) =>
    issueLeaf(authority, { ...member, ...options }, nowMs);
  return {
    expired: await issue({ notBeforeMs: nowMs - 2 * DAY_MS, notAfterMs: nowMs - DAY_MS }),
    notYetValid: await issue({ notBeforeMs: nowMs + DAY_MS, notAfterMs: nowMs + 2 * DAY_MS }),
    otherIdentity: await issue({ uri: `${member.uri}-other` }),
    otherAuthority: await issueLeaf(await createAuthority('Another CA', nowMs), member, nowMs),
  };
}
