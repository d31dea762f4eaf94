import { Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis';
import { RegistryUnavailable } from './errors.ts';
import { REGISTRY_LIMITS } from './limits.ts';
import { AGENT_DECISIONS, AGENT_REPORTS, REGION_DECISIONS } from './scripts/agents.ts';
import { CLAIM_ANSWER, KEEP_ANSWER, RELEASE_ANSWER } from './scripts/answers.ts';
import { CONNECTION_DECISIONS } from './scripts/connection-decisions.ts';
import { CONNECTION_INDEX, UNINDEX_CONNECTIONS } from './scripts/connection-index.ts';
import { CONNECTION_REPORTS } from './scripts/connection-reports.ts';
import { EVENTS_PAGE } from './scripts/events-page.ts';
import { HISTORY_AT, HISTORY_LOOK, HISTORY_OPEN, HISTORY_RANGE, SEAL_HISTORY } from './scripts/history.ts';
import { BEGIN_REBUILD, MOVE_POSITION } from './scripts/positions.ts';

/** Lua scripts by the name they are called by; their arguments are: number of keys, keys, values. */
const SCRIPTS = {
  applyConnectionDecisions: { lua: CONNECTION_DECISIONS },
  applyAgentDecisions: { lua: AGENT_DECISIONS },
  applyRegionDecisions: { lua: REGION_DECISIONS },
  applyConnectionReports: { lua: CONNECTION_REPORTS },
  applyAgentReports: { lua: AGENT_REPORTS },
  indexConnections: { lua: CONNECTION_INDEX },
  unindexConnections: { lua: UNINDEX_CONNECTIONS },
  movePosition: { lua: MOVE_POSITION, numberOfKeys: 2 },
  beginRebuild: { lua: BEGIN_REBUILD, numberOfKeys: 2 },
  claimAnswer: { lua: CLAIM_ANSWER, numberOfKeys: 2 },
  keepAnswer: { lua: KEEP_ANSWER, numberOfKeys: 2 },
  releaseAnswer: { lua: RELEASE_ANSWER, numberOfKeys: 2 },
  eventsPage: { lua: EVENTS_PAGE, numberOfKeys: 2 },
  historyOpen: { lua: HISTORY_OPEN, numberOfKeys: 4 },
  sealHistory: { lua: SEAL_HISTORY, numberOfKeys: 4 },
  historyAt: { lua: HISTORY_AT },
  historyRange: { lua: HISTORY_RANGE, numberOfKeys: 4 },
  historyLook: { lua: HISTORY_LOOK, numberOfKeys: 4 },
};

type Argument = string | number | Buffer;

/**
 * A command or a script's name, and its arguments. A name that ends in `Buffer` gets the same answer with buffers
 * where there would be texts.
 */
export type RedisCommand = readonly [name: string, ...args: Argument[]];

type Call = (...args: Argument[]) => Promise<unknown>;

/** Errors that say "not now"; any other reply that is an error is a fault of ours. */
const TRANSIENT =
  /^(LOADING|READONLY|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|NOREPLICAS|OOM|MISCONF|BUSY|UNBLOCKED)\b/;

/** Errors that say "not you": they name a user or a command at most. */
const REFUSED = /^(NOAUTH|WRONGPASS|NOPERM)\b/;

/** Redis or a Redis Cluster, reduced to what the registry needs: many commands at once. */
export class RedisClient {
  private readonly redis: Redis | Cluster;
  /** Why there is no connection; of a cluster, what one of its nodes said. */
  private lost: string | undefined;

  /** @param onError told of every lost connection, maybe often; the client goes on trying. */
  constructor(url: string, onError: (error: Error) => void) {
    this.redis = connect(url);
    this.redis.on('error', (error: Error & { lastNodeError?: Error }) => {
      this.lost = (error.lastNodeError ?? error).message;
      onError(error);
    });
    this.redis.on('ready', () => {
      this.lost = undefined;
    });
  }

  /** Whether this is a cluster: there the keys of one Lua call must share a hash tag. */
  get clustered(): boolean {
    return this.redis instanceof Cluster;
  }

  get connected(): boolean {
    return this.redis.status === 'ready';
  }

  /**
   * Sends all of them in one go and gives their answers in order. Commands on one key run in the order given.
   * @throws RegistryUnavailable; some of the commands may have run.
   */
  async run(commands: readonly RedisCommand[]): Promise<unknown[]> {
    if (commands.length === 0) return [];
    if (!this.connected) throw notConnected(this.redis.status, this.lost);
    try {
      return await (this.redis instanceof Cluster
        ? this.each(commands)
        : this.pipelined(this.redis, commands));
    } catch (error) {
      throw asRegistryError(error as Error);
    }
  }

  close(): void {
    this.redis.disconnect();
  }

  private async pipelined(redis: Redis, commands: readonly RedisCommand[]): Promise<unknown[]> {
    const answers = await redis.pipeline(commands.map((command) => [...command])).exec();
    return (answers ?? []).map(([error, value]) => {
      if (error) throw error;
      return value;
    });
  }

  /** A pipeline of a cluster may span one node only, and which one is not ours to know: each by itself, at once. */
  private each(commands: readonly RedisCommand[]): Promise<unknown[]> {
    const calls = this.redis as unknown as Record<string, Call>;
    return Promise.all(commands.map(([name, ...args]) => (calls[name] as Call).apply(this.redis, args)));
  }
}

function notConnected(status: string, lost = ''): RegistryUnavailable {
  const why = lost === '' ? status : `${status}: ${lost}`;
  return new RegistryUnavailable(`not connected to Redis (${why})`, REFUSED.test(lost));
}

function asRegistryError(error: Error): Error {
  if (REFUSED.test(error.message)) return new RegistryUnavailable(error.message, true);
  // Redis' own error carries the command with all that was in it, which is nobody's to log.
  if (error.name === 'ReplyError' && !TRANSIENT.test(error.message))
    return new Error(`Redis: ${error.message}`);
  return new RegistryUnavailable(error.message);
}

function connect(url: string): Redis | Cluster {
  const options = {
    connectTimeout: REGISTRY_LIMITS.connectTimeoutMs,
    commandTimeout: REGISTRY_LIMITS.commandTimeoutMs,
    retryStrategy: (attempt: number) => Math.min(attempt * 50, REGISTRY_LIMITS.reconnectMs),
    // Who calls decides what to do about a lost connection; nothing is sent twice behind its back.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    scripts: SCRIPTS,
  } satisfies RedisOptions;
  const cluster = /^(rediss?)\+cluster:\/\/(.+)$/.exec(url);
  if (!cluster) return new Redis(url, options);
  const [, scheme, rest = ''] = cluster;
  const [, userInfo, hosts = ''] = /^(?:([^@]*)@)?(.*)$/.exec(rest) ?? [];
  const [username, password] = (userInfo ?? '').split(':').map(decodeURIComponent);
  const clusterOptions = {
    clusterRetryStrategy: (attempt: number) => Math.min(attempt * 50, REGISTRY_LIMITS.reconnectMs),
    enableOfflineQueue: false,
    slotsRefreshTimeout: REGISTRY_LIMITS.connectTimeoutMs,
    redisOptions: {
      ...options,
      ...(username ? { username } : {}),
      ...(password ? { password } : {}),
      ...(scheme === 'rediss' ? { tls: {} } : {}),
    },
    scripts: SCRIPTS,
  } satisfies ClusterOptions;
  return new Cluster(
    hosts.split(',').map((host) => `redis://${host}`),
    clusterOptions,
  );
}
