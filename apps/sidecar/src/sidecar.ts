import { readFileSync } from 'node:fs';
import { type AgentKind, spiffeId, TIMING, TOPIC, topicName } from '#libs/contracts';
import { type Clock, createRegistry, type Logger, type Registry } from '#libs/platform';
import { type LinkListener, rehearseDial, type TlsIdentity } from '#libs/relay';
import { type AgentContext, type Carrier, TICK_MS } from './agent/agent.ts';
import { CommandDesk } from './agent/command-desk.ts';
import { FactOutbox } from './agent/fact-outbox.ts';
import { HealthReporter } from './agent/health-reporter.ts';
import { gaugeOf, SidecarMetrics } from './agent/metrics.ts';
import type { FactSink } from './agent/ports.ts';
import { Vigil } from './agent/vigil.ts';
import { clientCarrier, requestLinks } from './client/client-role.ts';
import type { SidecarConfig } from './config.ts';
import { listen, serverCarrier } from './server/server-role.ts';

const SOFTWARE_VERSION = 'trunkline-sidecar/0.1.0';
const SHUTDOWN_FLUSH_MS = 3_000;

export interface Sidecar {
  readonly agent: AgentContext;
  readonly carrier: Carrier;
  readonly desk: CommandDesk;
  readonly reporter: HealthReporter;
  readonly registry: Registry;
  /** Where client sidecars dial; undefined in the client role. */
  readonly linkPort: number | undefined;
  /** Begins to report, and so to be placed on. */
  start(): void;
  /** Stops carrying, says so, and returns when that is out or the time for it is over. */
  stop(): Promise<void>;
}

export interface SidecarDependencies {
  readonly sink: FactSink;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Builds the sidecar of one role from its configuration. */
export async function createSidecar(
  config: Readonly<SidecarConfig>,
  dependencies: SidecarDependencies,
): Promise<Sidecar> {
  const { sink, clock, log } = dependencies;
  const kind: AgentKind = config.role === 'client' ? 'client-sidecar' : 'server-sidecar';
  const identity = { agentId: config.agentId, kind, region: config.region };
  const source = spiffeId(config.region, kind, config.agentId);
  const tls = readTls(config);
  // Told of, and not fatal: what its peers make of its certificate is for them to say.
  await rehearseDial(tls).catch((error: unknown) => log.error({ err: error }, 'a dial to itself failed'));
  const registry = createRegistry(config.agentId);
  const metrics = new SidecarMetrics(registry);
  const vigil = new Vigil({ clock, leaseMs: config.leaseMs, asleepMs: TIMING.asleepMs });
  const facts = new FactOutbox(sink, clock, log, {
    topic: topicName(config.region, TOPIC.connectionStatus),
    source,
    maxWaiting: config.factsWaiting,
    dropped: () => metrics.factsDropped.inc({ reason: 'buffer-full' }),
  });
  let reporter: HealthReporter | undefined;
  const agent: AgentContext = {
    identity,
    clock,
    log,
    vigil,
    facts,
    metrics,
    changed: () => reporter?.want(),
  };

  const server = config.role === 'server' ? serverCarrier(config, agent) : undefined;
  const carrier: Carrier = server ?? clientCarrier(config, agent, tls);
  const listener = server === undefined ? undefined : await listen(config, agent, server, tls);
  reporter = new HealthReporter(sink, agent, carrier, {
    topic: topicName(config.region, TOPIC.healthReports),
    source,
    intervalMs: config.reportIntervalMs,
    leaseMs: config.leaseMs,
    location: config.location ?? config.region,
    ...(server === undefined ? {} : { serverGroup: config.serverGroup }),
    address: config.address ?? ownAddress(config, listener),
    softwareVersion: SOFTWARE_VERSION,
    acknowledged: () => {
      if (config.role === 'client') requestLinks(config, agent);
    },
  });
  const running = reporter;
  vigil.watch({
    stop: (reason) => {
      log.error({ reason }, 'everything carried stops');
      carrier.stopAll(reason);
    },
    begun: (incarnation) => {
      log.warn({ incarnation }, 'a new incarnation begins');
      running.want();
    },
  });
  registerGauges(registry, agent, carrier);
  return assemble(agent, carrier, running, registry, listener);
}

function assemble(
  agent: AgentContext,
  carrier: Carrier,
  reporter: HealthReporter,
  registry: Registry,
  listener: LinkListener | undefined,
): Sidecar {
  let ticker: NodeJS.Timeout | undefined;
  const desk = new CommandDesk(agent, carrier);
  return {
    agent,
    carrier,
    desk,
    reporter,
    registry,
    linkPort: listener?.port,
    start: () => {
      ticker ??= setInterval(() => {
        agent.vigil.look();
        carrier.tick();
        reporter.tick();
      }, TICK_MS);
    },
    stop: async () => {
      clearInterval(ticker);
      desk.drain();
      carrier.stopAll('shutdown');
      reporter.drain();
      void listener?.close();
      await Promise.race([
        Promise.all([agent.facts.flush(SHUTDOWN_FLUSH_MS), reporter.send()]),
        new Promise((resolve) => setTimeout(resolve, SHUTDOWN_FLUSH_MS).unref()),
      ]);
      agent.facts.close();
      if (agent.facts.length > 0) {
        agent.metrics.factsDropped.inc({ reason: 'shutdown' }, agent.facts.length);
        agent.log.error({ facts: agent.facts.length }, 'facts were dropped: Kafka did not take them in time');
      }
    },
  };
}

function readTls(config: Readonly<SidecarConfig>): TlsIdentity {
  return {
    ca: readFileSync(config.tlsCa),
    cert: readFileSync(config.tlsCert),
    key: readFileSync(config.tlsKey),
  };
}

function registerGauges(registry: Registry, agent: AgentContext, carrier: Carrier): void {
  gaugeOf(registry, 'carrying', 'Connections whose path stands', () => carrier.carrying);
  gaugeOf(registry, 'held_messages', 'Requests that wait for a path or a backend', () => carrier.held);
  gaugeOf(registry, 'capacity', 'Connections it takes at most', () => carrier.capacity);
  gaugeOf(registry, 'lease_left_seconds', 'Time left of the lease', () => agent.vigil.leaseLeftMs / 1_000);
  gaugeOf(registry, 'facts_waiting', 'Facts that wait for Kafka', () => agent.facts.length);
}

function ownAddress(config: Readonly<SidecarConfig>, listener: LinkListener | undefined): string {
  if (listener !== undefined) {
    const host = config.linkHost.includes(':') ? `[${config.linkHost}]` : config.linkHost;
    return `${host}:${listener.port}`;
  }
  const [first] = config.applicationPorts;
  return first?.startsWith('dial:') === false
    ? `${config.applicationHost}:${first}`
    : `127.0.0.1:${config.adminPort}`;
}
