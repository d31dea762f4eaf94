import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const DAY_MS = 24 * 60 * 60 * 1000;
/** A certificate is valid from a little before its making, for clocks that are behind. */
const BACKDATE_MS = 60 * 60 * 1000;
export const AUTHORITY_VALIDITY_MS = 10 * 365 * DAY_MS;
export const LEAF_VALIDITY_MS = 90 * DAY_MS;

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** A certificate and its private key (PKCS #8), both PEM. */
export interface KeyPairPem {
  readonly cert: string;
  readonly key: string;
}

/** What a leaf says; `uri` is the identity that peers check. */
export interface LeafOptions {
  readonly name: string;
  readonly uri: string;
  /** Defaults to `localhost`. */
  readonly dnsNames?: readonly string[];
  /** Defaults to `127.0.0.1`. */
  readonly addresses?: readonly string[];
  /** Default: an hour before now. */
  readonly notBeforeMs?: number;
  /** Default: 90 days after now. */
  readonly notAfterMs?: number;
  /** What it may be used for; default: both ends. */
  readonly usages?: readonly ('clientAuth' | 'serverAuth')[];
}

/** A self-signed authority, which signs leaves and nothing below them. */
export async function createAuthority(name: string, nowMs: number): Promise<KeyPairPem> {
  const keys = await generateKeys();
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ O: ['Trunkline development'] }, { CN: [name] }],
    notBefore: new Date(nowMs - BACKDATE_MS),
    notAfter: new Date(nowMs + AUTHORITY_VALIDITY_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
    ],
  });
  return { cert: pemOf(cert), key: await keyPem(keys.privateKey) };
}

/** A leaf for both ends of mTLS, signed by `authority`. Nothing about it is checked: tests want bad ones too. */
export async function issueLeaf(
  authority: KeyPairPem,
  options: LeafOptions,
  nowMs: number,
): Promise<KeyPairPem> {
  const issuer = new x509.X509Certificate(authority.cert);
  const keys = await generateKeys();
  const dnsNames = options.dnsNames ?? ['localhost'];
  const addresses = options.addresses ?? ['127.0.0.1'];
  const usages = options.usages ?? ['clientAuth', 'serverAuth'];
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [{ O: ['Trunkline development'] }, { CN: [options.name] }],
    issuer: issuer.subject,
    notBefore: new Date(options.notBeforeMs ?? nowMs - BACKDATE_MS),
    notAfter: new Date(options.notAfterMs ?? nowMs + LEAF_VALIDITY_MS),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(usages.map((usage) => x509.ExtendedKeyUsage[usage])),
      new x509.SubjectAlternativeNameExtension([
        { type: 'url', value: options.uri },
        ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
        ...addresses.map((value) => ({ type: 'ip' as const, value })),
      ]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      await x509.AuthorityKeyIdentifierExtension.create(issuer, false, webcrypto),
    ],
  });
  return { cert: pemOf(cert), key: await keyPem(keys.privateKey) };
}

/** A pair that nobody vouches for: a guest's, whose key alone is its identity. Valid as long as an authority. */
export async function createSelfSigned(name: string, nowMs: number): Promise<KeyPairPem> {
  const keys = await generateKeys();
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [name] }],
    notBefore: new Date(nowMs - BACKDATE_MS),
    notAfter: new Date(nowMs + AUTHORITY_VALIDITY_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
    ],
  });
  return { cert: pemOf(cert), key: await keyPem(keys.privateKey) };
}

x509.cryptoProvider.set(webcrypto);

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, [
    'sign',
    'verify',
  ]) as Promise<webcrypto.CryptoKeyPair>;
}

function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = x509.PemConverter.decodeFirst(pem);
  return webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign']);
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', key);
  return `${x509.PemConverter.encode(der, 'PRIVATE KEY')}\n`;
}

function pemOf(cert: x509.X509Certificate): string {
  return `${cert.toString('pem')}\n`;
}

/** 16 random bytes, positive as X.509 wants it. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}
