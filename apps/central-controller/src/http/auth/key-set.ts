import { readFile } from 'node:fs/promises';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '#libs/platform';

/** Bounds of the key set; times in milliseconds. */
export const KEY_LIMITS = {
  /** Keys are read again once they are older. */
  refreshMs: 600_000,
  /** Keys that could not be read again for so long are believed no more. */
  staleMs: 3_600_000,
  /** An unknown key id has the keys read again at most so often: who asks is not known yet. */
  unknownKeyMs: 10_000,
  /** After a failure the next attempt waits for so long; while there are keys to go on with, longer. */
  retryMs: 1_000,
  reReadMs: 10_000,
  /** A fetch is given up after so long. */
  fetchMs: 3_000,
  /** A key set may have at most so many bytes. */
  bytes: 256 * 1024,
} as const;

/** The keys can't be had: who asks can't be told, so nobody is let in by them. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
}

interface Held {
  readonly find: JWTVerifyGetKey;
  readonly atMs: number;
}

/** The public keys of the issuer, out of a file or from a URL. */
export class KeySet {
  private held: Held | undefined;
  private triedMs = Number.NEGATIVE_INFINITY;
  private reading: Promise<void> | undefined;
  /** Why the last attempt failed; undefined: it did not. */
  private failure: string | undefined;

  /** @param onFailure told when keys can't be read, once for each failure */
  constructor(
    private readonly source: string,
    private readonly clock: Clock,
    private readonly onFailure: (why: string) => void,
    private readonly read: (source: string) => Promise<string> = readKeys,
  ) {}

  /** The state for people: how old the keys are, and what went wrong last. */
  state(): { readonly state: 'read' | 'stale' | 'unread'; readonly age_ms?: number } {
    if (this.held === undefined) return { state: 'unread' };
    return { state: this.failure === undefined ? 'read' : 'stale', age_ms: Math.round(this.ageMs()) };
  }

  /**
   * The key that a token names, as jose asks for it.
   * @throws KeysUnavailable; jose's JWKSNoMatchingKey when there is no such key, also after a look at the source
   */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    const held = await this.usable();
    try {
      return await held.find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !this.mayTry(KEY_LIMITS.unknownKeyMs)) throw error;
      await this.refresh();
      if (this.failure !== undefined) throw new KeysUnavailable(this.failure);
      return (this.held ?? held).find(header, token);
    }
  };

  private async usable(): Promise<Held> {
    const isUsable = this.ageMs() <= KEY_LIMITS.staleMs;
    const isDue = this.ageMs() > KEY_LIMITS.refreshMs;
    // Who has keys to go on with asks less often, and does not wait for what another one asked.
    if (
      isUsable ? isDue && this.mayTry(KEY_LIMITS.reReadMs) : this.reading || this.mayTry(KEY_LIMITS.retryMs)
    ) {
      await this.refresh();
    }
    if (this.held && this.ageMs() <= KEY_LIMITS.staleMs) return this.held;
    throw new KeysUnavailable(this.failure ?? 'no keys');
  }

  private ageMs(): number {
    return this.held ? this.clock.wallMs() - this.held.atMs : Number.POSITIVE_INFINITY;
  }

  private mayTry(everyMs: number): boolean {
    return this.clock.wallMs() - this.triedMs >= everyMs;
  }

  /** Never rejects; whoever comes meanwhile waits for the same attempt. */
  private refresh(): Promise<void> {
    this.reading ??= this.load().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  private async load(): Promise<void> {
    this.triedMs = this.clock.wallMs();
    try {
      this.held = {
        find: createLocalJWKSet(parsed(await this.read(this.source))),
        atMs: this.clock.wallMs(),
      };
      this.failure = undefined;
    } catch (error) {
      this.failure = (error as Error).message;
      this.onFailure(this.failure);
    }
  }
}

/** A set with a private or shared key in it was published by mistake: tokens could be anybody's. */
function parsed(text: string): JSONWebKeySet {
  const set = JSON.parse(text) as JSONWebKeySet;
  if (!Array.isArray(set?.keys) || set.keys.length === 0) throw new Error('it is no key set');
  if (set.keys.some((key) => key === null || typeof key !== 'object' || 'd' in key || key.kty === 'oct')) {
    throw new Error('it holds a private or shared key');
  }
  return set;
}

async function readKeys(source: string): Promise<string> {
  if (!/^https?:/.test(source)) return readFile(source, 'utf8');
  const answer = await fetch(source, {
    headers: { accept: 'application/jwk-set+json, application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(KEY_LIMITS.fetchMs),
  });
  if (!answer.ok) throw new Error(`answered ${answer.status}`);
  return boundedText(answer);
}

async function boundedText(answer: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of answer.body ?? []) {
    bytes += part.length;
    if (bytes > KEY_LIMITS.bytes) throw new Error(`it has more than ${KEY_LIMITS.bytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
