import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

type KeyPair = Awaited<ReturnType<typeof generateKeyPair>>;

/** An issuer of tokens for tests, with its key set in a file. */
export class TestIssuer {
  readonly issuer = 'https://issuer.example';
  readonly audience = 'trunkline';
  private readonly folder = mkdtempSync(join(tmpdir(), 'trunkline-issuer-'));
  readonly jwks = join(this.folder, 'jwks.json');
  private readonly pairs = new Map<string, KeyPair>();

  /** What a controller is told of it. */
  get config() {
    return { jwks: this.jwks, jwtIssuer: this.issuer, jwtAudience: this.audience };
  }

  /** A new key, published unless told otherwise. */
  async addKey(kid: string, alg = 'ES256', published = true): Promise<void> {
    this.pairs.set(kid, await generateKeyPair(alg, { extractable: true }));
    if (published) await this.publish();
  }

  forgetKey(kid: string): void {
    this.pairs.delete(kid);
  }

  async publish(): Promise<void> {
    writeFileSync(this.jwks, await this.keySet());
  }

  async keySet(): Promise<string> {
    const keys = [...this.pairs].map(async ([kid, { publicKey }]) => ({
      ...(await exportJWK(publicKey)),
      kid,
    }));
    return JSON.stringify({ keys: await Promise.all(keys) });
  }

  privateKey(kid: string): KeyPair['privateKey'] {
    return this.pairOf(kid).privateKey;
  }

  publicKey(kid: string): KeyPair['publicKey'] {
    return this.pairOf(kid).publicKey;
  }

  /** A good token of `alice` with these roles, but for what a test says; undefined takes a claim away. */
  sign(
    roles: readonly string[] | undefined,
    claims: Record<string, unknown> = {},
    { kid = 'first', alg = 'ES256', key }: { kid?: string; alg?: string; key?: KeyPair['privateKey'] } = {},
  ): Promise<string> {
    const now = Math.floor(Date.now() / 1_000);
    const given = { iss: this.issuer, aud: this.audience, sub: 'alice', iat: now, exp: now + 60, roles };
    const payload = Object.fromEntries(
      Object.entries({ ...given, ...claims }).filter(([, value]) => value !== undefined),
    );
    return new SignJWT(payload).setProtectedHeader({ alg, kid }).sign(key ?? this.privateKey(kid));
  }

  end(): void {
    rmSync(this.folder, { recursive: true });
  }

  private pairOf(kid: string): KeyPair {
    const pair = this.pairs.get(kid);
    if (!pair) throw new Error(`there is no key ${kid}`);
    return pair;
  }
}
