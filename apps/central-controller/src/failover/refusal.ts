import { Metadata, type ServiceError, status } from '@grpc/grpc-js';

/** Why a request got no answer: the stable words of the trailing metadata, and the status each goes with. */
export const REFUSALS = {
  /** The caller's certificate is no controller's, or no peer's. */
  'unknown-peer': status.PERMISSION_DENIED,
  /** The caller's certificate speaks for another region than the request. */
  'wrong-region': status.PERMISSION_DENIED,
  'no-deadline': status.INVALID_ARGUMENT,
  'invalid-field': status.INVALID_ARGUMENT,
  /** Too many requests are open. */
  overloaded: status.RESOURCE_EXHAUSTED,
  /** It starts or stops, or can't read the log. */
  'not-ready': status.UNAVAILABLE,
  'log-unavailable': status.UNAVAILABLE,
  /** Nobody decided in time: the owner of the partition is busy or moving. */
  'not-decided': status.DEADLINE_EXCEEDED,
} as const;
export type RefusalCode = keyof typeof REFUSALS;

/** The trailing metadata that holds the word. */
export const REASON_KEY = 'trunkline-reason';

/** A request that gets no answer; grpc-js and Nest send it as it is. */
export class Refusal extends Error {
  constructor(
    readonly reason: RefusalCode,
    detail: string,
  ) {
    super(detail);
  }

  /** As grpc-js wants an error. */
  toStatus(): Pick<ServiceError, 'code' | 'details' | 'metadata'> {
    const metadata = new Metadata();
    metadata.set(REASON_KEY, this.reason);
    return { code: REFUSALS[this.reason], details: `${this.reason}: ${this.message}`, metadata };
  }
}
