import { openSync } from 'node:fs';
import { InvalidArgumentError, Option } from 'commander';
import { LogUnavailable, TruthUnreadable } from '#libs/log';
import { BROKER_PATTERN, REGION_PATTERN } from './config.ts';
import { CliError, EXIT } from './exit.ts';

/** What every command shares that reads Kafka. */

/** A person waits: a region whose topics are not there by then is not there, in milliseconds. */
export const LEADERLESS_MS = 3_000;

export const brokersOption = (): Option =>
  new Option(
    '--brokers <host:port,…>',
    'Kafka; default: TRUNKLINE_KAFKA_BROKERS, or 127.0.0.1:9092',
  ).argParser(listOf(BROKER_PATTERN, 'host:port, and commas between'));

export const regionsOption = (): Option =>
  new Option('--regions <name,…>', 'control regions; default: TRUNKLINE_REGIONS, or east,west').argParser(
    listOf(REGION_PATTERN, 'names without dots, and commas between'),
  );

/** Opens a file that is not there yet. @param wanted what the message asks for @throws CliError */
export function openNew(path: string, wanted: string): number {
  try {
    return openSync(path, 'wx');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new CliError(EXIT.usage, `${path} is there already: name ${wanted}`);
    throw new CliError(EXIT.unreadable, `${path} cannot be written (${code})`);
  }
}

/** What cannot be read is told with its place and what to do; a defect of ours keeps its stack. */
export function logFailure(error: unknown): unknown {
  if (error instanceof TruthUnreadable) {
    const hint = 'the log counts this record, and nobody may skip it; look at it with --export';
    return new CliError(EXIT.unreadable, `${error.message}; ${hint}`);
  }
  if (error instanceof LogUnavailable) {
    const hint = 'is Kafka there? --brokers host:port, or TRUNKLINE_KAFKA_BROKERS, says where';
    return new CliError(EXIT.unreadable, `${error.message}: ${hint}`);
  }
  return error;
}

const listOf =
  (pattern: RegExp, allowed: string) =>
  (text: string): string[] => {
    const items = text.split(',').map((item) => item.trim());
    if (items.every((item) => pattern.test(item)) && new Set(items).size === items.length) return items;
    throw new InvalidArgumentError(`It must be ${allowed}.`);
  };
