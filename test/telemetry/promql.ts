import { parser } from '@prometheus-io/lezer-promql';
import { COMMON_LABELS, type Family, type Sample, seriesNames } from './families.ts';

/** A selector of an expression: `x{a="b"}`. */
interface Selector {
  readonly metric: string;
  readonly matchers: readonly { readonly label: string; readonly operator: string; readonly value: string }[];
}

interface Query {
  readonly selectors: readonly Selector[];
  /** Of `by (…)` and `without (…)`. */
  readonly grouped: readonly string[];
}

/** What a query is held against. */
export interface Known {
  readonly families: readonly Family[];
  readonly samples: readonly Sample[];
}

/** Prometheus's own series, and labels that it adds to those it scrapes. */
const OF_PROMETHEUS: readonly string[] = ['up'];
const SCRAPE_LABELS: readonly string[] = ['job', 'instance'];
/** Labels whose values come with what is asked for: there are none before. */
const OF_TRAFFIC: readonly string[] = ['route'];
/** A variable of the dashboard, for its own use. */
const VARIABLE = /^\$/;

/** Parses an expression. @throws for what is no PromQL */
export function readQuery(expression: string): Query {
  const text = expression.replaceAll('$__rate_interval', '5m').replaceAll('$__range', '1h');
  const selectors: { metric: string; matchers: Selector['matchers'][number][] }[] = [];
  const grouped: string[] = [];
  const cursor = parser.parse(text).cursor();
  const of = () => text.slice(cursor.from, cursor.to);
  const within: string[] = [];
  do {
    if (cursor.type.isError) throw new Error(`no PromQL at ${cursor.from}: ${text}`);
    const name = cursor.name;
    if (name === 'VectorSelector') selectors.push({ metric: '', matchers: [] });
    const last = selectors.at(-1);
    if (name === 'Identifier' && last?.metric === '') last.metric = of();
    if (name === 'UnquotedLabelMatcher' || name === 'QuotedLabelMatcher') {
      const [, label = '', operator = '', value = ''] =
        /^"?(\w+)"?\s*(=~|!~|!=|=)\s*"(.*)"$/s.exec(of()) ?? [];
      last?.matchers.push({ label, operator, value });
    }
    if (name === 'GroupingLabels') within.push(of());
  } while (cursor.next());
  for (const each of within)
    grouped.push(
      ...each
        .replace(/[()]/g, '')
        .split(',')
        .map((label) => label.trim())
        .filter(Boolean),
    );
  return { selectors, grouped };
}

/** What an expression asks for that nobody tells: metrics, labels, and values of labels; nothing: it can be answered. */
export function faultsOfQuery(expression: string, { families, samples }: Known): string[] {
  const { selectors, grouped } = readQuery(expression);
  const faults: string[] = [];
  const present = new Set([...COMMON_LABELS, ...SCRAPE_LABELS]);
  for (const { metric, matchers } of selectors) {
    if (OF_PROMETHEUS.includes(metric)) continue;
    const family = families.find((each) => seriesNames(each).includes(metric));
    if (family === undefined) {
      faults.push(`no metric ${metric}`);
      continue;
    }
    const own = [...family.labels, ...(metric.endsWith('_bucket') ? ['le'] : [])];
    for (const label of own) present.add(label);
    const allowed = new Set([...own, ...COMMON_LABELS, ...SCRAPE_LABELS]);
    for (const { label, operator, value } of matchers) {
      if (!allowed.has(label)) faults.push(`${metric} has no label ${label}`);
      else faults.push(...missingValues(metric, label, operator, value, samples));
    }
  }
  for (const label of grouped) if (!present.has(label)) faults.push(`nothing here has a label ${label}`);
  return faults;
}

/** Values that are written out must be ones that somebody tells; patterns may match what has not been yet. */
function missingValues(
  metric: string,
  label: string,
  operator: string,
  value: string,
  samples: readonly Sample[],
): string[] {
  if (VARIABLE.test(value) || [...SCRAPE_LABELS, ...OF_TRAFFIC].includes(label)) return [];
  const isPattern = operator.endsWith('~');
  const values = isPattern ? value.split('|') : [value];
  if (isPattern && values.some((each) => /[^\w/-]/.test(each))) return [];
  const told = new Set(samples.filter(({ name }) => name === metric).map(({ labels }) => labels[label]));
  return values.filter((each) => !told.has(each)).map((each) => `${metric} never has ${label} ${each}`);
}
