import { Counter, Gauge, type Registry } from '#libs/platform';
import type { Route } from './route.ts';

/** All that a WAN simulator counts. `target` is a configured address: there are few. */
export function wanMetrics(registry: Registry, routes: () => readonly Pick<Route, 'connections'>[]) {
  const registers = [registry];
  const opened = new Counter({
    name: 'trunkline_wan_connections_opened_total',
    help: 'Connections that came',
    labelNames: ['target'],
    registers,
  });
  const bytes = new Counter({
    name: 'trunkline_wan_bytes_total',
    help: 'Bytes taken to be carried, both directions together',
    labelNames: ['target'],
    registers,
  });
  new Gauge({
    name: 'trunkline_wan_connections',
    help: 'Connections open now',
    registers,
    collect() {
      this.set(routes().reduce((sum, route) => sum + route.connections, 0));
    },
  });
  return { opened, bytes };
}
