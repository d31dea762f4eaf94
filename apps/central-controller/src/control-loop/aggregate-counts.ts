import { STATUS_OF_PHASE, STATUS_OF_SESSION_PHASE } from '#libs/contracts';
import type { loop } from '#libs/domain';
import { Gauge, type Registry } from '#libs/platform';

/** Where a connection in each phase is counted: `<kind>/<status>`, made once. */
const LINK_PLACES = placesOf('link', STATUS_OF_PHASE);
const SESSION_PLACES = placesOf('session', STATUS_OF_SESSION_PHASE);

/**
 * How many connections stand where, and how many agents are lost, of the partitions that this process decides for: the sum
 * over a region's processes is the region's. Counted on at each change, because a look at all of them would take long.
 */
export class AggregateCounts {
  private readonly connections = new Map<string, number>();
  private lost = 0;

  constructor(metrics: Registry) {
    const { connections } = this;
    for (const place of [...Object.values(LINK_PLACES), ...Object.values(SESSION_PLACES)])
      connections.set(place, 0);
    new Gauge({
      name: 'trunkline_connections',
      help: 'Connections of the partitions that this process decides for, by kind and status',
      labelNames: ['kind', 'status'],
      registers: [metrics],
      collect() {
        for (const [place, count] of connections) {
          const [kind = '', status = ''] = place.split('/');
          this.set({ kind, status }, count);
        }
      },
    });
    const lost = () => this.lost;
    new Gauge({
      name: 'trunkline_agents_lost',
      help: 'Agents that were decided to be lost and have not returned, of the partitions that this process decides for',
      registers: [metrics],
      collect() {
        this.set(lost());
      },
    });
  }

  /** `next` undefined: the key is another process's, or nobody's. */
  changed(previous: loop.Aggregate | undefined, next: loop.Aggregate | undefined): void {
    const [from, to] = [placeOf(previous), placeOf(next)];
    if (from !== to) {
      this.count(from, -1);
      this.count(to, 1);
    }
    this.lost += Number(isLost(next)) - Number(isLost(previous));
  }

  private count(place: string | undefined, change: 1 | -1): void {
    if (place !== undefined) this.connections.set(place, (this.connections.get(place) ?? 0) + change);
  }
}

function placeOf(aggregate: loop.Aggregate | undefined): string | undefined {
  if (aggregate?.kind === 'link') return LINK_PLACES[aggregate.state.phase];
  return aggregate?.kind === 'session' ? SESSION_PLACES[aggregate.state.phase] : undefined;
}

function isLost(aggregate: loop.Aggregate | undefined): boolean {
  return aggregate?.kind === 'agent' && aggregate.state.condition === 'lost';
}

function placesOf<P extends string>(kind: string, statuses: Readonly<Record<P, string>>): Record<P, string> {
  const places = Object.entries<string>(statuses).map(([phase, status]) => [phase, `${kind}/${status}`]);
  return Object.fromEntries(places) as Record<P, string>;
}
