import { readFileSync } from 'node:fs';
import {
  ArrayNotEmpty,
  ArrayUnique,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
} from 'class-validator';
import { DEFAULT_PARTITIONS, TIMING } from '#libs/contracts';
import { ConfigurationError, FromEnv, readConfig } from '#libs/platform';
import { PARTS, type Part } from './part-names.ts';
import { type PeerConfig, readPeers, readTls, type TlsFiles } from './peer-config.ts';

/** A name without a dot: a topic's region is what stands before its first one. */
const REGION = /^[A-Za-z0-9_-]{1,64}$/;
const HOST_AND_PORT = /^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/;
const PEER = /^[A-Za-z0-9_-]{1,64}=(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/;
/** A shorter token could be guessed. */
export const TOKEN_MIN_LENGTH = 16;

/** What a central controller reads of its environment, once, at start. */
export class ControllerConfig {
  @FromEnv('TRUNKLINE_REGION', 'string', 'Control region this controller decides for')
  @Matches(REGION)
  region!: string;

  @FromEnv('TRUNKLINE_REGIONS', 'list', 'Every control region whose topics are read; default: its own')
  @ArrayUnique()
  @Matches(REGION, { each: true })
  regions: string[] = [];

  @FromEnv('TRUNKLINE_KAFKA_BROKERS', 'list', 'Kafka bootstrap servers, host:port')
  @ArrayNotEmpty()
  @Matches(HOST_AND_PORT, { each: true })
  kafkaBrokers: string[] = ['127.0.0.1:9092'];

  @FromEnv(
    'TRUNKLINE_REDIS_URL',
    'string',
    'redis[s]://host:port[/db]; redis[s]+cluster://host:port,host:port',
    { secret: true },
  )
  @Matches(/^rediss?(\+cluster)?:\/\/.+$/)
  redisUrl = 'redis://127.0.0.1:6379';

  @FromEnv('TRUNKLINE_PARTS', 'list', 'Parts this process runs; default: all')
  @ArrayNotEmpty()
  @ArrayUnique()
  @IsIn(PARTS, { each: true })
  parts: Part[] = [...PARTS];

  @FromEnv('TRUNKLINE_HTTP_HOST', 'string', 'Address the HTTP server listens on')
  @IsString()
  @MaxLength(255)
  httpHost = '127.0.0.1';

  @FromEnv('TRUNKLINE_HTTP_PORT', 'number', 'Port of the HTTP server; 0: any free one')
  @IsInt()
  @Min(0)
  @Max(65_535)
  httpPort = 8080;

  @FromEnv('TRUNKLINE_GRPC_HOST', 'string', 'Address the gRPC door (part failover) listens on')
  @IsString()
  @MaxLength(255)
  grpcHost = '127.0.0.1';

  @FromEnv('TRUNKLINE_GRPC_PORT', 'number', 'Port of the gRPC door')
  @IsInt()
  @Min(1)
  @Max(65_535)
  grpcPort = 9090;

  @FromEnv(
    'TRUNKLINE_PEERS',
    'list',
    'Whom the control loop asks for servers: region=host:port of their gRPC doors',
  )
  @ArrayUnique((peer: string) => peer.slice(0, peer.indexOf('=')))
  @Matches(PEER, { each: true, message: 'each value in it must be region=host:port' })
  peers: string[] = [];

  @FromEnv(
    'TRUNKLINE_TLS_CA',
    'string',
    'PEM file of the authority it believes; needed by failover and for peers',
  )
  @IsOptional()
  @IsString()
  tlsCa?: string;

  @FromEnv(
    'TRUNKLINE_TLS_CERT',
    'string',
    'PEM file of its certificate, which names it as a controller of its region',
  )
  @IsOptional()
  @IsString()
  tlsCert?: string;

  @FromEnv('TRUNKLINE_TLS_KEY', 'string', 'PEM file of its key')
  @IsOptional()
  @IsString()
  tlsKey?: string;

  @FromEnv(
    'TRUNKLINE_TOKEN_FILE',
    'string',
    'File with a bearer token that allows all; rest needs it or JWKS',
  )
  @IsOptional()
  @IsString()
  tokenFile?: string;

  @FromEnv('TRUNKLINE_JWKS', 'string', "File or https:// address of the token issuer's public keys (JWKS)")
  @IsOptional()
  @IsString()
  jwks?: string;

  @FromEnv('TRUNKLINE_JWT_ISSUER', 'string', 'Whose tokens are taken (`iss`); needed with TRUNKLINE_JWKS')
  @IsOptional()
  @IsString()
  jwtIssuer?: string;

  @FromEnv('TRUNKLINE_JWT_AUDIENCE', 'string', 'Whom tokens must be meant for (`aud`)')
  @IsString()
  @MinLength(1)
  jwtAudience = 'trunkline';

  @FromEnv('TRUNKLINE_PARTITIONS', 'number', 'Partitions of every keyed topic, the same in every region')
  @IsInt()
  @Min(1)
  @Max(1_000)
  partitions: number = DEFAULT_PARTITIONS;

  @FromEnv('TRUNKLINE_REPLICATION', 'number', 'Copies of each partition of topics it has to make')
  @IsInt()
  @Min(1)
  @Max(9)
  replication = 1;

  @FromEnv('TRUNKLINE_LOG_LEVEL', 'string', 'trace, debug, info, warn, error or fatal')
  @IsIn(['trace', 'debug', 'info', 'warn', 'error', 'fatal'])
  logLevel = 'info';

  @FromEnv('TRUNKLINE_SWEEP_MS', 'number', 'The registry is compared with the log so often; 0: never')
  @IsInt()
  @Min(0)
  @Max(86_400_000)
  sweepMs = 600_000;
}

export type TimingName = keyof typeof TIMING;
/** TIMING with what the environment says otherwise. */
export type Timings = Readonly<Record<TimingName, number>>;

/** `TRUNKLINE_LEASE_MS` of `leaseMs`. */
export function timingVariable(name: TimingName): string {
  return `TRUNKLINE_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

class TimingConfig {}
for (const name of Object.keys(TIMING) as TimingName[]) {
  FromEnv(
    timingVariable(name),
    'number',
    `Overrides ${name}, default ${TIMING[name]}`,
  )(TimingConfig.prototype, name);
  for (const bound of [IsOptional(), IsInt(), Min(1), Max(3_600_000)]) bound(TimingConfig.prototype, name);
}

export interface Configuration {
  readonly config: Readonly<ControllerConfig>;
  readonly timings: Timings;
  /** Undefined when no token file is configured: then tokens come from the issuer, or no call needs one. */
  readonly token: string | undefined;
  /** The controllers of other regions that it may ask, by region. */
  readonly peers: readonly PeerConfig[];
  /** Undefined: nothing here speaks gRPC. */
  readonly tls: TlsFiles | undefined;
}

/** @throws ConfigurationError naming all that is wrong, at once. */
export function loadConfiguration(env: NodeJS.ProcessEnv = process.env): Configuration {
  const { config, lines } = readConfig(ControllerConfig, env);
  const timings = readConfig(TimingConfig, env);
  const problems = [...lines, ...timings.lines, ...regionProblems(config), ...jwksProblems(config)];
  const token = tokenOf(config, problems);
  const peers = readPeers(config, problems);
  const tls = readTls(config, problems);
  if (problems.length > 0) throw new ConfigurationError(problems);
  const regions = config.regions.length > 0 ? config.regions : [config.region];
  return {
    config: Object.freeze({ ...config, regions }),
    timings: { ...TIMING, ...timings.config },
    token,
    peers,
    tls,
  };
}

/** A region that is no name has its own line already. */
function regionProblems({ region, regions }: ControllerConfig): string[] {
  if (regions.length === 0 || regions.includes(region) || !REGION.test(region ?? '')) return [];
  return [`TRUNKLINE_REGIONS: ${JSON.stringify(regions.join(','))}; it must name ${region} as well`];
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Keys over plain HTTP could be anybody's, unless nobody is in between. */
function jwksProblems({ jwks, jwtIssuer }: ControllerConfig): string[] {
  const problems: string[] = [];
  if ((jwks === undefined) !== (jwtIssuer === undefined)) {
    problems.push('TRUNKLINE_JWKS, TRUNKLINE_JWT_ISSUER: each needs the other');
  }
  if (jwks !== undefined && /^[a-z]+:\/\//i.test(jwks)) {
    const url = URL.canParse(jwks) ? new URL(jwks) : undefined;
    const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
    if (!isSafe) problems.push(`TRUNKLINE_JWKS: ${jwks}; it must be a file, or begin with https://`);
  }
  return problems;
}

function tokenOf(config: ControllerConfig, problems: string[]): string | undefined {
  const { tokenFile } = config;
  if (tokenFile === undefined) {
    if (config.jwks === undefined && (config.parts.includes('rest') || !isLoopback(config.httpHost))) {
      problems.push(
        'TRUNKLINE_TOKEN_FILE: not set, nor TRUNKLINE_JWKS; rest, and any host but loopback, need tokens',
      );
    }
    return undefined;
  }
  try {
    const token = readFileSync(tokenFile, 'utf8').trim();
    if (token.length >= TOKEN_MIN_LENGTH) return token;
    problems.push(
      `TRUNKLINE_TOKEN_FILE: ${tokenFile}; its token must have ${TOKEN_MIN_LENGTH} characters or more`,
    );
  } catch (error) {
    problems.push(
      `TRUNKLINE_TOKEN_FILE: ${tokenFile}; it cannot be read (${(error as NodeJS.ErrnoException).code})`,
    );
  }
  return undefined;
}
