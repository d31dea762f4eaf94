import { connect } from 'node:net';
import { redisAddress } from '../../deploy/local/settings.mjs';

/** A reply of Redis as it is on the wire: text, a number, nothing, or a list of these. */
export type RedisReply = string | number | null | RedisReply[];

/**
 * One command over a connection of its own, in the database of the URL: for tests that look at Redis as an
 * outsider would.
 */
export async function redisCommand(url: string, ...command: string[]): Promise<RedisReply> {
  const address = redisAddress(url);
  if (!address) throw new Error('that is no URL of a Redis');
  const database = new URL(url).pathname.slice(1) || '0';
  const socket = connect(address);
  try {
    return await new Promise<RedisReply>((resolve, reject) => {
      let bytes = Buffer.alloc(0);
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('Redis closed the connection')));
      socket.on('data', (chunk) => {
        bytes = Buffer.concat([bytes, chunk]);
        // The first answer is to SELECT.
        const selected = parse(bytes, 0);
        const answer = selected && parse(bytes, selected.end);
        if (!answer) return;
        if (answer.reply instanceof Error) reject(answer.reply);
        else resolve(answer.reply);
      });
      socket.write(encode(['SELECT', database]) + encode(command));
    });
  } finally {
    socket.destroy();
  }
}

/** A hash as an object. */
export async function redisHash(url: string, key: string): Promise<Record<string, string>> {
  const reply = await redisCommand(url, 'HGETALL', key);
  const flat = Array.isArray(reply) ? reply.map(String) : [];
  return Object.fromEntries(
    Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i] ?? '', flat[2 * i + 1] ?? '']),
  );
}

function encode(command: readonly string[]): string {
  return `*${command.length}\r\n${command.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}

interface Parsed {
  readonly reply: RedisReply | Error;
  readonly end: number;
}

/** A whole reply from `at` on, or undefined while some of it is missing. */
function parse(bytes: Buffer, at: number): Parsed | undefined {
  const lineEnd = bytes.indexOf('\r\n', at);
  if (lineEnd < 0) return undefined;
  const line = bytes.toString('utf8', at + 1, lineEnd);
  const end = lineEnd + 2;
  switch (bytes.toString('latin1', at, at + 1)) {
    case '+':
      return { reply: line, end };
    case '-':
      return { reply: new Error(line), end };
    case ':':
      return { reply: Number(line), end };
    case '$':
      return parseBulk(bytes, end, Number(line));
    case '*':
      return parseList(bytes, end, Number(line));
    default:
      return { reply: new Error(`Redis answered ${line}`), end };
  }
}

function parseBulk(bytes: Buffer, from: number, length: number): Parsed | undefined {
  if (length < 0) return { reply: null, end: from };
  if (bytes.length < from + length + 2) return undefined;
  return { reply: bytes.toString('utf8', from, from + length), end: from + length + 2 };
}

function parseList(bytes: Buffer, from: number, count: number): Parsed | undefined {
  const list: RedisReply[] = [];
  let end = from;
  for (let left = count; left > 0; left -= 1) {
    const item = parse(bytes, end);
    if (!item) return undefined;
    list.push(item.reply instanceof Error ? item.reply.message : item.reply);
    end = item.end;
  }
  return { reply: list, end };
}
