import type { HandledFactName } from '#libs/contracts';
import { REGION } from './model.ts';
import type { Simulation } from './simulation.ts';

const CAUSES = ['servers-lost', 'clients-lost', 'unanswered-requests', 'degraded'].map(
  (each) => `scheme/${each}`,
);
/** Longer than any world lasts. */
const FOR_GOOD_MS = 10_000_000;

/** What operators set in the model: policies that hold much back, freezes, approvals. They see no more than a clock. */
export class Operators {
  constructor(private readonly world: Simulation) {}

  readonly deeds: readonly (() => void)[] = [
    () => this.setPolicy(),
    () => this.freeze(),
    () => this.approve(),
    () => this.approve(),
  ];

  /** Nothing is held back any more: see `Mischief.end`. */
  release(): void {
    const { nowMs } = this.world.schedule;
    const loose = { blast_share: 1, damping_max_moves: 32, damping_window_ms: 1_000, agent_max_restarts: 64 };
    this.set('policy-change-requested', { policy: 'scheme', server_group: 'scheme', settings: loose });
    this.set('freeze-requested', { until: new Date(nowMs).toISOString() });
    for (const cause of CAUSES) this.approveOf(cause, FOR_GOOD_MS);
  }

  private setPolicy(): void {
    const { random } = this.world;
    this.set('policy-change-requested', {
      policy: random.pick(['scheme', 'other']),
      ...(random.chance(0.8) ? { server_group: 'scheme' } : {}),
      settings: {
        damping_max_moves: random.between(1, 5),
        damping_window_ms: random.between(5_000, 60_000),
        agent_max_restarts: random.between(1, 4),
        agent_window_ms: random.between(5_000, 60_000),
        blast_share: random.pick([0, 0.5, 1]),
        blast_free_links: random.between(0, 3),
        blast_window_ms: random.between(5_000, 60_000),
        failback: random.pick(['manual', 'automatic']),
        failback_after_ms: random.between(1_000, 20_000),
        client_probe_ms: random.between(50, 3_000),
      },
    });
  }

  private freeze(): void {
    const { random, schedule } = this.world;
    const until = schedule.nowMs + random.between(-10_000, 40_000);
    this.set('freeze-requested', { until: new Date(Math.max(0, until)).toISOString() });
  }

  private approve(): void {
    this.approveOf(this.world.random.pick(CAUSES), this.world.random.between(-1_000, 5_000));
  }

  private approveOf(cause: string, forMs: number): void {
    const until = new Date(Math.max(0, this.world.schedule.nowMs + forMs)).toISOString();
    this.set('failover-approved', { failover_id: 'held', cause, until });
  }

  private set(name: HandledFactName, data: object): void {
    const { nowMs } = this.world.schedule;
    this.world.publish(name, {
      control_region: REGION,
      requested_by: 'operator',
      setting_version: Math.max(1, Math.floor(nowMs)),
      ...data,
    });
  }
}
