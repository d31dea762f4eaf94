import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from '../../deploy/local/paths.mjs';
import { PORTS } from '../../deploy/local/programs.mjs';
import { familiesOf, readScrape } from './families.ts';
import { type Programs, programsBuilt } from './programs.ts';
import { faultsOfQuery, type Known, readQuery } from './promql.ts';
import { alerts, dashboard, shippedQueries } from './queries.ts';
import { DOCUMENT, mergeOf } from './table.ts';

/** The dashboard's variable. */
const CHOSEN = ['$', '{datasource}'].join('');

describe('the queries that ship with the project', () => {
  let programs: Programs;
  let known: Known;

  beforeAll(async () => {
    programs = await programsBuilt();
    const registries = [...programs.registries.values()].flat();
    const scrapes = await Promise.all(registries.map(async (each) => readScrape(await each.metrics())));
    known = {
      families: mergeOf(registries.map((each) => familiesOf(each))),
      samples: scrapes.flatMap(({ samples }) => samples),
    };
  });
  afterAll(() => programs?.stop());

  it('ask for metrics, labels and values that programs tell', () => {
    const queries = shippedQueries();
    expect(queries.length).toBeGreaterThan(80);
    const faults = queries.flatMap(({ where, expression }) =>
      faultsOfQuery(expression, known).map((fault) => `${where}: ${fault}`),
    );
    expect(faults).toEqual([]);
  });

  it('leave the labels that their legends and texts show', () => {
    const faults = shippedQueries().flatMap(({ where, expression, shown }) => {
      const { grouped, selectors } = readQuery(expression);
      // Ungrouped, a series keeps all that it has.
      const kept = grouped.length > 0 ? grouped : selectors.flatMap(({ metric }) => labelsOf(metric));
      return shown.filter((label) => !kept.includes(label)).map((label) => `${where}: no ${label} is left`);
    });
    expect(faults).toEqual([]);
  });

  function labelsOf(metric: string): readonly string[] {
    const family = known.families.find(({ name }) => name === metric);
    return ['program', 'control_region', 'instance', 'job', ...(family?.labels ?? [])];
  }

  describe('in the dashboard', () => {
    it('are of the chosen data source and control region', () => {
      const { panels, templating } = dashboard();
      expect(templating.list.map(({ name }) => name)).toEqual(['datasource', 'control_region']);
      for (const { title, type, datasource, targets = [] } of panels) {
        if (type === 'row') continue;
        expect([title, datasource?.uid]).toEqual([title, CHOSEN]);
        for (const { expr, datasource: source } of targets) {
          expect(source.uid).toBe(CHOSEN);
          const regions = readQuery(expr).selectors.map(({ matchers }) =>
            matchers.find(({ label }) => label === 'control_region'),
          );
          expect([title, regions.map((each) => each?.value)]).toEqual([
            title,
            regions.map(() => '$control_region'),
          ]);
        }
      }
      const [, metric = '', label = ''] =
        /^label_values\((\w+), (\w+)\)$/.exec(templating.list[1]?.definition ?? '') ?? [];
      expect(faultsOfQuery(`count by (${label}) (${metric})`, known)).toEqual([]);
    });

    it('stand beside each other, none over another', () => {
      const taken = new Map<string, string>();
      for (const { title, gridPos } of dashboard().panels) {
        const { x, y, w, h } = gridPos;
        expect(x + w).toBeLessThanOrEqual(24);
        for (let row = y; row < y + h; row += 1)
          for (let column = x; column < x + w; column += 1) {
            const cell = `${column},${row}`;
            expect([title, taken.get(cell)]).toEqual([title, undefined]);
            taken.set(cell, title);
          }
      }
    });
  });

  describe('of the alerts', () => {
    const document = readFileSync(DOCUMENT, 'utf8');

    it('each say what is wrong, how bad that is, and where its runbook is', () => {
      const names = alerts().map(({ alert }) => alert);
      expect(new Set(names).size).toBe(names.length);
      for (const { alert, labels, annotations } of alerts()) {
        expect(alert).toMatch(/^Trunkline[A-Z][A-Za-z]+$/);
        expect(['critical', 'warning', 'info']).toContain(labels.severity);
        expect([alert, Object.keys(annotations)]).toEqual([alert, ['summary', 'description', 'runbook_url']]);
        expect(annotations.runbook_url).toBe(`docs/telemetry.md#${alert.toLowerCase()}`);
        expect(document).toContain(`\n#### ${alert}\n`);
      }
    });

    it('are all that have a runbook', () => {
      const runbooks = [...document.matchAll(/^#### (\w+)$/gm)].map(([, name]) => name);
      expect(runbooks).toEqual(alerts().map(({ alert }) => alert));
    });
  });

  it('are of a Prometheus that scrapes every program of the local stack that has metrics', () => {
    const config = parse(readFileSync(join(ROOT, 'deploy/prometheus/prometheus.yml'), 'utf8'));
    const [job] = config.scrape_configs;
    expect([config.rule_files, job.job_name]).toEqual([['alerts.yml'], 'trunkline']);
    const scraped = job.static_configs.flatMap(({ targets }: { targets: string[] }) => targets);
    const ports = Object.entries(PORTS).flatMap(([name, purposes]) => {
      const { http, admin } = purposes as { http?: number; admin?: number };
      return /^(central-controller|client-sidecar|server-sidecar|broker)-/.test(name) ? [http ?? admin] : [];
    });
    expect(scraped).toEqual(ports.map((port) => `127.0.0.1:${port}`));
  });
});

describe('the check of queries', () => {
  const known: Known = {
    families: [
      { name: 'a_total', type: 'counter', help: '', labels: ['outcome'] },
      { name: 'b_seconds', type: 'histogram', help: '', labels: [] },
    ],
    samples: [{ name: 'a_total', labels: { outcome: 'done' }, value: 1 }],
  };

  it.each<[string, string]>([
    [
      'sum by (outcome) (rate(a_total{outcome="done", control_region=~"$control_region"}[$__rate_interval]))',
      '',
    ],
    ['histogram_quantile(0.9, sum by (le) (rate(b_seconds_bucket[5m])))', ''],
    ['up{job="x"} == 0', ''],
    ['rate(c_total[5m])', 'no metric c_total'],
    ['b_seconds', 'no metric b_seconds'],
    ['a_total{reason="x"}', 'a_total has no label reason'],
    ['a_total{outcome=~"done|lost"}', 'a_total never has outcome lost'],
    ['sum by (kind) (a_total)', 'nothing here has a label kind'],
    ['sum by (le) (a_total)', 'nothing here has a label le'],
  ])('says of %s: %s', (expression, fault) => {
    expect(faultsOfQuery(expression, known)).toEqual(fault === '' ? [] : [fault]);
  });

  it.each(['sum(', 'rate(a_total[5 m])', 'a_total{outcome=}', ''])('does not take %j', (expression) => {
    expect(() => readQuery(expression)).toThrow(/no PromQL/);
  });
});
