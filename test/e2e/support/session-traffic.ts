import { createHash, randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { SdkSession } from './session-load.ts';

/** What people do with a session. `idle`: it is open and nothing is sent. */
export const TRAFFIC_KINDS = ['keys', 'bulk', 'short', 'idle'] as const;
export type TrafficKind = (typeof TRAFFIC_KINDS)[number];

const KEYS = 20;
const KEY_BYTES = 32;
const BULK_BYTES = 512 * 1024;
const SHORT_CONNECTIONS = 4;
const SHORT_BYTES = 2_000;

/**
 * Sends what such a session carries through one whose target sends all back, and looks at what comes.
 * @returns the bytes that went there and came back
 * @throws when they are not the same
 */
export async function carry(kind: TrafficKind, session: SdkSession): Promise<number> {
  switch (kind) {
    case 'keys':
      return typeKeys(session.controller.connect());
    case 'bulk':
      return sendAll(session.controller.connect(), randomBytes(BULK_BYTES));
    case 'short': {
      let bytes = 0;
      for (let nth = 0; nth < SHORT_CONNECTIONS; nth += 1) {
        bytes += await sendAll(session.controller.connect(), randomBytes(SHORT_BYTES));
      }
      return bytes;
    }
    case 'idle':
      return 0;
    default:
      return kind satisfies never;
  }
}

/** Each waits for the one before to be shown, as a person does. */
async function typeKeys(stream: Duplex): Promise<number> {
  let shown = Buffer.alloc(0);
  let looked: () => void = () => {};
  const lost = failedOf(stream);
  stream.on('data', (bytes: Buffer) => {
    shown = Buffer.concat([shown, bytes]);
    looked();
  });
  for (let nth = 0; nth < KEYS; nth += 1) {
    const typed = randomBytes(KEY_BYTES);
    shown = Buffer.alloc(0);
    const all = new Promise<void>((resolve) => {
      looked = () => shown.length >= KEY_BYTES && resolve();
    });
    stream.write(typed);
    await Promise.race([all, lost]);
    if (!shown.equals(typed)) throw new Error(`key ${nth}: other bytes came back`);
  }
  stream.end();
  return KEYS * KEY_BYTES;
}

/** Sends all and ends its half; what comes until the other half ends is the same. */
async function sendAll(stream: Duplex, bytes: Buffer): Promise<number> {
  const [came, sent] = [createHash('sha256'), createHash('sha256').update(bytes).digest('hex')];
  let length = 0;
  const lost = failedOf(stream);
  const ended = new Promise<void>((resolve) => stream.once('end', resolve));
  stream.on('data', (chunk: Buffer) => {
    length += chunk.length;
    came.update(chunk);
  });
  stream.end(bytes);
  await Promise.race([ended, lost]);
  if (length !== bytes.length || came.digest('hex') !== sent) {
    throw new Error(`${length} of ${bytes.length} bytes came back, or others`);
  }
  return length;
}

/** Rejects when the stream is cut before its end. */
function failedOf(stream: Duplex): Promise<never> {
  const failed = new Promise<never>((_, reject) => {
    stream.once('error', reject);
    stream.once('close', () => reject(new Error('the stream was closed')));
  });
  // Whoever has what it waited for does not look at it any more.
  failed.catch(() => {});
  return failed;
}
