import 'reflect-metadata';
import { IsBoolean, IsIn, IsInt, IsNumber, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import { FromEnv } from '#libs/platform';

/** Everything a simulator is told. */
export class SimulatorConfig {
  @FromEnv('TRUNKLINE_SIMULATOR_ROLE', 'string', '`client` (a bank) or `server` (a scheme)')
  @IsIn(['client', 'server'])
  role!: 'client' | 'server';

  @FromEnv('TRUNKLINE_SIMULATOR_NAME', 'string', 'its name in logs and, of a server, in its responses')
  @Matches(/^[A-Za-z0-9._-]{1,25}$/, { message: 'must be 1 to 25 of A-Z a-z 0-9 . _ -' })
  name!: string;

  @FromEnv('TRUNKLINE_SIMULATOR_HOST', 'string', 'client: where it connects; server: where it listens')
  @MaxLength(253)
  host = '127.0.0.1';

  @FromEnv('TRUNKLINE_SIMULATOR_PORT', 'number', 'client: where it connects; server: where it listens')
  @IsInt()
  @Min(0)
  @Max(65_535)
  port!: number;

  @FromEnv('TRUNKLINE_SIMULATOR_CONTROL_PORT', 'number', '`/control` and `/health/…`, on loopback')
  @IsInt()
  @Min(0)
  @Max(65_535)
  controlPort!: number;

  @FromEnv('TRUNKLINE_SIMULATOR_FATES', 'string', 'file that gets a line for each step of each message')
  @IsString()
  @MaxLength(4_096)
  fates!: string;

  @FromEnv('TRUNKLINE_SIMULATOR_RATE', 'number', 'client: purchases a second')
  @IsNumber()
  @Min(0)
  @Max(10_000)
  rate = 5;

  @FromEnv('TRUNKLINE_SIMULATOR_ACTIVE', 'boolean', 'client: false waits until /control activates it')
  @IsBoolean()
  active = true;

  @FromEnv(
    'TRUNKLINE_SIMULATOR_TIMEOUT_MS',
    'number',
    'client: a purchase without a response is reversed after',
  )
  @IsInt()
  @Min(10)
  @Max(600_000)
  timeoutMs = 3_000;

  @FromEnv('TRUNKLINE_SIMULATOR_ECHO_MS', 'number', 'client: between two echoes')
  @IsInt()
  @Min(10)
  @Max(600_000)
  echoMs = 5_000;

  @FromEnv('TRUNKLINE_SIMULATOR_PAN', 'string', 'client: card number of its purchases', { secret: true })
  @Matches(/^\d{12,19}$/, { message: 'must be 12 to 19 digits' })
  pan = '4000000000000002';

  @FromEnv('TRUNKLINE_SIMULATOR_LATENCY_MS', 'number', 'server: it answers after')
  @IsInt()
  @Min(0)
  @Max(600_000)
  latencyMs = 0;

  @FromEnv('TRUNKLINE_LOG_LEVEL', 'string', 'trace, debug, info, warn, error')
  @IsIn(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
  logLevel = 'info';
}
