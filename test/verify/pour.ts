import type { Log } from '#libs/log';
import { parseLine } from '../../apps/cli/src/verify/slice.ts';

/** Writes a slice's records into a log, in their order; regions get other names, so that tests stay apart. */
export async function pour(slice: string, log: Log, names: Readonly<Record<string, string>>): Promise<void> {
  const renamed = Object.entries(names).reduce(
    (text, [from, to]) => text.replaceAll(`"${from}.`, `"${to}.`),
    slice,
  );
  const homes = Object.entries(names).reduce(
    (text, [from, to]) => text.replaceAll(`_region":"${from}"`, `_region":"${to}"`),
    renamed,
  );
  const records = homes.trimEnd().split('\n').map(parseLine);
  // One partition after the other, so that every record gets the offset that it had.
  for (const line of records) {
    if (line.kind !== 'record') continue;
    const { at, raw } = line;
    await log.publishRaw([{ ...at, key: raw.key, value: raw.value, headers: raw.headers }]);
  }
}
