import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { baseOfTopic, parseMessage, TOPIC } from '#libs/contracts';
import type { verify } from '#libs/domain';
import { decodeRecord, type LogRecord, NO_LIMITS, WIRE_LIMITS } from '#libs/log';
import { CliError, EXIT } from '../exit.ts';
import { NoSliceLine, parseLine, readFate, type SlicedRecord } from './slice.ts';

export interface SliceSink {
  record(record: LogRecord): void;
  fate(fate: verify.FateRecord): void;
}

/** Reads a slice that `--export` wrote. @throws CliError naming the file and the line */
export async function readSlice(file: string, sink: SliceSink): Promise<void> {
  for await (const { text, line } of linesOf(file)) {
    if (text === '') continue;
    try {
      const parsed = parseLine(text);
      if (parsed.kind === 'fate') sink.fate(parsed.fate);
      else sink.record(decoded(parsed));
    } catch (error) {
      if (!(error instanceof NoSliceLine)) throw error;
      const hint = 'is it cut off, or altered? trunkline export writes such files';
      throw new CliError(EXIT.unreadable, `${file}:${line} is no line of a slice: ${error.message}; ${hint}`);
    }
  }
}

/** By the same codec and the same limits as from Kafka. */
function decoded({ at, raw }: SlicedRecord): LogRecord {
  const isTruth = baseOfTopic(at.topic) === TOPIC.controllerEvents;
  return decodeRecord(at, raw, { parse: parseMessage, limits: isTruth ? NO_LIMITS : WIRE_LIMITS });
}

/**
 * The fates in a folder's `*.ndjson`, those of clients first: what a client was told, a server had written down before.
 * A line that a kill cut in two, or of another kind, is passed over.
 */
export async function readFates(folder: string, take: (fate: verify.FateRecord) => void): Promise<void> {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    throw new CliError(
      EXIT.unreadable,
      `${folder} is no folder: --data names the one with the applications' files`,
    );
  }
  const files = readdirSync(folder).filter((name) => name.endsWith('.ndjson'));
  if (files.length === 0) {
    throw new CliError(EXIT.unreadable, `${folder} holds no *.ndjson: --data names the applications' folder`);
  }
  const clients = new Map<string, boolean>();
  for (const name of files) clients.set(name, await isClients(join(folder, name)));
  const ordered = files.toSorted((one, other) => Number(clients.get(other)) - Number(clients.get(one)));
  for (const name of ordered) {
    for await (const { fate } of fatesOf(join(folder, name))) take(fate);
  }
}

async function isClients(path: string): Promise<boolean> {
  for await (const { fate } of fatesOf(path)) return fate.fate === 'sent';
  return false;
}

async function* fatesOf(path: string): AsyncIterable<{ fate: verify.FateRecord }> {
  for await (const { text, line } of linesOf(path)) {
    const fate = readFate(jsonOf(text), { file: basename(path), line });
    if (fate) yield { fate };
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function* linesOf(path: string): AsyncIterable<{ text: string; line: number }> {
  const input = createReadStream(path, 'utf8');
  let line = 0;
  try {
    for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      line += 1;
      yield { text, line };
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new CliError(EXIT.unreadable, `${path} cannot be read (${code})`);
  } finally {
    input.destroy();
  }
}
