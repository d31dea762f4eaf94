import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAuthority, issueLeaf, type KeyPairPem } from './certificates.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** A certificate with less than this left is made anew. */
export const RENEW_BEFORE_MS = 30 * DAY_MS;
const CODE_KEY_BYTES = 32;

/** One leaf of the folder: `<name>.crt` and `<name>.key`, with the identity `uri`. */
export interface Member {
  readonly name: string;
  readonly uri: string;
  /** Host names that it must hold; absent: `localhost`. */
  readonly dnsNames?: readonly string[];
}

/**
 * Brings a development PKI folder into being, or up to date: `ca.{crt,key}`, a pair for each member and
 * `code.key`. What is good stays as it is; what is missing, damaged, about to expire, not signed by the
 * authority or says another identity is made anew. Keys are readable by their owner alone.
 * @returns the names of what was written
 */
export async function ensurePki(dir: string, members: readonly Member[], nowMs: number): Promise<string[]> {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const written: string[] = [];
  let authority = readPair(dir, 'ca');
  if (!authority || !isFresh(authority, nowMs) || !new X509Certificate(authority.cert).ca) {
    authority = await createAuthority('Trunkline development CA', nowMs);
    writePair(dir, 'ca', authority);
    written.push('ca');
  }
  for (const member of members) {
    const pair = readPair(dir, member.name);
    if (pair && isFresh(pair, nowMs) && says(pair, member) && isSignedBy(pair, authority)) continue;
    writePair(dir, member.name, await issueLeaf(authority, member, nowMs));
    written.push(member.name);
  }
  if (!existsSync(join(dir, 'code.key'))) {
    write(dir, 'code.key', `${randomBytes(CODE_KEY_BYTES).toString('hex')}\n`, 0o600);
    written.push('code');
  }
  return written;
}

/** The authority of a folder, for tests that need certificates of their own. */
export function readAuthority(dir: string): KeyPairPem {
  const authority = readPair(dir, 'ca');
  if (!authority) throw new Error(`no certificate authority in ${dir}`);
  return authority;
}

/** A pair that is there, parses and belongs together; a kill between two writes leaves one that does not. */
function readPair(dir: string, name: string): KeyPairPem | undefined {
  try {
    const cert = readFileSync(join(dir, `${name}.crt`), 'utf8');
    const key = readFileSync(join(dir, `${name}.key`), 'utf8');
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) return undefined;
    chmodSync(join(dir, `${name}.key`), 0o600);
    return { cert, key };
  } catch {
    return undefined;
  }
}

function isFresh(pair: KeyPairPem, nowMs: number): boolean {
  const cert = new X509Certificate(pair.cert);
  return Date.parse(cert.validFrom) <= nowMs && Date.parse(cert.validTo) - nowMs > RENEW_BEFORE_MS;
}

function says(pair: KeyPairPem, { uri, dnsNames = [] }: Member): boolean {
  const names = new X509Certificate(pair.cert).subjectAltName?.split(', ') ?? [];
  return [`URI:${uri}`, ...dnsNames.map((name) => `DNS:${name}`)].every((name) => names.includes(name));
}

function isSignedBy(pair: KeyPairPem, authority: KeyPairPem): boolean {
  const issuer = new X509Certificate(authority.cert);
  const cert = new X509Certificate(pair.cert);
  return cert.checkIssued(issuer) && cert.verify(issuer.publicKey);
}

function writePair(dir: string, name: string, pair: KeyPairPem): void {
  write(dir, `${name}.key`, pair.key, 0o600);
  write(dir, `${name}.crt`, pair.cert, 0o644);
}

/** Whole or not at all: written beside and renamed. */
function write(dir: string, file: string, text: string, mode: number): void {
  const beside = join(dir, `.${file}.${process.pid}`);
  writeFileSync(beside, text, { mode });
  renameSync(beside, join(dir, file));
}
