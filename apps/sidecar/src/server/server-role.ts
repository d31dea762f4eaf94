import { readFileSync } from 'node:fs';
import { MAX_KNOWN_CONNECTIONS } from '#libs/agent';
import { TIMING } from '#libs/contracts';
import { type LinkListener, listenForLinks, type TlsIdentity } from '#libs/relay';
import type { SidecarConfig } from '../config.ts';
import type { PoolEntryConfig } from '../config-lists.ts';
import type { SidecarContext } from '../context.ts';
import { trafficSettings } from '../traffic/settings.ts';
import { BackendPool, type PoolEntry } from './backend-pool.ts';
import { ServerCarrier } from './server-carrier.ts';

const BACKEND_DIAL_TIMEOUT_MS = 1_000;
const PREFACE_TIMEOUT_MS = 2_000;
/** Dials that wait for their accept-client, or that have not said yet who they are. */
const MAX_WAITING_DIALS = 1_000;

/** The server role, as configured. */
export function serverCarrier(config: Readonly<SidecarConfig>, agent: SidecarContext): ServerCarrier {
  const pool = new BackendPool(config.pool.map(poolEntry), {
    dialTimeoutMs: BACKEND_DIAL_TIMEOUT_MS,
    nowMs: () => agent.clock.monotonicMs(),
  });
  return new ServerCarrier(
    {
      capacity: config.capacity,
      link: { ...trafficSettings(config, () => agent.clock.monotonicMs()), cutover: config.cutover },
      earlyDialMs: TIMING.earlyDialMs,
      armedMs: 2 * TIMING.commandGiveUpMs,
      maxParked: MAX_WAITING_DIALS,
      maxConnections: MAX_KNOWN_CONNECTIONS,
    },
    pool,
    agent,
  );
}

function poolEntry(entry: PoolEntryConfig): PoolEntry {
  const { tls } = entry;
  return {
    host: entry.host,
    port: entry.port,
    maxConnections: entry.max_connections,
    ...(entry.source_address === undefined ? {} : { sourceAddress: entry.source_address }),
    ...(tls === undefined
      ? {}
      : {
          tls: {
            ...(tls.ca === undefined ? {} : { ca: readFileSync(tls.ca) }),
            ...(tls.cert === undefined ? {} : { cert: readFileSync(tls.cert) }),
            ...(tls.key === undefined ? {} : { key: readFileSync(tls.key) }),
            ...(tls.server_name === undefined ? {} : { serverName: tls.server_name }),
          },
        }),
  };
}

/** Lets client sidecars dial. */
export function listen(
  config: Readonly<SidecarConfig>,
  agent: SidecarContext,
  carrier: ServerCarrier,
  tls: TlsIdentity,
): Promise<LinkListener> {
  const regions = config.regions ?? [config.region];
  return listenForLinks({
    host: config.linkHost,
    port: config.linkPort,
    tls,
    prefaceTimeoutMs: PREFACE_TIMEOUT_MS,
    maxConnections: carrier.capacity + MAX_WAITING_DIALS,
    isAllowed: (peer) => peer.kind === 'client-sidecar' && regions.includes(peer.region),
    dialled: (dial) => carrier.dialled(dial),
    refused: (reason) => {
      agent.metrics.dialsRefused.inc({ reason });
      agent.log.warn({ reason }, 'dial refused');
    },
  });
}
