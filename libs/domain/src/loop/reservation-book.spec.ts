import { healthReport } from '../../../../test/support/health-reports.ts';
import type * as reservation from '../reservation/index.ts';
import { FleetView } from './fleet-view.ts';

const NOW_MS = 1_000_000;
const UNTIL_MS = NOW_MS + 15_000;
const KEY = 'bank-client-1:primary';

const held = (server_id: string, changes: Partial<reservation.ReservationState> = {}) =>
  ({ server_id, expiresMs: UNTIL_MS, used: false, ...changes }) as reservation.ReservationState;

function fleet() {
  let improved = 0;
  const view = new FleetView(() => {
    improved += 1;
  }, 3_600_000);
  const report = (...connections: string[]) => ({
    ...healthReport({
      agent_id: 'server-1',
      kind: 'server-sidecar',
      capacity: 1,
      sequence: connections.length + 1,
    }),
    connections: connections.map((connection_id) => ({
      connection_id,
      epoch: 2,
      status: 'active' as const,
      unanswered_ratio: 0,
      in_flight: 0,
    })),
  });
  view.take(report(), NOW_MS, NOW_MS);
  const carried = () => view.agents.get('server-1')?.carried;
  return { view, report, carried, improved: () => improved };
}

describe('a server that is held ready for a peer', () => {
  it('counts one connection more until the reservation expires, and then has room again', () => {
    const { view, carried, improved } = fleet();
    view.reservationChanged(KEY, held('server-1'), NOW_MS);
    expect(carried()).toBe(1);
    const before = improved();
    view.tick(UNTIL_MS - 1);
    expect(carried()).toBe(1);
    view.tick(UNTIL_MS);
    expect(carried()).toBe(0);
    expect(improved()).toBeGreaterThan(before);
  });

  it('counts it once when the connection is reported as well, used or not', () => {
    const { view, report, carried } = fleet();
    view.reservationChanged(KEY, held('server-1'), NOW_MS);
    view.take(report(KEY), NOW_MS, NOW_MS);
    expect(carried()).toBe(1);
    view.reservationChanged(KEY, held('server-1', { used: true }), NOW_MS);
    expect(carried()).toBe(1);
    view.tick(UNTIL_MS);
    expect(carried()).toBe(1);
  });

  it('is free again when a later question takes another, and when it is refused', () => {
    const { view, carried } = fleet();
    view.reservationChanged(KEY, held('server-1'), NOW_MS);
    view.reservationChanged(KEY, held('server-2'), NOW_MS);
    expect(carried()).toBe(0);
    view.reservationChanged(KEY, held('server-1'), NOW_MS);
    expect(carried()).toBe(1);
    view.reservationChanged(KEY, held('server-1', { refused: 'no-capacity' }), NOW_MS);
    expect(carried()).toBe(0);
  });

  it('is held as long as the latest answer says', () => {
    const { view, carried } = fleet();
    view.reservationChanged(KEY, held('server-1'), NOW_MS);
    view.reservationChanged(KEY, held('server-1', { expiresMs: UNTIL_MS + 1_000 }), NOW_MS);
    view.tick(UNTIL_MS);
    expect(carried()).toBe(1);
  });

  it('does not count when it expired before it was restored, and no more when its partition leaves', () => {
    const { view, carried } = fleet();
    view.reservationChanged(KEY, held('server-1'), UNTIL_MS);
    expect(carried()).toBe(0);
    view.reservationChanged(KEY, held('server-1'), NOW_MS);
    view.reservationChanged(KEY, undefined, NOW_MS);
    expect(carried()).toBe(0);
  });
});
