import type { Outcome } from './session-matrix.ts';
import { STEPS } from './session-matrix-steps.ts';

/** What each cell may have begun with, as explain is to say: what was struck, or what had brought it to its step. */
export function isTrueCause({ phase, program, kind, cause }: Outcome): boolean {
  if (cause === undefined) return false;
  const { reason, detail, agent_id } = cause;
  switch (phase) {
    case 'ended':
      return reason === 'hung-up';
    case 'expired':
      return reason === 'expired';
    case 'rejected':
      return reason === 'unknown-code';
    case 'draining':
      return reason === 'operator-request' && detail === 'matrix';
    case 'interrupted':
      return reason === 'target-lost';
    case 'open':
      if (program === 'control loop') return reason === 'requested';
      if (program === 'broker') return BROKER_LEFT.has(reason) && agent_id === STEPS[phase].broker;
      // A sleep that nobody noticed changed nothing.
      return reason === `${program}-lost` || (kind === 'session' && reason === 'requested');
    default:
      if (kind === 'session') return reason === 'requested';
      return reason === `${program}-lost` || IN_TIME.has(reason);
  }
}

const BROKER_LEFT: ReadonlySet<string> = new Set(['broker-lost', 'target-attached', 'controller-attached']);
/** Nobody did in time what came next: nothing tells of who was struck before it ever came. */
const IN_TIME: ReadonlySet<string> = new Set(['expired', 'no-consent', 'not-redirected', 'window-over']);
