import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The `iss` of development tokens. */
export const DEVELOPMENT_ISSUER = 'trunkline-local';
/** The files of an issuer in a folder of development certificates. */
export const ISSUER_FILES = { key: 'issuer.key', keySet: 'jwks.json' } as const;

/**
 * Brings an issuer of development tokens into being: `issuer.key`, which signs (P-256, its owner's alone), and
 * `jwks.json`, by which controllers check. A key that is there stays; the key set is made of it.
 */
export function ensureIssuer(dir: string): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const file = join(dir, ISSUER_FILES.key);
  const key = readKey(file) ?? newKey(file);
  const { kty, crv, x, y } = createPublicKey(key).export({ format: 'jwk' });
  // RFC 7638: the members in this order, and nothing else.
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
  const keySet = { keys: [{ kty, crv, x, y, kid, alg: 'ES256', use: 'sig' }] };
  write(join(dir, ISSUER_FILES.keySet), `${JSON.stringify(keySet, null, 2)}\n`, 0o644);
}

/** Undefined also for a file that a kill left half written. */
function readKey(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  chmodSync(file, 0o600);
  const pem = readFileSync(file, 'utf8');
  try {
    return createPrivateKey(pem).asymmetricKeyDetails?.namedCurve === 'prime256v1' ? pem : undefined;
  } catch {
    return undefined;
  }
}

function newKey(file: string): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  write(file, pem, 0o600);
  return pem;
}

/** Whole or not at all. */
function write(file: string, text: string, mode: number): void {
  writeFileSync(`${file}.new`, text, { mode });
  renameSync(`${file}.new`, file);
}
