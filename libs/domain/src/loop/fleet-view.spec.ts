import type { HealthReport } from '#libs/contracts';
import { carriedHealth, healthReport } from '../../../../test/support/health-reports.ts';
import type * as link from '../link/index.ts';
import type { Aggregate } from './aggregate.ts';
import { FleetView } from './fleet-view.ts';

const AT_MS = 1_000_000;

const report = (changes: Partial<HealthReport> = {}) =>
  healthReport({
    agent_id: 'scheme-server-1',
    incarnation: 'first',
    kind: 'server-sidecar',
    server_group: 'scheme',
    capacity: 2,
    ...changes,
  });

function carrying(...ids: string[]): Pick<HealthReport, 'connections'> {
  return { connections: ids.map((id) => carriedHealth(id)) };
}

function placedOn(server_id: string, link_group?: string): Aggregate {
  const placement = { client_id: 'bank-client-1', server_id };
  return { kind: 'link', state: { placement, request: { link_group } } as link.LinkState };
}

function fleet() {
  let improved = 0;
  const view = new FleetView(() => {
    improved += 1;
  });
  return { view, improved: () => improved };
}

describe('the fleet as the control loop sees it', () => {
  it('shows the latest report of an agent, and not an older one that came late', () => {
    const { view } = fleet();
    view.take(report({ sequence: 2, capacity: 7 }), AT_MS, AT_MS);
    view.take(report({ sequence: 1, capacity: 3 }), AT_MS + 10, AT_MS + 10);
    expect(view.agents.get('scheme-server-1')).toMatchObject({
      capacity: 7,
      incarnation: 'first',
      suspect: false,
    });
  });

  it('does not show an earlier life again by a report that came late, while the later one reports', () => {
    const { view } = fleet();
    view.take(report({ sequence: 7, ...carrying('client-1:a') }), AT_MS, AT_MS);
    view.take(report({ incarnation: 'second', sequence: 1 }), AT_MS + 10, AT_MS + 10);
    view.take(report({ sequence: 8, ...carrying('client-1:a') }), AT_MS + 20, AT_MS + 20);
    expect(view.agents.get('scheme-server-1')).toMatchObject({ incarnation: 'second', carried: 0 });
    view.tick(AT_MS + 60_000);
    view.take(report({ sequence: 9 }), AT_MS + 60_000, AT_MS + 60_000);
    expect(view.agents.get('scheme-server-1')).toMatchObject({ incarnation: 'first' });
  });

  it('takes a new life of an agent whatever its sequence', () => {
    const { view } = fleet();
    view.take(report({ sequence: 9 }), AT_MS, AT_MS);
    view.take(report({ sequence: 1, incarnation: 'second' }), AT_MS, AT_MS);
    expect(view.agents.get('scheme-server-1')?.incarnation).toBe('second');
  });

  it('counts a connection once, whether it was reported, placed, or both', () => {
    const { view } = fleet();
    view.take(report(carrying('a:1')), AT_MS, AT_MS);
    view.placementChanged('a:1', undefined, placedOn('scheme-server-1'));
    view.placementChanged('b:1', undefined, placedOn('scheme-server-1'));
    expect(view.agents.get('scheme-server-1')?.carried).toBe(2);
    view.placementChanged('b:1', placedOn('scheme-server-1'), placedOn('scheme-server-2'));
    expect(view.agents.get('scheme-server-1')?.carried).toBe(1);
  });

  it('knows how many links of a group stand on an agent', () => {
    const { view } = fleet();
    view.take(report(), AT_MS, AT_MS);
    view.placementChanged('a:1', undefined, placedOn('scheme-server-1', 'acquirer'));
    view.placementChanged('b:1', undefined, placedOn('scheme-server-1', 'acquirer'));
    expect(view.agents.get('scheme-server-1')?.linkGroups).toEqual({ acquirer: 2 });
    view.placementChanged('a:1', placedOn('scheme-server-1', 'acquirer'), undefined);
    view.placementChanged('b:1', placedOn('scheme-server-1', 'acquirer'), undefined);
    expect(view.agents.get('scheme-server-1')?.linkGroups).toEqual({});
  });

  it('knows links of a group by the reports too, each link once', () => {
    const { view } = fleet();
    const inGroup = (...ids: string[]) => ({
      connections: carrying(...ids).connections.map((each) => ({ ...each, link_group: 'acquirer' })),
    });
    view.take(report(inGroup('a:1', 'west:1')), AT_MS, AT_MS);
    const groups = () => view.agents.get('scheme-server-1')?.linkGroups;
    expect(groups()).toEqual({ acquirer: 2 });
    view.placementChanged('a:1', undefined, placedOn('scheme-server-1', 'acquirer'));
    expect(groups()).toEqual({ acquirer: 2 });
    view.take(report({ ...inGroup('west:1'), sequence: 2 }), AT_MS, AT_MS);
    expect(groups()).toEqual({ acquirer: 2 });
    view.placementChanged('a:1', placedOn('scheme-server-1', 'acquirer'), undefined);
    expect(groups()).toEqual({ acquirer: 1 });
    view.take(report({ sequence: 3 }), AT_MS, AT_MS);
    expect(groups()).toEqual({});
  });

  it('remembers when the lives of an agent began, also while it was away', () => {
    const { view } = fleet();
    const heard = (incarnation: string, atMs: number) => view.take(report({ incarnation }), atMs, atMs);
    const began = () => view.agents.get('scheme-server-1')?.recentRestarts;
    heard('first', AT_MS);
    expect(began()).toEqual([]);
    heard('second', AT_MS + 1_000);
    heard('first', AT_MS + 1_100);
    heard('second', AT_MS + 1_200);
    expect(began()).toEqual([AT_MS + 1_000]);
    view.tick(AT_MS + 60_000);
    expect(began()).toBeUndefined();
    heard('third', AT_MS + 70_000);
    expect(began()).toEqual([AT_MS + 1_000, AT_MS + 70_000]);
  });

  it('counts the connections of all parts of a report, once they are all there', () => {
    const { view } = fleet();
    view.take(report({ ...carrying('a:1'), part: 1, parts: 1 }), AT_MS, AT_MS);
    view.take(report({ ...carrying('b:1'), sequence: 2, part: 1, parts: 2 }), AT_MS, AT_MS);
    expect(view.agents.get('scheme-server-1')?.carried).toBe(1);
    view.take(report({ ...carrying('c:1', 'd:1'), sequence: 2, part: 2, parts: 2 }), AT_MS, AT_MS);
    expect(view.agents.get('scheme-server-1')?.carried).toBe(3);
  });

  it('says that it improved when an agent comes, comes back, or has room again; not at every report', () => {
    const { view, improved } = fleet();
    view.take(report(carrying('a:1', 'b:1')), AT_MS, AT_MS);
    expect(improved()).toBe(1);
    view.take(report({ ...carrying('a:1', 'b:1'), sequence: 2 }), AT_MS, AT_MS);
    expect(improved()).toBe(1);
    view.take(report({ ...carrying('a:1'), sequence: 3 }), AT_MS, AT_MS);
    expect(improved()).toBe(2);
    view.take(report({ incarnation: 'second' }), AT_MS, AT_MS);
    expect(improved()).toBe(3);
  });

  it('expects an agent that tells no interval every 5 s', () => {
    const { view } = fleet();
    const { interval_ms: _, ...untold } = report();
    const lastMs = AT_MS + 50_000;
    for (let sequence = 1; sequence <= 10; sequence += 1) {
      const atMs = AT_MS + sequence * 5_000;
      view.take({ ...untold, sequence }, atMs, atMs);
    }
    view.tick(lastMs + 7_000);
    expect(view.agents.get('scheme-server-1')).toMatchObject({ suspect: false });
    view.tick(lastMs + 8_000);
    expect(view.agents.get('scheme-server-1')).toMatchObject({ suspect: true });
  });

  it('suspects an agent whose reports are overdue, and forgets one that is too old', () => {
    const { view } = fleet();
    for (let sequence = 1; sequence <= 10; sequence += 1) {
      const atMs = AT_MS + sequence * 5_000;
      view.take(report({ sequence }), atMs, atMs);
    }
    const lastMs = AT_MS + 50_000;
    view.tick(lastMs + 7_000);
    expect(view.agents.get('scheme-server-1')?.suspect).toBe(false);
    view.tick(lastMs + 8_000);
    expect(view.agents.get('scheme-server-1')?.suspect).toBe(true);
    view.tick(lastMs + 15_001);
    expect(view.agents.has('scheme-server-1')).toBe(false);
  });

  it('knows since when a life of an agent was heard without a gap', () => {
    const { view } = fleet();
    const since = (sequence: number, atMs: number, over: Partial<HealthReport> = {}) => {
      view.take(report({ sequence, ...over }), atMs, atMs);
      return view.agents.get('scheme-server-1')?.wellSinceMs;
    };
    for (let sequence = 1; sequence <= 10; sequence += 1) {
      expect(since(sequence, AT_MS + sequence * 5_000)).toBe(AT_MS + 5_000);
    }
    view.tick(AT_MS + 58_000);
    expect(view.agents.get('scheme-server-1')?.suspect).toBe(true);
    const backMs = AT_MS + 59_000;
    expect(since(11, backMs)).toBe(backMs);
    expect(since(12, backMs + 5_000)).toBe(backMs);
    expect(since(1, backMs + 6_000, { incarnation: 'second' })).toBe(backMs + 6_000);
    view.tick(backMs + 60_000);
    expect(since(2, backMs + 60_000, { incarnation: 'second' })).toBe(backMs + 60_000);
  });

  it('scores an agent again only when a report came, was missed, or is overdue', () => {
    const { view } = fleet();
    let read = 0;
    const connections = carrying('a:1').connections;
    const counting = (sequence: number) =>
      Object.defineProperty(report({ sequence }), 'connections', {
        get: () => {
          read += 1;
          return connections;
        },
      });
    for (let sequence = 1; sequence <= 10; sequence += 1) {
      view.take(counting(sequence), AT_MS + sequence * 5_000, AT_MS + sequence * 5_000);
    }
    const lastMs = AT_MS + 50_000;
    const shown = () => view.agents.get('scheme-server-1');
    read = 0;
    const seen: (readonly [number, number, boolean])[] = [];
    for (let ms = 500; ms < 15_000; ms += 500) {
      view.tick(lastMs + ms);
      if (read > seen.length) seen.push([ms, shown()?.healthScore ?? 0, shown()?.suspect ?? false]);
    }
    expect(seen).toEqual([
      [8_000, 100, true],
      [10_000, 85, true],
    ]);
    view.placementChanged('b:1', undefined, placedOn('scheme-server-1'));
    expect(shown()?.carried).toBe(2);
    expect(read).toBe(2);
  });

  it('shows an agent that was asked to drain as draining, for that life only', () => {
    const { view } = fleet();
    view.noteDraining({ 'scheme-server-1': 'first' });
    view.take(report(), AT_MS, AT_MS);
    expect(view.agents.get('scheme-server-1')?.draining).toBe(true);
    view.take(report({ incarnation: 'second' }), AT_MS, AT_MS);
    expect(view.agents.get('scheme-server-1')?.draining).toBe(false);
  });
});
