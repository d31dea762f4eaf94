import { MAX_KNOWN_CONNECTIONS } from '#libs/agent';
import { TIMING } from '#libs/contracts';
import { splitAddress, type TlsIdentity } from '#libs/relay';
import type { SidecarConfig } from '../config.ts';
import type { SidecarContext } from '../context.ts';
import { trafficSettings } from '../traffic/settings.ts';
import type { PortAddress } from './application-port.ts';
import { ClientCarrier } from './client-carrier.ts';
import { ControlClient } from './control-client.ts';

/** The client role, as configured. */
export function clientCarrier(
  config: Readonly<SidecarConfig>,
  agent: SidecarContext,
  tls: TlsIdentity,
): ClientCarrier {
  const { path, ...link } = trafficSettings(config, () => agent.clock.monotonicMs());
  const ports = config.applicationPorts.map((text) => portAddress(text, config.applicationHost));
  const portOf = new Map(
    config.links.flatMap((wanted): [string, number][] =>
      wanted.port === undefined ? [] : [[wanted.connection_id, wanted.port]],
    ),
  );
  return new ClientCarrier(
    {
      ports,
      portOf,
      requested: new Set(config.links.map((wanted) => wanted.connection_id)),
      regions: config.regions ?? [config.region],
      link: { ...link, cutover: config.cutover, drainMs: config.drainMs },
      path,
      tls,
      // A command begun at its very expiry is still answered before it is given up.
      connectLimitMs: TIMING.commandGiveUpMs - TIMING.commandExpiryMs,
      maxConnections: MAX_KNOWN_CONNECTIONS,
      applicationAwayMs: config.applicationAwayMs,
    },
    agent,
    new ControlClient(config.controlUrl, agent.log),
  );
}

function portAddress(text: string, listenHost: string): PortAddress {
  if (!text.startsWith('dial:')) return { mode: 'listen', host: listenHost, port: Number(text) };
  return { mode: 'dial', ...splitAddress(text.slice('dial:'.length)) };
}

/** Said once in each life, after a report of that life stands in the log: before it, nobody would place here. */
export function requestLinks(config: Readonly<SidecarConfig>, agent: SidecarContext): void {
  for (const wanted of config.links) {
    const { port: _port, ...request } = wanted;
    agent.facts.publish('connection-request', wanted.connection_id, {
      ...request,
      kind: 'link',
      client_id: agent.identity.agentId,
      agent_id: agent.identity.agentId,
      incarnation: agent.vigil.incarnation,
      home_region: agent.identity.region,
    });
  }
}
