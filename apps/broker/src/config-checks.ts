import { readFileSync } from 'node:fs';
import { checked, isReadable } from '#libs/agent';
import { CODE_ALPHABET, NAME_PATTERN } from '#libs/contracts';

/** A shorter key could be guessed from the session ids that it makes. */
const CODE_KEY_PATTERN = /^(?:[0-9a-fA-F]{2}){16,}$/;

export const CodeKey = (): PropertyDecorator =>
  checked('codeKey', (path) =>
    !isReadable(path) || codeKeyOf(path) !== undefined ? [] : ['must hold 16 bytes or more in hex'],
  );

/** Which region each first symbol stands for; its own region must be among them. */
export const CodeRegions = (): PropertyDecorator =>
  checked('codeRegions', (entries, { region }) => {
    const read = codeRegionsOf(Array.isArray(entries) ? entries.map(String) : []);
    if (read === undefined)
      return ['must be <symbol>=<region>, comma separated, each symbol and region once'];
    const isHere = typeof region !== 'string' || [...read.values()].includes(region);
    return isHere ? [] : [`must have a symbol for ${region}`];
  });

/** @returns undefined when the file does not hold a key */
export function codeKeyOf(path: string): Buffer | undefined {
  try {
    const text = readFileSync(path, 'utf8').trim();
    return CODE_KEY_PATTERN.test(text) ? Buffer.from(text, 'hex') : undefined;
  } catch {
    return undefined;
  }
}

/** Home regions by first symbol. @returns undefined when an entry is none, or says what another said */
export function codeRegionsOf(entries: readonly string[]): Map<string, string> | undefined {
  const regions = new Map<string, string>();
  for (const entry of entries) {
    const [symbol = '', region = '', ...more] = entry.split('=');
    const isEntry = symbol.length === 1 && CODE_ALPHABET.includes(symbol) && NAME_PATTERN.test(region);
    if (!isEntry || more.length > 0) return undefined;
    if (regions.has(symbol) || [...regions.values()].includes(region)) return undefined;
    regions.set(symbol, region);
  }
  return regions;
}
