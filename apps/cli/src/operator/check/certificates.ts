import { X509Certificate } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { durationText } from '../times.ts';
import { type Finding, fail, messageOf, ok, warn } from './finding.ts';

const DAY_MS = 86_400_000;
/** A certificate that ends within is to be made anew; the development ones live for 90 days. */
const SOON_MS = 14 * DAY_MS;
const NOW_MS = 2 * DAY_MS;

export interface CertificateEnd {
  readonly name: string;
  /** RFC 3339. */
  readonly notAfter: string;
}

/** The local stack's, and whatever files are named. */
export function certificateFiles(stackHome: string, named: readonly (string | undefined)[]): string[] {
  const folder = join(stackHome, 'pki');
  const ofStack = existsSync(folder)
    ? readdirSync(folder)
        .filter((file) => file.endsWith('.crt'))
        .sort()
        .map((file) => join(folder, file))
    : [];
  return [...new Set([...ofStack, ...named.filter((file) => file !== undefined)])];
}

export function readCertificates(files: readonly string[]): {
  ends: CertificateEnd[];
  unreadable: Finding[];
} {
  const ends: CertificateEnd[] = [];
  const unreadable: Finding[] = [];
  for (const file of files) {
    try {
      const { validTo } = new X509Certificate(readFileSync(file));
      ends.push({ name: file, notAfter: new Date(validTo).toISOString() });
    } catch (error) {
      unreadable.push(
        fail('certificates', `${file} cannot be read (${messageOf(error)})`, 'it must be a PEM file'),
      );
    }
  }
  return { ends, unreadable };
}

/** Which certificates end soon. */
export function checkCertificates(check: string, ends: readonly CertificateEnd[], nowMs: number): Finding[] {
  const leftMs = (end: CertificateEnd) => Date.parse(end.notAfter) - nowMs;
  const near = ends
    .filter((end) => leftMs(end) < SOON_MS)
    .toSorted((one, other) => leftMs(one) - leftMs(other));
  if (near.length === 0) {
    if (ends.length === 0) return [];
    const first = ends.reduce((one, other) => (leftMs(other) < leftMs(one) ? other : one));
    return [ok(check, `${ends.length}, the first ends in ${durationText(leftMs(first))}`)];
  }
  return near.map((end) => {
    const left = leftMs(end);
    const hint = 'have it made anew and start its program again (local stack: npm start makes them anew)';
    if (left <= 0) return fail(check, `${end.name} ended ${durationText(-left)} ago`, hint);
    const words = `${end.name} ends in ${durationText(left)}, at ${end.notAfter}`;
    return left < NOW_MS ? fail(check, words, hint) : warn(check, words, hint);
  });
}
