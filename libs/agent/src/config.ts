import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { ArrayNotEmpty, IsArray, IsIn, IsInt, Matches, Max, MaxLength, Min } from 'class-validator';
import { type AgentKind, DEFAULT_PARTITIONS, NAME_PATTERN, TIMING } from '#libs/contracts';
import { FromEnv } from '#libs/platform';
import type { TlsIdentity } from '#libs/relay';
import { NamesThisAgent, ReadableFile, whenSet } from './config-checks.ts';

/** `host:port`, an IPv6 host in brackets. */
export const ADDRESS_PATTERN = /^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/;
export const NAME_MESSAGE = { message: 'must be 1 to 64 of A-Z a-z 0-9 . _ -' };

/** What every agent is told, whatever its kind. Bounds that nobody has to choose stand beside what they bound. */
export abstract class AgentConfig {
  /** The kind that its certificate must say; undefined: the configuration does not tell. */
  abstract get kind(): AgentKind | undefined;

  @FromEnv('TRUNKLINE_AGENT_ID', 'string', 'who this is; as in its certificate')
  @Matches(NAME_PATTERN, NAME_MESSAGE)
  agentId!: string;

  @FromEnv('TRUNKLINE_REGION', 'string', 'its control region')
  @Matches(NAME_PATTERN, NAME_MESSAGE)
  region!: string;

  @FromEnv('TRUNKLINE_REGIONS', 'list', 'every control region whose commands it reads; default: its own')
  @whenSet()
  @IsArray()
  @Matches(NAME_PATTERN, { each: true, ...NAME_MESSAGE })
  regions?: string[];

  @FromEnv('TRUNKLINE_KAFKA_BROKERS', 'list', '`host:port,…`')
  @ArrayNotEmpty()
  @Matches(ADDRESS_PATTERN, { each: true, message: 'must be host:port, comma separated' })
  kafkaBrokers: string[] = ['127.0.0.1:9092'];

  @FromEnv('TRUNKLINE_PARTITIONS', 'number', 'partitions of every keyed topic')
  @IsInt()
  @Min(1)
  @Max(10_000)
  partitions = DEFAULT_PARTITIONS;

  @FromEnv('TRUNKLINE_LOCATION', 'string', 'where it runs, as placement compares it; default: the region')
  @whenSet()
  @Matches(NAME_PATTERN, NAME_MESSAGE)
  location?: string;

  @FromEnv('TRUNKLINE_ADDRESS', 'string', 'where others dial it, if not where it listens')
  @whenSet()
  @Matches(ADDRESS_PATTERN, { message: 'must be host:port' })
  address?: string;

  @FromEnv('TRUNKLINE_TLS_CA', 'string', 'PEM file of the authority it believes')
  @ReadableFile()
  tlsCa!: string;

  @FromEnv('TRUNKLINE_TLS_CERT', 'string', 'PEM file of its certificate')
  @ReadableFile()
  @NamesThisAgent()
  tlsCert!: string;

  @FromEnv('TRUNKLINE_TLS_KEY', 'string', 'PEM file of its key')
  @ReadableFile()
  tlsKey!: string;

  @FromEnv('TRUNKLINE_ADMIN_HOST', 'string', 'where the admin port listens')
  @MaxLength(253)
  adminHost = '127.0.0.1';

  @FromEnv('TRUNKLINE_ADMIN_PORT', 'number', 'health and metrics')
  @IsInt()
  @Min(0)
  @Max(65_535)
  adminPort!: number;

  @FromEnv('TRUNKLINE_LOG_LEVEL', 'string', 'trace, debug, info, warn, error')
  @IsIn(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
  logLevel = 'info';

  @FromEnv('TRUNKLINE_REPORT_INTERVAL_MS', 'number', 'between two health reports')
  @IsInt()
  @Min(100)
  @Max(60_000)
  reportIntervalMs: number = TIMING.reportIntervalMs;

  @FromEnv('TRUNKLINE_FACTS_WAITING', 'number', 'facts kept while Kafka is away')
  @IsInt()
  @Min(100)
  @Max(1_000_000)
  factsWaiting = 10_000;
}

/** The files that the configuration names. */
export function readTls(config: Readonly<AgentConfig>): TlsIdentity {
  return {
    ca: readFileSync(config.tlsCa),
    cert: readFileSync(config.tlsCert),
    key: readFileSync(config.tlsKey),
  };
}
