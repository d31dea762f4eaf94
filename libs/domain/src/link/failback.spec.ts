import { line, Scenario } from '../../testing/scenario.ts';
import { activeWithDr as active } from '../../testing/talk.ts';
import { nextDueMs, waitsForFleet } from './index.ts';

const WITH_DR = { dr_client_id: 'dr-1' };
const wish = { reason: 'r', requested_by: 'o' };

/** Its client was shut down, and the DR client carries it. */
function carriedByDr(given = active()): Scenario {
  given.lost('client', 'shutdown');
  given.established();
  return given;
}

describe('failback', () => {
  const back = (): Scenario => {
    const given = carriedByDr().client({ incarnation: 'c2' });
    given.request({ ...WITH_DR, incarnation: 'c2' });
    return given;
  };
  const automatic = { failback: 'automatic', failback_after_ms: 60_000 } as const;

  it('drains the DR client, whose application stops, and then goes to the client that asked', () => {
    const given = back();
    expect(line(given.tell('failover-requested', { ...wish, planned: true }))).toBe(
      'failover-started v6 e2 draining (failback) on server-1 then server-2; drain dr-1 e2 close',
    );
    expect(line(given.answer('drain', 'succeeded'))).toBe(
      'failover-started v7 e2 stopping (drain-finished) on server-1 then server-2; disconnect dr-1 e2 close',
    );
    expect(line(given.answer('disconnect', 'succeeded'))).toBe(
      'failover-decided v8 e3 activating (failback) on server-1 then server-2; accept-client server-1 e3, connect client-1 e3',
    );
    expect(line(given.established())).toBe(
      'failover-completed v9 e3 active (established) on server-1 then server-2',
    );
    expect(given.known().carrier).toBeUndefined();
    expect(given.decisions.at(-1)?.data.client_id).toBe('client-1');
  });

  it.each([
    ['at any time', '2025-12-31T00:00:00Z'],
    ['during a freeze', '2026-01-01T01:00:00Z'],
  ])(
    'is none when it is not planned, %s: the link goes to another server, and stays with its DR client',
    (_when, until) => {
      const given = back();
      given.set('freeze-requested', { until });
      expect(line(given.tell('failover-requested', wish))).toBe(
        'failover-started v6 e2 stopping (operator-request) on server-1 then server-2; disconnect dr-1 e2, stop-sending-to-client server-1 e2',
      );
      expect(line(given.answer('disconnect', 'succeeded'))).toContain(
        'on server-2; accept-client server-2 e3, activate-dr-client dr-1 e3',
      );
    },
  );

  it('is not cut short: who has no time for its drain is told that the link moves already', () => {
    const given = back();
    given.tell('failover-requested', { ...wish, planned: true });
    expect(line(given.tell('failover-requested', wish))).toBe('ignore already-moving');
  });

  it('is a move to another server, as ever, while the client that asked is not well', () => {
    expect(
      line(
        carriedByDr()
          .without('client-1')
          .tell('failover-requested', { ...wish, planned: true }),
      ),
    ).toBe('failover-started v5 e2 draining (operator-request) on server-1 then server-2; drain dr-1 e2');
  });

  it('needs a server that fits, the present one too', () => {
    const given = back().server('server-1', { draining: true }).without('server-2');
    expect(line(given.tell('failover-requested', { ...wish, planned: true }))).toBe(
      'failover-failed v6 e2 active (no-other-server) on server-1 then server-2',
    );
  });

  it('returns to the DR client, which was only drained, when the client does not stand', () => {
    const given = back();
    given.tell('failover-requested', { ...wish, planned: true });
    given.answer('drain', 'succeeded');
    given.answer('disconnect', 'succeeded');
    // As long as any other: a client that is slow is not dead.
    expect(nextDueMs(given.known())).toBe(given.nowMs + 5_000);
    expect(line(given.due())).toContain('stopping (client-lost)');
    expect(line(given.answer('stop-sending-to-client', 'succeeded'))).toContain('activate-dr-client dr-1 e4');
    expect(line(given.established())).toContain('failover-completed');
  });

  it('returns to the DR client at once when the client says that it can’t take the link', () => {
    const given = back();
    given.tell('failover-requested', { ...wish, planned: true });
    given.answer('drain', 'succeeded');
    given.answer('disconnect', 'succeeded');
    expect(line(given.answer('connect', 'failed', { reason: 'internal-error' }))).toContain(
      'activate-dr-client dr-1 e4',
    );
  });

  it('returns to the DR client when the client died while that was drained', () => {
    const given = back();
    given.tell('failover-requested', { ...wish, planned: true });
    given.remember('client-1', 'c2');
    given.answer('drain', 'succeeded');
    expect(line(given.answer('disconnect', 'succeeded'))).toContain('activate-dr-client dr-1 e3');
  });

  it('is held back by a freeze, and the decision says what is', () => {
    const given = back();
    given.set('freeze-requested', { until: '2026-01-01T01:00:00Z' });
    expect(line(given.tell('failover-requested', { ...wish, planned: true }))).toContain(
      'failover-suppressed v6 e2 active (freeze)',
    );
    expect(given.known().suppressed).toMatchObject({ reason: 'freeze', what: 'failback' });
    // Whoever asks again is answered again.
    expect(line(given.tell('failover-requested', { ...wish, planned: true }))).toContain(
      'failover-suppressed v7 e2 active (freeze)',
    );
  });

  it('comes by itself, where the policy says so, when the client has been well for long enough', () => {
    const given = back().policy(automatic);
    expect(line(given.look())).toBe(
      'connection-activated v6 e2 active (agent-returned) on server-1 then server-2',
    );
    expect(nextDueMs(given.known())).toBe(given.nowMs + 60_000);
    given.pass(59_999);
    expect(line(given.look())).toBe('ignore not-due');
    given.pass(1);
    expect(line(given.look())).toBe(
      'failover-started v7 e2 draining (failback) on server-1 then server-2; drain dr-1 e2 close',
    );
  });

  it('reckons the time anew from each of the client’s lives, and from when the DR client stands', () => {
    const given = carriedByDr(active().policy(automatic)).client({ incarnation: 'c2' });
    given.request({ ...WITH_DR, incarnation: 'c2' });
    expect(nextDueMs(given.known())).toBe(given.nowMs + 60_000);
    given.pass(30_000).request({ ...WITH_DR, incarnation: 'c3' });
    expect(nextDueMs(given.known())).toBe(given.nowMs + 60_000);
    const away = active().policy(automatic);
    away.lost('client', 'application-closed');
    away.established();
    expect(nextDueMs(away.known())).toBe(away.nowMs + 60_000);
  });

  it('does not come by itself when the client is not well by then; it is waited for', () => {
    const given = back().policy(automatic);
    given.look();
    given.client({ incarnation: 'c2', suspect: true });
    expect(line(given.due())).toBe(
      'connection-activated v7 e2 active (client-unheard) on server-1 then server-2',
    );
    expect(nextDueMs(given.known())).toBeUndefined();
    given.client({ incarnation: 'c2' });
    expect(line(given.look())).toContain('(agent-returned)');
  });

  it.each([
    ['was overdue or gone', 'c2'],
    ['began another life, which only its reports told of', 'c3'],
  ])('waits for a whole window when the client %s within it', (_what, incarnation) => {
    const given = back().policy(automatic);
    given.look();
    const againMs = given.nowMs + 59_000;
    given.client({ incarnation, wellSinceMs: againMs });
    expect(line(given.due())).toBe(
      'connection-activated v7 e2 active (agent-returned) on server-1 then server-2',
    );
    expect(nextDueMs(given.known())).toBe(againMs + 60_000);
    expect(line(given.due())).toContain('draining (failback)');
  });

  it('does not come by itself during a freeze, and does right after it', () => {
    const given = back().policy(automatic);
    given.look();
    given.set('freeze-requested', { until: '2026-01-01T00:30:00Z' });
    expect(line(given.due())).toContain('failover-suppressed v7 e2 active (freeze)');
    expect(nextDueMs(given.known())).toBe(Date.parse('2026-01-01T00:30:00Z'));
    expect(line(given.due())).toContain('draining (failback)');
  });
});

describe('a client that is to be emptied', () => {
  const drain = (id: string, incarnation: string) => ({ agent_id: id, incarnation, ...wish });

  it('leaves its links to their DR client, drained, on the server that they have', () => {
    const given = active().client({ draining: true });
    expect(line(given.tell('agent-drain-requested', drain('client-1', 'c1')))).toBe(
      'failover-started v3 e1 draining (agent-draining) on server-1 then server-2; drain client-1 e1 close',
    );
    given.answer('drain', 'succeeded');
    expect(line(given.answer('disconnect', 'succeeded'))).toContain(
      'on server-1 then server-2; accept-client server-1 e2, activate-dr-client dr-1 e2',
    );
  });

  it('keeps them when the DR client is not well', () => {
    const given = active().without('dr-1');
    expect(line(given.tell('agent-drain-requested', drain('client-1', 'c1')))).toBe(
      'failover-failed v3 e1 active (client-unheard) on server-1 then server-2',
    );
    expect(given.known().leave).toBe('client-draining');
    expect(nextDueMs(given.known())).toBeUndefined();
  });

  it('leaves them once the DR client is well', () => {
    const given = active().client({ draining: true }).dr({ suspect: true });
    given.tell('agent-drain-requested', drain('client-1', 'c1'));
    expect(waitsForFleet(given.known())).toBe(true);
    expect(line(given.look())).toBe('ignore not-due');
    given.dr();
    expect(line(given.look())).toBe(
      'failover-started v4 e1 draining (agent-draining) on server-1 then server-2; drain client-1 e1 close',
    );
  });

  it('leaves them once a server fits', () => {
    const given = active().server('server-1', { suspect: true }).server('server-2', { suspect: true });
    expect(line(given.tell('agent-drain-requested', drain('client-1', 'c1')))).toContain(
      'failover-failed v3 e1 active (no-other-server)',
    );
    given.server('server-3');
    expect(line(given.look())).toContain('draining (agent-draining)');
  });

  it('leaves them when a freeze is over, or when the DR client is well after it', () => {
    const frozen = (): Scenario => {
      const given = active().client({ draining: true });
      given.set('freeze-requested', { until: '2026-01-01T00:01:00Z' });
      expect(line(given.tell('agent-drain-requested', drain('client-1', 'c1')))).toContain(
        'failover-suppressed v3 e1 active (freeze)',
      );
      return given;
    };
    expect(line(frozen().due())).toContain(
      'draining (agent-draining) on server-1 then server-2; drain client-1',
    );
    const suspect = frozen().dr({ suspect: true });
    expect(line(suspect.due())).toContain('failover-failed v4 e1 active (client-unheard)');
    expect(suspect.known().suppressed).toBeUndefined();
    suspect.dr();
    expect(line(suspect.look())).toContain('draining (agent-draining)');
  });

  it('moves nothing where nobody stands in', () => {
    const given = new Scenario().server('server-1').server('server-2').active().client({ draining: true });
    expect(line(given.tell('agent-drain-requested', drain('client-1', 'c1')))).toBe(
      'ignore no-better-server',
    );
    expect(given.known().leave).toBeUndefined();
  });

  it('leaves a link that came to stand on it meanwhile', () => {
    const given = active().client({ draining: true });
    given.dr({ suspect: true }).lost('client', 'peer-reset');
    expect(line(given.tell('agent-drain-requested', drain('client-1', 'c1')))).toBe('ignore already-moving');
    given.established();
    given.due();
    given.dr();
    expect(line(given.look())).toContain(
      'draining (agent-draining) on server-2 then server-1; drain client-1 e2 close',
    );
  });

  it('is the DR client: then the client that asked has them back', () => {
    const given = carriedByDr().client({ incarnation: 'c2' });
    given.request({ ...WITH_DR, incarnation: 'c2' });
    expect(line(given.tell('agent-drain-requested', drain('dr-1', 'd1')))).toContain(
      'draining (agent-draining) on server-1 then server-2; drain dr-1 e2 close',
    );
    given.answer('drain', 'succeeded');
    expect(line(given.answer('disconnect', 'succeeded'))).toContain('connect client-1 e3');
  });
});
