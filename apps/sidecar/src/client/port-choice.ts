import type { PortAddress } from './application-port.ts';
import type { ClientLink } from './client-link.ts';

export interface PortChoice {
  readonly ports: readonly PortAddress[];
  /** Ports that a link of ours has for itself: connection id → port number. */
  readonly portOf: ReadonlyMap<string, number>;
  /** Links that this client requests itself: each keeps its port while it waits for a path. */
  readonly requested: ReadonlySet<string>;
}

/** A port for a link that has none yet: its own, or any that nobody has. */
export function freeAddress(
  { ports, portOf }: PortChoice,
  links: Iterable<ClientLink>,
  connectionId: string,
): PortAddress | undefined {
  const taken = new Set([...links].map((link) => link.port.address.port));
  const reserved = new Set(portOf.values());
  const own = portOf.get(connectionId);
  return ports.find(({ port }) =>
    own === undefined ? !taken.has(port) && !reserved.has(port) : port === own && !taken.has(port),
  );
}

/** A link with nothing on it, whose connect failed or whose path was lost: another may have its port. */
export function idleLink(
  { requested }: PortChoice,
  links: Iterable<ClientLink>,
  isDialling: (connectionId: string) => boolean,
): ClientLink | undefined {
  return [...links].find(
    ({ connectionId, current, port }) =>
      current === undefined && !port.isConnected && !isDialling(connectionId) && !requested.has(connectionId),
  );
}
