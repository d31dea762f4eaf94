import type { Registry } from '#libs/platform';

export const METRIC_TYPES = ['counter', 'gauge', 'histogram', 'summary', 'untyped'] as const;
export type MetricType = (typeof METRIC_TYPES)[number];

/** A metric as one program tells it: all its series together. */
export interface Family {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  /** Without those that every series of its program has, and those of histograms. */
  readonly labels: readonly string[];
}

/** On every series, set once for the process; `le` and `quantile` are the format's own. */
export const COMMON_LABELS: readonly string[] = ['program', 'control_region'];
const FORMAT_LABELS: readonly string[] = ['le', 'quantile'];
const isOwn = (label: string) => !COMMON_LABELS.includes(label) && !FORMAT_LABELS.includes(label);

/** What a registry holds, series or none. */
export function familiesOf(registry: Registry): Family[] {
  const declared = registry.getMetricsAsArray() as unknown as {
    name: string;
    help: string;
    type: MetricType;
    labelNames?: string[];
  }[];
  return declared.map(({ name, help, type, labelNames = [] }) => ({
    name,
    help,
    type,
    labels: labelNames.filter(isOwn).sort(),
  }));
}

/** A series as it stands in the text format: one line. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What a scrape of `/metrics` gave. */
export interface Scrape {
  readonly families: readonly Family[];
  readonly samples: readonly Sample[];
}

/** Reads the text format of Prometheus, 0.0.4. @throws for a line that is not of it */
export function readScrape(text: string): Scrape {
  const heads = new Map<string, { help: string; type: MetricType }>();
  const samples: Sample[] = [];
  for (const line of text.split('\n')) {
    const comment = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line);
    if (comment) {
      const [, what, name = '', rest = ''] = comment;
      const head = heads.get(name) ?? { help: '', type: 'untyped' };
      heads.set(name, what === 'HELP' ? { ...head, help: rest } : { ...head, type: rest as MetricType });
    } else if (line !== '') samples.push(sampleOf(line));
  }
  const families = [...heads].map(([name, head]) => {
    const labels = samples
      .filter((sample) => familyOf(sample.name, heads) === name)
      .flatMap((sample) => Object.keys(sample.labels));
    return { name, ...head, labels: [...new Set(labels.filter(isOwn))].sort() };
  });
  return { families, samples };
}

function sampleOf(line: string): Sample {
  const [, name = '', inner = '', value = ''] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
  if (name === '') throw new Error(`not a sample: ${line}`);
  const labels = [...inner.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = '', text = '']) => [
    label,
    text,
  ]);
  return { name, labels: Object.fromEntries(labels), value: Number(value.replace('Inf', 'Infinity')) };
}

/** `x_bucket` is a series of the histogram `x`. */
function familyOf(sample: string, heads: ReadonlyMap<string, { readonly type: MetricType }>): string {
  const base = sample.replace(/_(bucket|sum|count)$/, '');
  return heads.get(base)?.type === 'histogram' || heads.get(base)?.type === 'summary' ? base : sample;
}

/** Names under which a family's series are asked for. */
export function seriesNames({ name, type }: Family): string[] {
  if (type !== 'histogram' && type !== 'summary') return [name];
  const parts = ['sum', 'count', ...(type === 'histogram' ? ['bucket'] : [])];
  return [...(type === 'summary' ? [name] : []), ...parts.map((part) => `${name}_${part}`)];
}
