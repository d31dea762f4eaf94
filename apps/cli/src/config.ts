import { homedir } from 'node:os';
import { join } from 'node:path';
import { ArrayNotEmpty, ArrayUnique, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { FromEnv } from '#libs/platform';

export const BROKER_PATTERN = /^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/;
export const REGION_PATTERN = /^[A-Za-z0-9_-]{1,64}$/;
export const URL_PATTERN = /^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/;
/** What a header may hold. */
export const TOKEN_PATTERN = /^[\x21-\x7e]{1,8192}$/;
const PATH_LENGTH = 4_096;

/** What the command line takes from the environment; a flag goes before it. */
export class CliConfig {
  @FromEnv('TRUNKLINE_KAFKA_BROKERS', 'list', 'Kafka bootstrap servers, host:port')
  @ArrayNotEmpty()
  @Matches(BROKER_PATTERN, { each: true })
  kafkaBrokers: string[] = ['127.0.0.1:9092'];

  @FromEnv('TRUNKLINE_REGIONS', 'list', 'Every control region whose topics are read')
  @ArrayNotEmpty()
  @ArrayUnique()
  @Matches(REGION_PATTERN, { each: true })
  regions: string[] = ['east', 'west'];

  @FromEnv('TRUNKLINE_URL', 'string', 'REST of a central controller')
  @Matches(URL_PATTERN, { message: 'it must be http://host:port or https://host:port' })
  url = 'http://127.0.0.1:8080';

  @FromEnv(
    'TRUNKLINE_TOKEN',
    'string',
    "Bearer token; without one, on loopback, the local stack's is taken",
    {
      secret: true,
    },
  )
  @IsOptional()
  @Matches(TOKEN_PATTERN)
  token?: string;

  @FromEnv('TRUNKLINE_CONFIG', 'string', 'JSON file of settings that flags and variables go before')
  @IsOptional()
  @MaxLength(PATH_LENGTH)
  configFile?: string;

  @FromEnv('TRUNKLINE_TLS_CA', 'string', 'PEM file of the authority that brokers are believed by')
  @IsOptional()
  @MaxLength(PATH_LENGTH)
  tlsCa?: string;

  @FromEnv('TRUNKLINE_TLS_CERT', 'string', 'PEM file of the certificate to come with')
  @IsOptional()
  @MaxLength(PATH_LENGTH)
  tlsCert?: string;

  @FromEnv('TRUNKLINE_TLS_KEY', 'string', 'PEM file of its key')
  @IsOptional()
  @MaxLength(PATH_LENGTH)
  tlsKey?: string;

  @FromEnv(
    'HTTPS_PROXY',
    'string',
    'HTTP proxy that brokers are reached through, http://[user:password@]host:port',
    {
      secret: true,
    },
  )
  @IsOptional()
  @IsString()
  httpsProxy?: string;

  @FromEnv('https_proxy', 'string', 'the same; HTTPS_PROXY goes before it', { secret: true })
  @IsOptional()
  @IsString()
  httpsProxyLower?: string;

  @FromEnv('NO_PROXY', 'list', 'hosts and domains that are reached without it; `*`: all')
  @IsOptional()
  noProxy?: string[];
}

/** The environment, for whoever tells a variable that is set from one that has its default. */
export const environment = (): NodeJS.ProcessEnv => process.env;

/** Where a person's settings are when no file is named, as the XDG base directories have it. */
export function usualConfigFile({ XDG_CONFIG_HOME }: NodeJS.ProcessEnv): string {
  return join(XDG_CONFIG_HOME || join(homedir(), '.config'), 'trunkline', 'config.json');
}
