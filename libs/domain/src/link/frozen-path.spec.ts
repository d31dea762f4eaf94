import { line, type Scenario } from '../../testing/scenario.ts';
import { activeWithDr } from '../../testing/talk.ts';

describe('a path that froze, as its server alone saw', () => {
  const frozen = (given = activeWithDr()): Scenario => {
    given.lost('server', 'keepalive-timeout');
    return given;
  };

  it('gives a client that is told late of its new server as long as its command lasts', () => {
    const given = frozen();
    expect(given.known().dueMs).toBe(given.nowMs + 3_000);
    given.pass(2_900);
    expect(line(given.look())).toBe('ignore not-due');
    expect(line(given.established())).toContain('failover-completed');
    expect(given.known().placement).toMatchObject({ client_id: 'client-1', server_id: 'server-2' });
  });

  it('goes to the DR client when the client froze too, and not back to that server', () => {
    const given = frozen();
    expect(line(given.due())).toContain('failover-started v4 e2 stopping (client-lost) on server-2');
    expect(line(given.answer('stop-sending-to-client', 'succeeded'))).toContain(
      'on server-2; accept-client server-2 e3, activate-dr-client dr-1 e3',
    );
  });

  it('takes the end of the path that it superseded for the client’s word that it lives', () => {
    const given = frozen();
    const own = { epoch: 1, agent_id: 'client-1', incarnation: 'c1' };
    expect(line(given.lost('client', 'peer-closed', own))).toContain('activating (client-lost) on server-2');
    expect(given.known().dueMs).toBe(given.nowMs + 5_000);
  });

  it('leaves that server as well when the peer is asked, each time', () => {
    const given = frozen(activeWithDr().withPeer());
    expect(given.known().asking).toMatchObject({ failed_server_id: 'server-1' });
    given.peerAnswered({ server_id: 'server-2' });
    expect(given.known().dueMs).toBe(given.nowMs + 3_000);
    given.due();
    given.answer('stop-sending-to-client', 'succeeded');
    expect(given.known().asking).toMatchObject({ client_id: 'dr-1', failed_server_id: 'server-1' });
  });

  it('has the moment that its policy says, where that is longer', () => {
    expect(frozen(activeWithDr().policy({ client_probe_ms: 4_000 })).known().dueMs).toBe(
      activeWithDr().nowMs + 4_000,
    );
  });

  it('goes elsewhere when the path froze, for nobody knows what froze, and not to the DR client while its client answers', () => {
    const given = activeWithDr();
    expect(line(given.lost('server', 'keepalive-timeout'))).toContain(
      'on server-2; accept-client server-2 e2, connect client-1 e2',
    );
    expect(line(given.lost('client', 'keepalive-timeout', { epoch: 1 }))).toBe(
      'failover-started v4 e2 activating (client-lost) on server-2',
    );
    expect(given.known().dueMs).toBe(given.nowMs + 5_000);
    given.pass(1_800);
    expect(line(given.look())).toBe('ignore not-due');
    expect(line(given.established())).toContain('failover-completed v5 e2 active');
  });
});
