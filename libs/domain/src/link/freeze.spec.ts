import { line } from '../../testing/scenario.ts';
import { active, degrade, last, lose, until } from '../../testing/talk.ts';
import { planned, swallowed, unplanned } from '../../testing/ways.ts';

describe('a freeze', () => {
  const frozen = (ms = 60_000) => {
    const given = active();
    given.set('freeze-requested', { until: until(given, ms) });
    return given;
  };
  const drain = { agent_id: 'server-1', incarnation: 'a', ...unplanned };

  it("holds an operator's planned move, says so, and forgets it at its end", () => {
    const given = frozen();
    expect(line(given.tell('failover-requested', planned))).toBe(
      'failover-suppressed v3 e1 active (freeze) on server-1 then server-2',
    );
    expect(last(given)).toMatchObject({
      status: 'active',
      suppressed: { reason: 'freeze', what: 'planned-move', until: '2026-01-01T00:01:00.000Z' },
      failover: { reason: 'operator-request' },
    });
    expect(line(given.tell('failover-requested', planned))).toContain('failover-suppressed');
    expect(line(given.due())).toBe(
      'connection-activated v5 e1 active (suppression-over) on server-1 then server-2',
    );
    expect(given.known().suppressed).toBeUndefined();
  });

  it('holds a drain, which goes on by itself when it is over', () => {
    const given = frozen();
    expect(line(given.tell('agent-drain-requested', drain))).toContain('active (freeze)');
    expect(line(given.look())).toBe('ignore not-due');
    expect(line(given.due())).toContain('draining (agent-draining)');
  });

  it('holds a better server back from a degraded link', () => {
    const given = frozen().server('server-3');
    degrade(given, { health_score: 30, terms: { rtt: 20 } });
    expect(line(given.due())).toContain('degraded (freeze)');
    expect(given.known().betterSinceMs).toBeUndefined();
    expect(line(given.look())).toBe('ignore not-due');
    given.due();
    expect(line(given.due())).toContain('draining (better-capacity)');
  });

  it('lets what fails, what swallows requests and an unplanned wish move', () => {
    expect(lose(frozen())).toContain('failover-decided');
    expect(degrade(frozen(), swallowed)).toContain('stopping (unanswered-requests)');
    expect(line(frozen().tell('failover-requested', unplanned))).toContain('stopping (operator-request)');
    const held = frozen();
    held.tell('agent-drain-requested', drain);
    expect(degrade(held, swallowed)).toContain('stopping (unanswered-requests)');
  });

  it('lasts as long as it was asked for last, and lets go at once when it is ended', () => {
    const given = frozen();
    given.tell('agent-drain-requested', drain);
    const set = (ms: number) => line(given.pass(1).set('freeze-requested', { until: until(given, ms) }));
    expect(set(120_000)).toContain('failover-suppressed');
    expect(given.known().dueMs).toBe(given.nowMs + 120_000);
    expect(set(0)).toContain('draining (agent-draining)');
  });

  it('keeps what it holds through whatever else is decided on the link', () => {
    const given = frozen();
    given.tell('agent-drain-requested', drain);
    degrade(given, { health_score: 55, terms: { rtt: 20 } });
    given.without('server-2');
    given.tell('agent-silent', { agent_id: 'server-2', incarnation: 'a' });
    expect(given.known()).toMatchObject({ leave: 'agent-draining', suppressed: { reason: 'freeze' } });
    given.server('server-3');
    expect(line(given.due())).toContain('draining (agent-draining)');
  });
});
