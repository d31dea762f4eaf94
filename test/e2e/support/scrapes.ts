import { readFileSync } from 'node:fs';
import { getJson } from '../../support/http.ts';
import { COMMON_LABELS, type Family, readScrape, type Sample } from '../../telemetry/families.ts';
import { clashesOf, faultsOf } from '../../telemetry/lint.ts';
import { faultsOfQuery } from '../../telemetry/promql.ts';
import { shippedQueries } from '../../telemetry/queries.ts';
import { DOCUMENT, documentedIn, readRow } from '../../telemetry/table.ts';

/**
 * What running programs tell at `/metrics` is what docs/telemetry.md lists, by the conventions; and every query of the
 * dashboard and the alerts finds what it asks for.
 * @param urls of `/metrics`, by the name of the program
 */
export async function expectDocumentedMetrics(urls: ReadonlyMap<string, string>): Promise<void> {
  const rows = documentedIn(readFileSync(DOCUMENT, 'utf8')).map((row) => readRow(row));
  const documented = new Map(rows.map((row) => [row.name, row]));
  const families = new Map<string, Family>();
  const samples: Sample[] = [];
  const programs = new Set<string>();
  for (const [program, url] of urls) {
    const scrape = readScrape(String((await getJson(url)).body));
    expect([program, clashesOf(scrape.families)]).toEqual([program, []]);
    for (const family of scrape.families) {
      const row = documented.get(family.name);
      if (family.name.startsWith('trunkline_')) {
        const { name, type, help } = family;
        expect({ name, type, help }).toEqual({ name, type: row?.type, help: row?.help });
        // Without a series yet there are no labels to be seen.
        if (family.labels.length > 0) expect([name, family.labels]).toEqual([name, row?.labels]);
      }
      families.set(family.name, row ?? family);
    }
    samples.push(...scrape.samples);
    for (const { labels } of scrape.samples) programs.add(labels.program ?? '');
    const unlike = scrape.samples.filter(({ labels }) => !((COMMON_LABELS[0] as string) in labels));
    expect([program, unlike]).toEqual([program, []]);
  }
  const known = { families: [...families.values()], samples };
  expect([...programs].sort()).toEqual(['broker', 'central-controller', 'sidecar', 'wan-simulator']);
  expect(known.families.flatMap((family) => faultsOf(family))).toEqual([]);
  expect([...documented.keys()].filter((name) => !families.has(name))).toEqual([]);
  const faults = shippedQueries().flatMap(({ where, expression }) =>
    faultsOfQuery(expression, known).map((fault) => `${where}: ${fault}`),
  );
  expect(faults).toEqual([]);
}
