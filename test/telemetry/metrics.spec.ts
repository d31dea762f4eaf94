import { readFileSync, writeFileSync } from 'node:fs';
import { type Family, familiesOf, readScrape } from './families.ts';
import { clashesOf, faultsOf } from './lint.ts';
import { type Programs, programsBuilt } from './programs.ts';
import { DOCUMENT, type Documented, documentedIn, mergeOf, withTable } from './table.ts';

describe('the metrics of every program', () => {
  let programs: Programs;
  let families: Map<string, readonly Family[]>;
  let all: Documented[];

  beforeAll(async () => {
    programs = await programsBuilt();
    families = new Map(
      [...programs.registries].map(([program, registries]) => [
        program,
        mergeOf(registries.map((each) => familiesOf(each))),
      ]),
    );
    all = [...families].flatMap(([program, each]) =>
      each.map((family) => ({ ...family, programs: [program] })),
    );
  });
  afterAll(() => programs?.stop());

  it('are named, typed, explained and labelled by the conventions of Prometheus', () => {
    const faults = [...families.values()].flat().flatMap((family) => faultsOf(family));
    expect([...new Set(faults)]).toEqual([]);
    for (const each of families.values()) expect(clashesOf(each)).toEqual([]);
  });

  it('are what the scrape of their registry gives', async () => {
    for (const registry of [...programs.registries.values()].flat()) {
      const declared = familiesOf(registry);
      const { families: scraped } = readScrape(await registry.metrics());
      expect(scraped.map(({ name, type, help }) => ({ name, type, help })).sort(byName)).toEqual(
        declared.map(({ name, type, help }) => ({ name, type, help })).sort(byName),
      );
      // A family without a series yet shows no labels.
      for (const { name, labels } of scraped.filter((family) => family.labels.length > 0)) {
        expect([name, labels]).toEqual([name, declared.find((family) => family.name === name)?.labels]);
      }
    }
  });

  it('are those that docs/telemetry.md lists', () => {
    const own = all.filter(({ name }) => name.startsWith('trunkline_'));
    const text = readFileSync(DOCUMENT, 'utf8');
    if (process.env.TRUNKLINE_WRITE_METRICS === '1') writeFileSync(DOCUMENT, withTable(text, own));
    expect(documentedIn(readFileSync(DOCUMENT, 'utf8'))).toEqual(documentedIn(withTable(text, own)));
  });
});

describe('the lint of metrics', () => {
  const good: Family = { name: 'a_requests_total', type: 'counter', help: 'Requests', labels: ['outcome'] };

  it('has nothing to say of a good one', () => {
    expect(faultsOf(good)).toEqual([]);
    expect(faultsOf({ ...good, name: 'a_duration_seconds', type: 'histogram' })).toEqual([]);
  });

  it.each<[string, Partial<Family>]>([
    ['no help text', { help: '' }],
    ['counters end in _total', { name: 'a_requests' }],
    ['only counters end in _total', { type: 'gauge' }],
    ['a name is in snake case', { name: 'aRequests_total' }],
    ['seconds is the base unit of milliseconds', { name: 'a_milliseconds_total' }],
    ['units are written out', { name: 'a_wait_ms', type: 'gauge' }],
    ['the type is no part of the name', { name: 'a_gauge', type: 'gauge' }],
    ['a histogram ends in its unit', { name: 'a_duration', type: 'histogram' }],
    ['label connection_id has a value for each of many', { labels: ['connection_id'] }],
    ['label agent has a value for each of many', { labels: ['agent'] }],
    ['label theReason is not in snake case', { labels: ['theReason'] }],
  ])('says: %s', (what, change) => {
    const family = { ...good, ...change };
    expect(faultsOf(family)).toContainEqual(`${family.name}: ${what}`);
  });

  it('finds two that OpenMetrics would call by one name', () => {
    expect(clashesOf([good, { ...good, name: 'a_requests', type: 'gauge' }])).toEqual(['a_requests']);
  });
});

const byName = (one: { name: string }, other: { name: string }): number => (one.name < other.name ? -1 : 1);
