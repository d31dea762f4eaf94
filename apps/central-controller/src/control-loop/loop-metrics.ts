import { AGENT_KINDS } from '#libs/contracts';
import type { OwnedPartition } from '#libs/log';
import { Gauge, type Registry } from '#libs/platform';

const PHASES: readonly OwnedPartition['phase'][] = ['claiming', 'owning', 'stopped'];

/** How this process holds the partitions that are its own to decide for. */
export function partitionMetrics(metrics: Registry, partitions: () => readonly OwnedPartition[]): void {
  new Gauge({
    name: 'trunkline_partitions',
    help: 'Partitions that the group gave to this process to decide for, by how it holds them',
    labelNames: ['phase'],
    registers: [metrics],
    collect() {
      for (const phase of PHASES)
        this.set({ phase }, partitions().filter((each) => each.phase === phase).length);
    },
  });
}

interface SeenAgent {
  readonly kind: (typeof AGENT_KINDS)[number];
  readonly region: string;
  readonly suspect: boolean;
  readonly draining: boolean;
}

/** The control region's own agents as placement sees them; every process of a region sees the same ones. */
export function fleetMetrics(metrics: Registry, region: string, agents: () => Iterable<SeenAgent>): void {
  new Gauge({
    name: 'trunkline_agents',
    help: 'Agents of the control region that report, by kind and status; every controller of the region sees all of them',
    labelNames: ['kind', 'status'],
    registers: [metrics],
    collect() {
      const counts = new Map<string, number>();
      for (const agent of agents()) {
        if (agent.region !== region) continue;
        const status = agent.suspect ? 'suspect' : agent.draining ? 'draining' : 'alive';
        counts.set(`${agent.kind}/${status}`, (counts.get(`${agent.kind}/${status}`) ?? 0) + 1);
      }
      for (const kind of AGENT_KINDS)
        for (const status of ['alive', 'suspect', 'draining'])
          this.set({ kind, status }, counts.get(`${kind}/${status}`) ?? 0);
    },
  });
}
