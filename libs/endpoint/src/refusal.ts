import { SESSION_REFUSALS, type SessionPayloads, type SessionRefusal } from '#libs/relay';
import { EndpointError, type EndpointErrorCode, isErrorCode } from './errors.ts';

export type RefusalKind = (typeof SESSION_REFUSALS)[SessionRefusal];

/** What may be done about a refusal; one with an unknown word is final. */
export function refusalKind(reason: string): RefusalKind {
  return Object.hasOwn(SESSION_REFUSALS, reason) ? SESSION_REFUSALS[reason as SessionRefusal] : 'final';
}

export function refusalError(refused: SessionPayloads['refused']): EndpointError {
  const { reason, retry_after_ms, broker_id, address } = refused;
  const code: EndpointErrorCode = isErrorCode(reason) ? reason : 'closed';
  const elsewhere =
    broker_id === undefined || address === undefined ? undefined : { brokerId: broker_id, address };
  return new EndpointError(code, code === reason ? undefined : reason, retry_after_ms, elsewhere);
}

/** After these the endpoints may attach again; after every other word of a `bye` the session is over. */
const PASSING_ENDS = ['controller-lost', 'target-lost', 'shutdown', 'moved', 'superseded'];

export function isFinalEnd(reason: string): boolean {
  return !PASSING_ENDS.includes(reason);
}
