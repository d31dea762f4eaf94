import { X509Certificate } from 'node:crypto';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export { Counter, Gauge, Histogram, Registry };

/**
 * prom-client's own gauges that break the convention (`_total` belongs to counters): each is the sum of one that stays, or
 * one that stays under a name without it.
 */
const ILL_NAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

/**
 * A program's metrics; one registry a process, passed to whatever counts.
 * @param program the kind of program, never which one: Prometheus itself says that by `instance`
 * @param region the control region it belongs to; absent: to none
 */
export function createRegistry(program: string, region?: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ program, ...(region === undefined ? {} : { control_region: region }) });
  collectDefaultMetrics({ register: registry });
  for (const name of ILL_NAMED) registry.removeSingleMetric(name);
  return registry;
}

/** When each certificate ends, as seconds since 1970, so that somebody is told before it does. PEM by what it is. */
export function certificateMetrics(
  registry: Registry,
  certificates: Readonly<Record<string, Buffer | string>>,
): void {
  const gauge = new Gauge({
    name: 'trunkline_certificate_not_after_timestamp_seconds',
    help: 'When a certificate that this process uses ends, in seconds since 1970',
    labelNames: ['certificate'],
    registers: [registry],
  });
  for (const [certificate, pem] of Object.entries(certificates)) {
    gauge.set({ certificate }, Date.parse(new X509Certificate(pem).validTo) / 1_000);
  }
}
