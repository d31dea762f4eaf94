import { SESSION_REFUSALS, type SessionPayloads, type SessionRefusal } from '#libs/relay';
import { EndpointError, type EndpointErrorCode, isErrorCode } from './errors.ts';

export type RefusalKind = (typeof SESSION_REFUSALS)[SessionRefusal];

/** What may be done about a refusal; one with an unknown word is final. */
export function refusalKind(reason: string): RefusalKind {
  return Object.hasOwn(SESSION_REFUSALS, reason) ? SESSION_REFUSALS[reason as SessionRefusal] : 'final';
}

export function refusalError(refused: SessionPayloads['refused']): EndpointError {
  const { reason, retry_after_ms } = refused;
  const code: EndpointErrorCode = isErrorCode(reason) ? reason : 'closed';
  return new EndpointError(code, code === reason ? undefined : reason, retry_after_ms);
}
