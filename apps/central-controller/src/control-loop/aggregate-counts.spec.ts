import type { loop } from '#libs/domain';
import { createRegistry } from '#libs/platform';
import { AggregateCounts } from './aggregate-counts.ts';
import { fleetMetrics, partitionMetrics } from './loop-metrics.ts';

const link = (phase: string) => ({ kind: 'link', state: { phase } }) as unknown as loop.Aggregate;
const session = (phase: string) => ({ kind: 'session', state: { phase } }) as unknown as loop.Aggregate;
const agent = (condition: string) => ({ kind: 'agent', state: { condition } }) as unknown as loop.Aggregate;

describe('the counts of what a process decides for', () => {
  const metrics = createRegistry('test');
  const counts = new AggregateCounts(metrics);

  async function told(name: string): Promise<Record<string, number>> {
    const { values } = (await metrics.getSingleMetric(name)?.get()) ?? { values: [] };
    const counted = values.filter(({ value }) => value !== 0);
    return Object.fromEntries(counted.map(({ labels, value }) => [Object.values(labels).join('/'), value]));
  }

  it('follow each change, and forget what is another process’s', async () => {
    counts.changed(undefined, link('assigned'));
    counts.changed(undefined, link('assigned'));
    counts.changed(link('assigned'), link('active'));
    counts.changed(link('active'), link('degraded'));
    counts.changed(undefined, session('open'));
    expect(await told('trunkline_connections')).toEqual({
      'link/requested': 1,
      'link/active': 1,
      'session/active': 1,
    });
    counts.changed(link('degraded'), undefined);
    expect(await told('trunkline_connections')).toEqual({ 'link/requested': 1, 'session/active': 1 });
  });

  it('tell the agents that are lost, until they return', async () => {
    counts.changed(undefined, agent('lost'));
    counts.changed(agent('lost'), agent('lost'));
    expect(await told('trunkline_agents_lost')).toEqual({ '': 1 });
    counts.changed(agent('lost'), agent('alive'));
    expect(await told('trunkline_agents_lost')).toEqual({});
  });

  it('tell the region’s own agents by status, and partitions by how they are held', async () => {
    const one = { kind: 'broker', region: 'east', suspect: false, draining: false } as const;
    fleetMetrics(metrics, 'east', () => [
      one,
      { ...one, suspect: true, draining: true },
      { ...one, draining: true },
      { ...one, region: 'west' },
    ]);
    partitionMetrics(metrics, () => [
      { partition: 0, phase: 'owning', writerEpoch: 1, states: 0 },
      { partition: 1, phase: 'stopped', writerEpoch: 1, states: 0 },
    ]);
    expect(await told('trunkline_agents')).toEqual({
      'broker/alive': 1,
      'broker/suspect': 1,
      'broker/draining': 1,
    });
    expect(await told('trunkline_partitions')).toEqual({ owning: 1, stopped: 1 });
  });
});
