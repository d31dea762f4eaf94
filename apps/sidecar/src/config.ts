import 'reflect-metadata';
import {
  ArrayNotEmpty,
  IsBoolean,
  IsIn,
  IsInt,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateIf,
} from 'class-validator';
import { AgentConfig, Dialable, Distinct, NAME_MESSAGE, whenSet } from '#libs/agent';
import { type AgentKind, NAME_PATTERN, TIMING } from '#libs/contracts';
import { FromEnv } from '#libs/platform';
import { Links, Pool } from './config-checks.ts';
import type { LinkRequest, PoolEntryConfig } from './config-lists.ts';
import { MAX_BODY_BYTES, MAX_SKIP_BYTES, MIN_BODY_LIMIT_BYTES } from './traffic/framing.ts';

const APPLICATION_PORT = /^(\d{1,5}|dial:(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5})$/;

const forRole = (role: 'client' | 'server'): PropertyDecorator =>
  ValidateIf((config: SidecarConfig) => config.role === role);

/** Everything a sidecar is told. Bounds that nobody has to choose stand beside what they bound. */
export class SidecarConfig extends AgentConfig {
  @FromEnv('TRUNKLINE_ROLE', 'string', '`client` or `server`')
  @IsIn(['client', 'server'])
  role!: 'client' | 'server';

  get kind(): AgentKind | undefined {
    if (this.role !== 'client' && this.role !== 'server') return undefined;
    return `${this.role}-sidecar`;
  }

  @FromEnv('TRUNKLINE_FRAMING_LENGTH', 'string', '`binary-2` (2 bytes, big-endian) or `ascii-4` (4 digits)')
  @IsIn(['binary-2', 'ascii-4'])
  framingLength: 'binary-2' | 'ascii-4' = 'binary-2';

  @FromEnv('TRUNKLINE_FRAMING_INCLUSIVE', 'boolean', 'whether the length counts itself')
  @IsBoolean()
  framingInclusive = false;

  @FromEnv('TRUNKLINE_FRAMING_SKIP', 'number', 'bytes between length and message type (TPDU)')
  @IsInt()
  @Min(0)
  @Max(MAX_SKIP_BYTES)
  framingSkip = 0;

  @FromEnv('TRUNKLINE_FRAMING_MTI', 'string', '`ascii`, `bcd` or `ebcdic`')
  @IsIn(['ascii', 'bcd', 'ebcdic'])
  framingMti: 'ascii' | 'bcd' | 'ebcdic' = 'ascii';

  @FromEnv('TRUNKLINE_FRAMING_EMPTY', 'string', 'a length of 0: `refuse` closes, `pass` carries it')
  @IsIn(['refuse', 'pass'])
  framingEmpty: 'refuse' | 'pass' = 'refuse';

  @FromEnv(
    'TRUNKLINE_FRAMING_MAX_BYTES',
    'number',
    'a message may have at most, its length not counted; 260 to 65535',
  )
  @IsInt()
  @Min(MIN_BODY_LIMIT_BYTES)
  @Max(MAX_BODY_BYTES)
  framingMaxBytes = MAX_BODY_BYTES;

  @FromEnv(
    'TRUNKLINE_CUTOVER',
    'string',
    '`reset`: the application signs on again; `continue`: it notices nothing',
  )
  @IsIn(['reset', 'continue'])
  cutover: 'reset' | 'continue' = 'reset';

  @FromEnv('TRUNKLINE_HOLD_MS', 'number', 'a request waits for a new path at most')
  @IsInt()
  @Min(0)
  @Max(60_000)
  holdMs: number = TIMING.holdMs;

  @FromEnv('TRUNKLINE_HOLD_MESSAGES', 'number', 'so many requests wait at most')
  @IsInt()
  @Min(0)
  @Max(100_000)
  holdMessages = 1_000;

  @FromEnv('TRUNKLINE_DRAIN_MS', 'number', 'a drain lets responses finish for')
  @IsInt()
  @Min(0)
  @Max(60_000)
  drainMs: number = TIMING.drainMs;

  @FromEnv('TRUNKLINE_RESPONSE_TIMEOUT_MS', 'number', 'a request older than this counts as unanswered')
  @IsInt()
  @Min(100)
  @Max(120_000)
  responseTimeoutMs = 2_000;

  @FromEnv('TRUNKLINE_LEASE_MS', 'number', 'it carries so long after its last acknowledged report')
  @IsInt()
  @Min(1_000)
  @Max(3_600_000)
  leaseMs: number = TIMING.leaseMs;

  @FromEnv('TRUNKLINE_KEEPALIVE_INTERVAL_MS', 'number', 'between two keepalives on a path')
  @IsInt()
  @Min(100)
  @Max(60_000)
  keepaliveIntervalMs: number = TIMING.keepaliveIntervalMs;

  @FromEnv('TRUNKLINE_KEEPALIVE_MISSES', 'number', 'intervals of silence after which the peer is dead')
  @IsInt()
  @Min(1)
  @Max(100)
  keepaliveMisses: number = TIMING.keepaliveMisses;

  @FromEnv('TRUNKLINE_APPLICATION_HOST', 'string', 'client: where it listens for applications')
  @forRole('client')
  @MaxLength(253)
  applicationHost = '127.0.0.1';

  @FromEnv(
    'TRUNKLINE_APPLICATION_PORTS',
    'list',
    'client: one a link; a port to listen on, or `dial:host:port`',
  )
  @forRole('client')
  @ArrayNotEmpty()
  @Matches(APPLICATION_PORT, { each: true, message: 'must be ports or dial:host:port, comma separated' })
  @Distinct()
  applicationPorts: string[] = [];

  @FromEnv('TRUNKLINE_LINKS', 'json', 'client: links requested at start; see the README')
  @forRole('client')
  @Links()
  links: LinkRequest[] = [];

  @FromEnv('TRUNKLINE_CONTROL_URL', 'string', "client: the application's /control", { secret: true })
  @forRole('client')
  @whenSet()
  @Matches(/^https?:\/\/\S+$/, { message: 'must be an http URL' })
  controlUrl?: string;

  @FromEnv(
    'TRUNKLINE_APPLICATION_AWAY_MS',
    'number',
    'client: a DR client takes over from an application that was there and has been away for',
  )
  @forRole('client')
  @IsInt()
  @Min(1_000)
  @Max(3_600_000)
  applicationAwayMs: number = TIMING.applicationAwayMs;

  @FromEnv('TRUNKLINE_LINK_HOST', 'string', 'server: where client sidecars dial')
  @forRole('server')
  @MaxLength(253)
  @Dialable()
  linkHost = '127.0.0.1';

  @FromEnv('TRUNKLINE_LINK_PORT', 'number', 'server: where client sidecars dial')
  @forRole('server')
  @IsInt()
  @Min(0)
  @Max(65_535)
  linkPort!: number;

  @FromEnv('TRUNKLINE_SERVER_GROUP', 'string', 'server: links of this group may be placed here')
  @forRole('server')
  @Matches(NAME_PATTERN, NAME_MESSAGE)
  serverGroup!: string;

  @FromEnv('TRUNKLINE_POOL', 'json', 'server: the programs behind it; see the README')
  @forRole('server')
  @Pool()
  pool: PoolEntryConfig[] = [];

  @FromEnv('TRUNKLINE_CAPACITY', 'number', 'server: links at most; the pool may allow fewer')
  @forRole('server')
  @IsInt()
  @Min(0)
  @Max(100_000)
  capacity = 1_000;
}
