import { HEADER } from '#libs/contracts';
import type { TraceContext } from '#libs/platform';

const TRACEPARENT = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/;
/** What Trace Context asks everybody to pass on at least; longer ones are left out, as it allows. */
const TRACESTATE_LENGTH = 512;

/** What a call says it is part of, over HTTP or gRPC; a broken `traceparent` is as good as none, says Trace Context. */
export function traceIn(headers: Readonly<Record<string, unknown>>): TraceContext | undefined {
  const { [HEADER.traceparent]: traceparent, [HEADER.tracestate]: tracestate } = headers;
  if (typeof traceparent !== 'string' || !TRACEPARENT.test(traceparent)) return undefined;
  const isState =
    typeof tracestate === 'string' && tracestate !== '' && tracestate.length <= TRACESTATE_LENGTH;
  return isState ? { traceparent, tracestate } : { traceparent };
}
