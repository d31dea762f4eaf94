import { parseMessage, type ServerRequested } from '#libs/contracts';
import type { TraceContext } from '#libs/platform';
import type { PeerIdentity } from '#libs/relay';
import type { RequestFailoverRequest } from './gen/trunkline/control/v1/controller_pb.ts';
import { Refusal } from './refusal.ts';

/** Who calls, as the transport knows it. */
export interface Caller {
  /** Of its certificate; undefined: that names nobody. */
  readonly identity: PeerIdentity | undefined;
  /** Milliseconds since 1970; undefined: it set none. */
  readonly deadlineMs: number | undefined;
  /** The trace that the call is part of. */
  readonly trace?: TraceContext | undefined;
}

/**
 * The fact that a request becomes, once everything about it is right. Who calls is looked at first: a stranger
 * learns nothing about the rest.
 * @throws Refusal
 */
export function factOf(
  request: RequestFailoverRequest,
  caller: Caller,
  peerRegions: ReadonlySet<string>,
): ServerRequested {
  const { identity } = caller;
  if (identity?.kind !== 'central-controller' || !peerRegions.has(identity.region)) {
    throw new Refusal('unknown-peer', 'the certificate is not that of a controller of a peer region');
  }
  if (caller.deadlineMs === undefined) throw new Refusal('no-deadline', 'every call needs a deadline');
  const fact = {
    connection_id: request.connectionId,
    client_id: request.clientId,
    server_group: request.serverGroup,
    ...(request.failedServerId === '' ? {} : { failed_server_id: request.failedServerId }),
    reason: request.reason,
    // Beyond what a number holds it is no epoch, and is refused below.
    epoch: Number(request.epoch),
    requesting_region: request.requestingRegion,
  };
  const parsed = parseMessage<ServerRequested>('server-requested', fact);
  if (!parsed.ok) throw new Refusal('invalid-field', parsed.detail);
  // A name without a colon may be an agent's, whose own decisions stand under it.
  if (!fact.connection_id.includes(':')) {
    throw new Refusal('invalid-field', 'connection_id must be <client_id>:<name>');
  }
  if (fact.reason === '') throw new Refusal('invalid-field', 'reason must not be empty');
  if (fact.requesting_region !== identity.region) {
    throw new Refusal(
      'wrong-region',
      `the certificate speaks for ${identity.region}, not for ${fact.requesting_region}`,
    );
  }
  return parsed.data;
}
