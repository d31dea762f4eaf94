import 'reflect-metadata';
import { ArrayNotEmpty, IsInt, Max, MaxLength, Min } from 'class-validator';
import { AgentConfig, Dialable, ReadableFile } from '#libs/agent';
import { TIMING } from '#libs/contracts';
import { FromEnv } from '#libs/platform';
import { CodeKey, CodeRegions } from './config-checks.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Everything a broker is told. Bounds that nobody has to choose stand beside what they bound. */
export class BrokerConfig extends AgentConfig {
  get kind(): 'broker' {
    return 'broker';
  }

  @FromEnv('TRUNKLINE_BROKER_HOST', 'string', 'where endpoints dial')
  @MaxLength(253)
  @Dialable()
  brokerHost = '127.0.0.1';

  @FromEnv('TRUNKLINE_BROKER_PORT', 'number', 'where endpoints dial')
  @IsInt()
  @Min(0)
  @Max(65_535)
  brokerPort!: number;

  @FromEnv(
    'TRUNKLINE_CODE_KEY',
    'string',
    'file with the key that all brokers share, 16 bytes or more in hex',
  )
  @ReadableFile()
  @CodeKey()
  codeKey!: string;

  @FromEnv('TRUNKLINE_CODE_REGIONS', 'list', 'first symbol of a code and its home region: `E=east,W=west`')
  @ArrayNotEmpty()
  @CodeRegions()
  codeRegions: string[] = [];

  @FromEnv('TRUNKLINE_CODE_LIFE_MS', 'number', 'a code can be used for')
  @IsInt()
  @Min(1_000)
  @Max(DAY_MS)
  codeLifeMs: number = TIMING.codeMs;

  @FromEnv('TRUNKLINE_CODES_PER_MINUTE', 'number', 'codes that one controller may ask for in a minute')
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  codesPerMinute = 60;

  @FromEnv('TRUNKLINE_CAPACITY', 'number', 'sessions at most')
  @IsInt()
  @Min(0)
  @Max(100_000)
  capacity = 1_000;

  @FromEnv('TRUNKLINE_MAX_CONNECTIONS', 'number', 'connections of endpoints at most, whatever they are for')
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  maxConnections = 5_000;

  @FromEnv('TRUNKLINE_MAX_HANDSHAKES', 'number', 'connections at most whose TLS handshake is not over')
  @IsInt()
  @Min(1)
  @Max(100_000)
  maxHandshakes = 1_000;

  @FromEnv('TRUNKLINE_LEG_BUFFER_BYTES', 'number', 'bytes that wait for one slow reader at most')
  @IsInt()
  @Min(65_536)
  @Max(64 * 1024 * 1024)
  legBufferBytes = 256 * 1024;

  @FromEnv('TRUNKLINE_BROKER_BUFFER_BYTES', 'number', 'bytes that wait for all slow readers together')
  @IsInt()
  @Min(1024 * 1024)
  @Max(64 * 1024 * 1024 * 1024)
  brokerBufferBytes = 128 * 1024 * 1024;

  @FromEnv(
    'TRUNKLINE_SILENCE_MS',
    'number',
    'an endpoint of an open session that is silent for so long is gone',
  )
  @IsInt()
  @Min(500)
  @Max(600_000)
  silenceMs = 3_000;

  @FromEnv('TRUNKLINE_ANSWER_MS', 'number', 'the control plane answers an endpoint within')
  @IsInt()
  @Min(100)
  @Max(60_000)
  answerMs: number = TIMING.commandGiveUpMs;

  @FromEnv('TRUNKLINE_DRAIN_MS', 'number', 'endpoints attach elsewhere within, when it drains')
  @IsInt()
  @Min(0)
  @Max(3_600_000)
  drainMs: number = TIMING.sessionDrainMs;
}
