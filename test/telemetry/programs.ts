import { TIMING } from '#libs/contracts';
import { MemoryBroker } from '#libs/log';
import {
  createAdminServer,
  createLogger,
  createRegistry,
  createTracing,
  type Registry,
  systemClock,
} from '#libs/platform';
import { ControllerConfig } from '../../apps/central-controller/src/config.ts';
import { createApp } from '../../apps/central-controller/src/http/create-app.ts';
import { wanMetrics } from '../../apps/wan-simulator/src/metrics.ts';
import { World as BrokerWorld } from '../integration/broker/harness.ts';
import { World as SidecarWorld } from '../integration/sidecar/harness.ts';
import { peerPki } from '../support/peer-pki.ts';

/** The registries of all programs, as their own code fills them, and what ends them. */
export interface Programs {
  readonly registries: ReadonlyMap<string, readonly Registry[]>;
  stop(): Promise<void>;
}

const SILENT = createLogger({ name: 'test', level: 'silent' });
/** Nothing listens there; a registry that is away changes no metric's name. */
const NO_REDIS = 'redis://127.0.0.1:1';

/** Each program built by the code that builds it in production, without Kafka and Redis. */
export async function programsBuilt(): Promise<Programs> {
  const sidecars = new SidecarWorld();
  const brokers = new BrokerWorld();
  const backend = await sidecars.backend();
  const server = await sidecars.server('server-1', [backend]);
  const client = await sidecars.client();
  const broker = await brokers.broker();
  const controller = await controllerBuilt();
  const wan = createRegistry('wan-simulator');
  wanMetrics(wan, () => []);
  // As each main() does around them.
  for (const registry of [client.registry, server.registry, broker.registry]) await traced(registry);
  for (const registry of [client.registry, broker.registry, wan]) {
    createAdminServer(registry, { ready: () => ({ ready: true }) });
  }
  return {
    registries: new Map([
      ['central-controller', [controller.registry]],
      ['sidecar', [client.registry, server.registry]],
      ['broker', [broker.registry]],
      ['wan-simulator', [wan]],
    ]),
    stop: async () => {
      await controller.stop();
      await sidecars.clear();
      await brokers.clear();
    },
  };
}

async function controllerBuilt(): Promise<{ registry: Registry; stop(): Promise<void> }> {
  const pki = await peerPki({ east: { region: 'east', kind: 'central-controller' } });
  const registry = createRegistry('central-controller', 'east');
  await traced(registry);
  const memory = new MemoryBroker();
  memory.createRegion('east', 1);
  const config = Object.assign(new ControllerConfig(), {
    region: 'east',
    regions: ['east'],
    partitions: 1,
    redisUrl: NO_REDIS,
  });
  const app = await createApp({
    configuration: { config, timings: TIMING, token: 'a-token-of-the-tests', peers: [], tls: pki.of('east') },
    logger: SILENT,
    metrics: registry,
    clock: systemClock,
    log: memory.log('controller'),
  });
  return { registry, stop: () => app.close() };
}

async function traced(metrics: Registry): Promise<void> {
  await createTracing({ service: 'test', instance: 'test', logger: SILENT, metrics }, {});
}
