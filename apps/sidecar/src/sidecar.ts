import { type AgentDependencies, AgentRun, type Carrying, readTls } from '#libs/agent';
import { SIDECAR_COMMANDS, type SidecarCommand, type SidecarCommandName, TIMING } from '#libs/contracts';
import { certificateMetrics, createRegistry, type Registry } from '#libs/platform';
import { type LinkListener, rehearseDial, type TlsIdentity } from '#libs/relay';
import { clientCarrier, requestLinks } from './client/client-role.ts';
import type { SidecarConfig } from './config.ts';
import type { LinkCarrier, SidecarContext } from './context.ts';
import { SidecarMetrics } from './metrics.ts';
import { listen, serverCarrier } from './server/server-role.ts';

const SOFTWARE_VERSION = 'trunkline-sidecar/0.1.0';

/** Commands that open a path. */
const CARRYING: readonly SidecarCommandName[] = ['accept-client', 'connect', 'activate-dr-client'];

export interface Sidecar {
  readonly agent: SidecarContext;
  readonly carrier: LinkCarrier;
  readonly desk: AgentRun<SidecarMetrics, SidecarCommand>['desk'];
  readonly reporter: AgentRun<SidecarMetrics, SidecarCommand>['reporter'];
  readonly registry: Registry;
  /** Where client sidecars dial; undefined in the client role. */
  readonly linkPort: number | undefined;
  /** Begins to report, and so to be placed on. */
  start(): void;
  /** Stops carrying, says so, and returns when that is out or the time for it is over. */
  stop(): Promise<void>;
}

/** Builds the sidecar of one role from its configuration. */
export async function createSidecar(
  config: Readonly<SidecarConfig>,
  dependencies: AgentDependencies,
): Promise<Sidecar> {
  const tls = readTls(config);
  const { log } = dependencies;
  // Told of, and not fatal: what its peers make of its certificate is for them to say.
  await rehearseDial(tls).catch((error: unknown) => log.error({ err: error }, 'a dial to itself failed'));
  const registry = dependencies.metrics ?? createRegistry('sidecar', config.region);
  certificateMetrics(registry, { own: tls.cert, authority: tls.ca });
  const metrics = new SidecarMetrics(registry);
  let listener: LinkListener | undefined;
  const { run, carrier } = await AgentRun.create<SidecarMetrics, LinkCarrier, SidecarCommand>(
    {
      ...config,
      kind: `${config.role}-sidecar`,
      location: config.location ?? config.region,
      asleepMs: TIMING.asleepMs,
      softwareVersion: SOFTWARE_VERSION,
    },
    dependencies,
    metrics,
    { names: SIDECAR_COMMANDS, carrying: CARRYING },
    async (agent) => {
      if (config.role === 'client') return clientRole(config, agent, tls);
      const server = serverCarrier(config, agent);
      listener = await listen(config, agent, server, tls);
      const address = config.address ?? listenAddress(config.linkHost, listener.port);
      return { carrier: server, carrying: { address, serverGroup: config.serverGroup } };
    },
  );
  const { agent, desk, reporter } = run;
  metrics.gauge('held_messages', 'Requests that wait for a path or a backend', () => carrier.held);
  metrics.gauge('lease_left_seconds', 'Time left of the lease', () => agent.vigil.leaseLeftMs / 1_000);
  return {
    ...{ agent, carrier, desk, reporter, registry, linkPort: listener?.port },
    start: () => run.start(),
    stop: () => {
      void listener?.close();
      return run.stop();
    },
  };
}

function clientRole(
  config: Readonly<SidecarConfig>,
  agent: SidecarContext,
  tls: TlsIdentity,
): { carrier: LinkCarrier; carrying: Carrying } {
  const [first] = config.applicationPorts;
  const own =
    first?.startsWith('dial:') === false
      ? `${config.applicationHost}:${first}`
      : `127.0.0.1:${config.adminPort}`;
  return {
    carrier: clientCarrier(config, agent, tls),
    carrying: { address: config.address ?? own, acknowledged: () => requestLinks(config, agent) },
  };
}

function listenAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
