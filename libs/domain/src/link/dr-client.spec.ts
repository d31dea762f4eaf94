import { line, Scenario } from '../../testing/scenario.ts';
import { activeWithDr as active } from '../../testing/talk.ts';

const WITH_DR = { dr_client_id: 'dr-1' };

/** Its client was shut down, and the DR client carries it. */
function carriedByDr(given = active()): Scenario {
  given.lost('client', 'shutdown');
  given.established();
  return given;
}

describe('a link whose client is gone', () => {
  it('goes to its DR client at once, when the client said that it shuts down', () => {
    const given = active();
    expect(line(given.lost('client', 'shutdown'))).toBe(
      'failover-decided v3 e2 activating (client-lost) on server-1 then server-2; accept-client server-1 e2, activate-dr-client dr-1 e2',
    );
    const { data } = given.decisions[2] ?? {};
    expect(data).toMatchObject({ client_id: 'dr-1', client_gone: true, dr_incarnation: 'd1' });
    expect(data?.placement).toMatchObject({ client_id: 'dr-1', client_incarnation: 'd1' });
    expect(data?.commands).toMatchObject([
      { name: 'accept-client', agent_id: 'server-1', client_id: 'dr-1', epoch: 2 },
      {
        name: 'activate-dr-client',
        agent_id: 'dr-1',
        server_id: 'server-1',
        address: 'server-1.example:8583',
      },
    ]);
    expect(line(given.established())).toBe(
      'failover-completed v4 e2 active (established) on server-1 then server-2',
    );
  });

  it('goes to its DR client when the client’s application stays away; the sidecar, which lives, is told to stand by', () => {
    expect(line(active().lost('client', 'application-closed'))).toBe(
      'failover-decided v3 e2 activating (client-lost) on server-1 then server-2; accept-client server-1 e2, activate-dr-client dr-1 e2, disconnect client-1 e2 close',
    );
  });

  it('goes to its DR client when the client fell silent', () => {
    const given = active().remember('client-1', 'c1');
    const silent = { agent_id: 'client-1', incarnation: 'c1' };
    expect(line(given.tell('agent-silent', silent))).toContain('activate-dr-client dr-1 e2');
  });

  it('goes to its DR client when the client fails to open the path by its own fault, not by the server’s', () => {
    const failing = (reason: string): string => {
      const given = active().server('server-3', { carried: 8 });
      given.lost('client', 'peer-reset');
      return line(given.answer('connect', 'failed', { reason }));
    };
    expect(failing('internal-error')).toContain('activate-dr-client dr-1 e3');
    expect(failing('dial-failed')).toContain('connect client-1 e3');
    const late = active();
    late.lost('client', 'peer-reset');
    expect(line(late.answer('connect', 'refused', { reason: 'expired' }))).toContain('connect client-1 e3');
    const busy = active();
    busy.lost('client', 'peer-reset');
    expect(line(busy.answer('connect', 'refused', { reason: 'no-free-port' }))).toContain(
      'activate-dr-client dr-1',
    );
  });

  it.each([
    ['unheard', (given: Scenario) => given.without('dr-1')],
    ['suspect', (given: Scenario) => given.dr({ suspect: true })],
    ['asked to drain', (given: Scenario) => given.dr({ draining: true })],
    ['silent', (given: Scenario) => given.remember('dr-1', 'd1')],
  ])('waits as ever when the DR client is %s', (_what, change) => {
    const given = change(active());
    expect(line(given.lost('client', 'shutdown'))).toBe(
      'failover-failed v3 e1 waiting-for-capacity (client-lost); stop-sending-to-client server-1 e1',
    );
    expect(given.known().carrier).toBeUndefined();
  });

  it('waits for whichever comes back first when both are gone, and prefers the one that asked', () => {
    const both = (): Scenario => {
      const given = carriedByDr().without('client-1');
      given.lost('client', 'shutdown');
      return given;
    };
    const given = both();
    expect(given.known().phase).toBe('waiting-for-capacity');
    given.dr({ incarnation: 'd2' });
    expect(line(given.look())).toContain('activate-dr-client dr-1 e3');
    const other = both().dr({ incarnation: 'd2' }).client({ incarnation: 'c2' });
    expect(line(other.look())).toContain('connect client-1 e3');
    const returned = both();
    returned.dr({ incarnation: 'd2' });
    expect(line(returned.tell('agent-returned', { agent_id: 'dr-1', incarnation: 'd2' }))).toContain(
      'failover-decided v6 e3 activating (agent-returned)',
    );
  });

  it('is placed with the client that asked, the first time, whoever else is there', () => {
    const given = new Scenario().dr().server('server-1').without('client-1');
    expect(line(given.request({ ...WITH_DR, agent_id: undefined, incarnation: undefined }))).toBe(
      'connection-requested v1 e1 requested (client-unheard)',
    );
  });

  it('goes to the DR client’s present life, though an earlier one carried it before', () => {
    const given = carriedByDr();
    given.client({ incarnation: 'c2' });
    given.request({ ...WITH_DR, incarnation: 'c2' });
    given.lost('client', 'shutdown');
    expect(given.known().placement).toMatchObject({ client_id: 'client-1', client_incarnation: 'c2' });
    given.established();
    given.dr({ incarnation: 'd2' });
    given.lost('client', 'shutdown');
    expect(given.known().placement).toMatchObject({ client_id: 'dr-1', client_incarnation: 'd2' });
  });

  it('tells the client who takes over from it, and the server of which group the link is', () => {
    const given = new Scenario().dr().server('server-1');
    given.request({ ...WITH_DR, link_group: 'visa' });
    expect(given.decisions[0]?.data.commands).toMatchObject([
      { name: 'accept-client', link_group: 'visa' },
      { name: 'connect', dr_client_id: 'dr-1' },
    ]);
  });

  it('rejects a client that would stand in for itself', () => {
    expect(line(new Scenario().request({ dr_client_id: 'client-1' }))).toBe(
      'connection-rejected v1 e1 rejected (invalid-request)',
    );
  });
});

describe('a link whose server lost its client', () => {
  const lost = (reason = 'peer-reset'): Scenario => {
    const given = active();
    given.lost('server', reason);
    return given;
  };

  it('gives the client a moment to stand again', () => {
    const given = active();
    expect(line(given.lost('server', 'peer-reset'))).toBe(
      'failover-decided v3 e2 activating (client-lost) on server-1 then server-2; accept-client server-1 e2, connect client-1 e2',
    );
    expect(given.known().dueMs).toBe(given.nowMs + 500);
    expect(line(given.pass(30).established())).toBe(
      'failover-completed v4 e2 active (established) on server-1 then server-2',
    );
  });

  it('stops both ends when it does not, and goes to the DR client when one has confirmed', () => {
    const given = lost();
    expect(line(given.due())).toBe(
      'failover-started v4 e2 stopping (client-lost) on server-1 then server-2; disconnect client-1 e2 close, stop-sending-to-client server-1 e2',
    );
    expect(given.known().placement?.client_id).toBe('client-1');
    expect(line(given.answer('stop-sending-to-client', 'succeeded'))).toBe(
      'failover-decided v5 e3 activating (client-lost) on server-1 then server-2; accept-client server-1 e3, activate-dr-client dr-1 e3, disconnect client-1 e3 close',
    );
    expect(given.decisions[4]?.data.failover).toMatchObject({
      failover_id: 'client-1:primary~2',
      detected_at: '2026-01-01T00:00:00.000Z',
    });
  });

  it('has the moment that its policy says', () => {
    const given = active().policy({ client_probe_ms: 2_000 });
    given.lost('server', 'peer-closed');
    expect(given.known().dueMs).toBe(given.nowMs + 2_000);
  });

  it('gives it as long as ever when there is no DR client that is well', () => {
    const given = active().without('dr-1');
    given.lost('server', 'peer-reset');
    expect(given.known().dueMs).toBe(given.nowMs + 5_000);
  });

  it('waits on when the DR client is no longer well at the end of the moment', () => {
    const given = lost().without('dr-1');
    expect(line(given.due())).toBe(
      'failover-started v4 e2 activating (client-lost) on server-1 then server-2',
    );
    expect(given.known().dueMs).toBe(given.nowMs + 4_500);
    expect(given.known().pending).toHaveLength(2);
    expect(line(given.due())).toContain('failover-started v5 e2 stopping (command-timeout)');
  });

  it('does not wait for a client that says meanwhile that it goes', () => {
    const given = lost('peer-closed');
    expect(line(given.lost('client', 'shutdown', { epoch: 1 }))).toContain(
      'failover-started v4 e2 stopping (client-lost)',
    );
    expect(line(given.answer('stop-sending-to-client', 'succeeded'))).toContain('activate-dr-client dr-1 e3');
  });

  it('does not wait for a client that goes, whatever it is that the link moves for', () => {
    const given = active().server('server-1', { incarnation: 'b' });
    expect(
      line(given.answer('accept-client', 'refused', { reason: 'other-incarnation', incarnation: 'b' })),
    ).toContain('connect client-1 e2');
    expect(given.known().dueMs).toBe(given.nowMs + 5_000);
    expect(line(given.lost('client', 'application-closed', { epoch: 1 }))).toBe('ignore stale-epoch');
    expect(line(given.lost('client', 'shutdown', { epoch: 1 }))).toContain('stopping (client-lost)');
    expect(line(given.answer('stop-sending-to-client', 'succeeded'))).toContain('activate-dr-client dr-1 e3');
  });

  it('goes to the DR client straight away when nothing was heard of the client lately', () => {
    const given = active().client({ suspect: true });
    expect(line(given.lost('server', 'keepalive-timeout'))).toContain('activate-dr-client dr-1 e2');
  });

  it('stays with a client that was restarted within the moment', () => {
    const given = lost();
    given.client({ incarnation: 'c2' });
    expect(line(given.request({ ...WITH_DR, incarnation: 'c2' }))).toContain('stopping (client-restarted)');
    expect(
      line(given.answer('disconnect', 'refused', { reason: 'other-incarnation', incarnation: 'c2' })),
    ).toContain('connect client-1 e3');
  });

  it('tries the client again within a moment when nobody answered the opening commands', () => {
    const given = active();
    given.lost('client', 'peer-reset');
    expect(line(given.due())).toContain('stopping (command-timeout)');
    given.answer('stop-sending-to-client', 'succeeded');
    expect(given.known().placement?.client_id).toBe('client-1');
    expect(given.known().dueMs).toBe(given.nowMs + 500);
  });
});

describe('a link whose server lost its client, and whose peer is asked', () => {
  const asking = (): Scenario => {
    const given = active().withPeer();
    given.lost('server', 'peer-reset');
    return given;
  };

  it('asks for the same client, then again for its DR client', () => {
    const given = asking();
    expect(given.known().asking).toMatchObject({ client_id: 'client-1', epoch: 2 });
    given.peerAnswered({ server_id: 'server-1' });
    expect(given.known().dueMs).toBe(given.nowMs + 500);
    given.due();
    expect(line(given.answer('stop-sending-to-client', 'succeeded'))).toContain('asking west e3');
    expect(given.known()).toMatchObject({ carrier: 'dr-1', asking: { client_id: 'dr-1', epoch: 3 } });
    expect(line(given.peerAnswered({ server_id: 'server-2' }))).toBe(
      'failover-decided v7 e3 activating (client-lost) on server-2 then server-1 by peer (assigned); accept-client server-2 e3, activate-dr-client dr-1 e3, disconnect client-1 e3 close',
    );
  });

  it('goes to the DR client when the client says meanwhile that it goes', () => {
    const given = asking();
    expect(
      line(given.lost('client', 'shutdown', { epoch: 1, agent_id: 'client-1', incarnation: 'c1' })),
    ).toBe('failover-started v4 e2 activating (client-lost) asking west e2');
    expect(line(given.peerAnswered({ server_id: 'server-2' }))).toContain('activate-dr-client dr-1 e2');
  });

  it('has no doubt of a client that says meanwhile that it saw the path break too', () => {
    const given = asking();
    given.lost('client', 'peer-reset', { epoch: 1, agent_id: 'client-1', incarnation: 'c1' });
    given.peerAnswered({ server_id: 'server-2' });
    expect(given.known().placement?.client_id).toBe('client-1');
    expect(given.known().dueMs).toBe(given.nowMs + 5_000);
  });

  it('goes to the DR client when the client fell silent meanwhile', () => {
    const given = asking().remember('client-1', 'c1');
    expect(line(given.peerAnswered({ server_id: 'server-2' }))).toContain('activate-dr-client dr-1 e2');
  });
});

describe('a link of which both ends are silent', () => {
  it('is nobody’s until the silence of one is declared', () => {
    const given = active().without('client-1').server('server-1', { suspect: true });
    given.pass(64_000);
    expect(line(given.look())).toBe('ignore not-due');
    expect(given.known().placement).toMatchObject({ client_id: 'client-1', epoch: 1 });
    given.remember('client-1', 'c1');
    expect(line(given.tell('agent-silent', { agent_id: 'client-1', incarnation: 'c1' }))).toContain(
      'on server-2; accept-client server-2 e2, activate-dr-client dr-1 e2',
    );
  });
});
