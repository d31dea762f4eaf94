import { type AgentDependencies, AgentRun, readTls } from '#libs/agent';
import { BROKER_COMMANDS, type BrokerCommand, type BrokerCommandName } from '#libs/contracts';
import { certificateMetrics, createRegistry, type Registry } from '#libs/platform';
import { SESSION_LIMITS, SESSION_TIMING } from '#libs/relay';
import { BufferBudget } from './buffer-budget.ts';
import type { BrokerConfig } from './config.ts';
import { codeKeyOf, codeRegionsOf } from './config-checks.ts';
import { type Door, openDoor } from './door.ts';
import { GUESS_LIMITS, GuessLimits } from './guess-limits.ts';
import type { LegLimits } from './leg.ts';
import { BrokerMetrics } from './metrics.ts';
import { Reception } from './reception.ts';
import { RelayCarrier } from './relay-carrier.ts';
import { Requests } from './requests.ts';
import { SessionCodes } from './session-codes.ts';
import { Sessions } from './sessions.ts';

const SOFTWARE_VERSION = 'trunkline-broker/0.1.0';
/** Longer than its endpoints wait for it, in milliseconds: whoever slept so long has nobody left. */
const ASLEEP_MS = 10_000;
/** Of the time to the whole hello, the handshake may take half. */
const HANDSHAKE_MS = SESSION_LIMITS.helloTimeoutMs / 2;
const HELLO_MS = SESSION_LIMITS.helloTimeoutMs - HANDSHAKE_MS;
/** From the hello to a request, in milliseconds: a probe of many brokers takes its time. */
const REQUEST_MS = 15_000;
const LEAVE_MS = 15_000;
const LINGER_MS = 5_000;
/** Two idle pings in a row without a word. */
const IDLE_SILENCE_MS = 2.5 * SESSION_TIMING.idlePingIntervalMs;
/** One address may have this share of the handshakes, and of the connections that have asked for nothing yet. */
const SHARE_PER_ADDRESS = 0.5;
/** How often it looks whether all have left, in milliseconds. */
const LEAVING_LOOK_MS = 50;

/** Commands that make it carry something more. */
const CARRYING: readonly BrokerCommandName[] = ['issue-code', 'hold-target', 'open-relay'];

export interface Broker {
  readonly run: AgentRun<BrokerMetrics, BrokerCommand>;
  readonly carrier: RelayCarrier;
  readonly registry: Registry;
  /** Where endpoints dial. */
  readonly port: number;
  readonly isDraining: boolean;
  /** Begins to report, and so to be placed on. */
  start(): void;
  /** Sends everybody elsewhere, and returns when all have left or the time for it is over. */
  drain(): Promise<void>;
  /** Closes what is left, says so, and returns when that is out or the time for it is over. */
  stop(): Promise<void>;
}

/**
 * Builds a broker from its configuration; endpoints can dial it when this resolves.
 * @param leave called when the control plane wants it to end: whoever runs it drains and stops it
 */
export async function createBroker(
  config: Readonly<BrokerConfig>,
  dependencies: AgentDependencies,
  leave: () => void,
): Promise<Broker> {
  const registry = dependencies.metrics ?? createRegistry('broker', config.region);
  const tls = readTls(config);
  certificateMetrics(registry, { own: tls.cert, authority: tls.ca });
  const metrics = new BrokerMetrics(registry);
  let reception: Reception | undefined;
  let door: Door | undefined;
  const { run, carrier } = await AgentRun.create<BrokerMetrics, RelayCarrier, BrokerCommand>(
    {
      ...config,
      kind: 'broker',
      location: config.location ?? config.region,
      asleepMs: ASLEEP_MS,
      softwareVersion: SOFTWARE_VERSION,
    },
    dependencies,
    metrics,
    { names: BROKER_COMMANDS, carrying: CARRYING },
    async (agent) => {
      const sessions = new Sessions(agent);
      const guesses = new GuessLimits({ ...GUESS_LIMITS, codesPerMinute: config.codesPerMinute });
      const budget = new BufferBudget(config.legBufferBytes, config.brokerBufferBytes);
      const { codeLifeMs, capacity, drainMs, maxConnections } = config;
      const requests = new Requests(agent, sessions, codesOf(config), guesses, { codeLifeMs, capacity });
      const limits = limitsOf(config);
      const received = new Reception(agent, sessions, requests, budget, {
        ...{ limits, maxLegs: maxConnections },
        maxIdlePerAddress: Math.ceil(maxConnections * SHARE_PER_ADDRESS),
      });
      reception = received;
      door = await openTo(config, received, metrics);
      metrics.gauge('legs', 'Connections of endpoints', () => received.legs.size);
      metrics.gauge(
        'handshakes',
        'Connections that have not shown who they are',
        () => door?.handshakes ?? 0,
      );
      metrics.gauge('placed', 'Sessions that are placed here', () => sessions.placed);
      metrics.gauge('buffered_bytes', 'Bytes that wait for slow readers', () => budget.usedBytes);
      const made = new RelayCarrier(agent, sessions, received, guesses, { capacity, drainMs, leave });
      return { carrier: made, carrying: { address: config.address ?? addressOf(config, door) } };
    },
  );
  let isDraining = false;
  const legs = (): number => reception?.legs.size ?? 0;
  return {
    ...{ run, carrier, registry, port: door?.port ?? 0 },
    get isDraining() {
      return isDraining;
    },
    start: () => run.start(),
    drain: async () => {
      isDraining = true;
      run.drain();
      carrier.drain();
      await allGone(legs, config.drainMs);
    },
    stop: () => {
      isDraining = true;
      door?.close();
      return run.stop();
    },
  };
}

function codesOf({ codeKey, codeRegions, region }: Readonly<BrokerConfig>): SessionCodes {
  const key = codeKeyOf(codeKey);
  const regions = codeRegionsOf(codeRegions);
  if (key === undefined || regions === undefined) throw new Error('the configuration was not checked');
  return new SessionCodes(key, region, regions);
}

function limitsOf({ answerMs, silenceMs }: Readonly<BrokerConfig>): LegLimits {
  return {
    ...{ helloMs: HELLO_MS, requestMs: REQUEST_MS, answerMs, leaveMs: LEAVE_MS, lingerMs: LINGER_MS },
    ...{ silenceMs, idleSilenceMs: IDLE_SILENCE_MS },
  };
}

function openTo(config: Readonly<BrokerConfig>, reception: Reception, metrics: BrokerMetrics): Promise<Door> {
  return openDoor({
    host: config.brokerHost,
    port: config.brokerPort,
    tls: readTls(config),
    handshakeMs: HANDSHAKE_MS,
    // Beyond its own limit it still says that it is full; beyond this nobody is heard.
    maxConnections: config.maxConnections + config.maxHandshakes,
    maxHandshakes: config.maxHandshakes,
    maxHandshakesPerAddress: Math.ceil(config.maxHandshakes * SHARE_PER_ADDRESS),
    arrived: (socket, peer, address) => reception.arrived(socket, peer, address),
    refused: (reason) => metrics.doorRefusals.inc({ reason }),
  });
}

function addressOf({ brokerHost }: Readonly<BrokerConfig>, { port }: Door): string {
  return brokerHost.includes(':') ? `[${brokerHost}]:${port}` : `${brokerHost}:${port}`;
}

function allGone(legs: () => number, limitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const endMs = performance.now() + limitMs;
    const look = setInterval(() => {
      if (legs() > 0 && performance.now() < endMs) return;
      clearInterval(look);
      resolve();
    }, LEAVING_LOOK_MS);
  });
}
