import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from '../../deploy/local/paths.mjs';

/** An expression that ships with the project, and where it stands. */
export interface Shipped {
  readonly where: string;
  readonly expression: string;
  /** Labels that its text for people names. */
  readonly shown: readonly string[];
}

export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Panel {
  readonly type: string;
  readonly title: string;
  readonly datasource?: { readonly uid: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly {
    readonly expr: string;
    readonly legendFormat: string;
    readonly datasource: { readonly uid: string };
  }[];
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

export const dashboard = (): Dashboard => JSON.parse(read('deploy/grafana/trunkline.json'));

export function alerts(): Alert[] {
  const { groups } = parse(read('deploy/prometheus/alerts.yml')) as { groups: { rules: Alert[] }[] };
  return groups.flatMap(({ rules }) => rules);
}

/** Every expression of the dashboard and of the alerts. */
export function shippedQueries(): Shipped[] {
  const panels = dashboard().panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat }) => ({
      where: `panel ${title}`,
      expression: expr,
      shown: [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label),
    })),
  );
  const rules = alerts().map(({ alert, expr, annotations }) => ({
    where: `alert ${alert}`,
    expression: expr,
    shown: [
      ...Object.values(annotations)
        .join(' ')
        .matchAll(/\$labels\.(\w+)/g),
    ].map(([, label = '']) => label),
  }));
  return [...panels, ...rules];
}
