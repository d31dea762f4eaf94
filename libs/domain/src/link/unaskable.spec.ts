import { line, Scenario } from '../../testing/scenario.ts';

/** A link on server-1 in west, whose controller can be asked; server-2 is the failover target, server-3 is fuller. */
const active = (): Scenario =>
  new Scenario()
    .withPeer()
    .server('server-1')
    .server('server-2', { carried: 5 })
    .server('server-3', { carried: 8 })
    .active();

describe('a link whose peer cannot be asked now', () => {
  it.each(['circuit-open', 'overloaded'] as const)(
    'goes to its failover target at once, and says why the peer (%s) was not asked',
    (why) => {
      const given = active();
      given.unaskable = why;
      expect(line(given.lost('client', 'peer-reset'))).toBe(
        `failover-decided v3 e2 activating (server-lost) on server-2 then server-3 by failover-target (${why}); accept-client server-2 e2, connect client-1 e2, stop-sending-to-client server-1 e1`,
      );
      expect(given.decisions[2]?.data.peer).toEqual({
        peer_region: 'west',
        outcome: why,
        went: 'failover-target',
      });
    },
  );

  it('goes to the best of the fleet without one, and waits for capacity as it would after an answer', () => {
    const given = active().server('server-2', { draining: true });
    given.unaskable = 'overloaded';
    expect(line(given.lost('client', 'peer-reset'))).toContain('on server-3 by fleet (overloaded)');
    const alone = active().without('server-2').without('server-3');
    alone.unaskable = 'overloaded';
    expect(line(alone.lost('client', 'peer-reset'))).toContain(
      'failover-failed v3 e1 waiting-for-capacity (no-capacity) by nowhere (overloaded)',
    );
  });
});
