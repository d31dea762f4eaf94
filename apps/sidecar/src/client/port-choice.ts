import type { PortAddress } from './application-port.ts';
import type { ClientLink } from './client-link.ts';

export interface PortChoice {
  readonly ports: readonly PortAddress[];
  /** Ports that a link of ours has for itself: connection id → port number. */
  readonly portOf: ReadonlyMap<string, number>;
  /** Links that this client requests itself: each keeps its port while it waits for a path. */
  readonly requested: ReadonlySet<string>;
}

/** A port, and whose it was until now: a link with nothing on it gives it up. */
export interface PortFound {
  readonly address: PortAddress;
  readonly instead: ClientLink | undefined;
}

/** A port for a link that has none yet: its own, or any that nobody has or needs; undefined when there is none. */
export function findPort(
  choice: PortChoice,
  links: readonly ClientLink[],
  connectionId: string,
  isDialling: (connectionId: string) => boolean,
): PortFound | undefined {
  const address = freeAddress(choice, links, connectionId);
  if (address !== undefined) return { address, instead: undefined };
  const instead = idleLink(choice, links, isDialling);
  return instead === undefined ? undefined : { address: instead.port.address, instead };
}

function freeAddress(
  { ports, portOf }: PortChoice,
  links: readonly ClientLink[],
  connectionId: string,
): PortAddress | undefined {
  const taken = new Set(links.map((link) => link.port.address.port));
  const reserved = new Set(portOf.values());
  const own = portOf.get(connectionId);
  return ports.find(({ port }) =>
    own === undefined ? !taken.has(port) && !reserved.has(port) : port === own && !taken.has(port),
  );
}

/** A link with nothing on it, whose connect failed or whose path was lost: another may have its port. */
function idleLink(
  { requested }: PortChoice,
  links: readonly ClientLink[],
  isDialling: (connectionId: string) => boolean,
): ClientLink | undefined {
  return links.find(
    ({ connectionId, current, port }) =>
      current === undefined && !port.isConnected && !isDialling(connectionId) && !requested.has(connectionId),
  );
}
