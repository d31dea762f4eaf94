import { agentRedisKey, connectionRedisKey } from '#libs/contracts';

/**
 * Of what is kept beside the contract's rows. A build with another layout finds no positions, so it builds the
 * registry again and never takes an older index for its own.
 */
const LAYOUT = 2;
const CONNECTIONS = `trunkline:{connections}:${LAYOUT}:`;

/**
 * Every key of the registry. `connections:{…}` and `agents:{…}` are the contract's; the others are the
 * project's own and may change. Keys that one Lua call touches share a hash tag, so that they share a slot
 * of a Redis Cluster.
 */
export const KEYS = {
  connection: connectionRedisKey,
  agent: agentRedisKey,
  /** List: the connection's decisions, oldest first, one each: its time, 13 digits, and JSON. */
  connectionEvents: (id: string) => `trunkline:connection-events:{${id}}`,
  /** Hash: first version, 12 digits → a sealed block of the connection's history. */
  connectionBlocks: (id: string) => `trunkline:connection-history:{${id}}`,
  /** Sorted set: the marks of these blocks, by time. */
  connectionIndex: (id: string) => `trunkline:connection-history-index:{${id}}`,
  /** List: the connection's health over time, oldest first; ends an hour after its last point. */
  connectionHealth: (id: string) => `trunkline:connection-health:{${id}}`,
  /** Sorted set: the connection's failover ledgers by epoch, one JSON each. */
  connectionFailovers: (id: string) => `trunkline:connection-failovers:{${id}}`,
  /** Hash: connection id → what the indexes hold of it. The indexes' names begin like this one. */
  connectionRows: `${CONNECTIONS}rows`,
  /** Sorted set, by name: every connection. */
  allConnections: `${CONNECTIONS}all`,
  /** Sorted set, by name: `<updated_at>|<id>` of every connection. */
  connectionsByUpdate: `${CONNECTIONS}by-update`,
  /** Sorted set, by name: the connections with one value of one column. */
  connectionsWith: (column: string, value: string) => `${CONNECTIONS}${column}:${value}`,
  indexPrefix: CONNECTIONS,
  /** Sorted set, by name: every agent. */
  allAgents: 'trunkline:{agents}:all',
  /** Hash: what operators set for a control region, by the key of its decisions. */
  settings: (key: string) => `trunkline:settings:{${key}}`,
  /** Sorted set, by name: the keys of every region that something was set for. */
  allRegions: 'trunkline:{regions}:all',
  /** Sorted set, by name: every failover, newest first. */
  allFailovers: 'trunkline:{failovers}:all',
  /** Hash: answers to requests that may come again; sorted set: when each ends. */
  answers: 'trunkline:{answers}:all',
  answerEnds: 'trunkline:{answers}:ends',
  /** Hash: `<topic>/<partition>` → how far the region's projector has applied it. */
  positions: (region: string) => `trunkline:positions:${LAYOUT}:{${region}}`,
  /** Hash: `<topic>/<partition>` → offset up to which it is being rebuilt; absent: it is not. */
  rebuild: (region: string) => `trunkline:rebuild:${LAYOUT}:{${region}}`,
} as const;
