import { line, Scenario } from '../../testing/scenario.ts';

const active = (): Scenario =>
  new Scenario().server('server-1').server('server-2', { carried: 5, location: 'zone-b' }).active();

describe('a degraded link', () => {
  const slow = { epoch: 1, health_score: 55, terms: { rtt: 20, response: 20 } };

  it('stays where it is while nothing better exists', () => {
    const given = active();
    given.tell('connection-degraded', { ...slow, health_score: 90 });
    expect(line(given.look())).toBe('ignore no-better-server');
    expect(given.known()).toMatchObject({ phase: 'degraded', health_score: 90 });
    expect(given.known().dueMs).toBeUndefined();
  });

  it('is moved, drained, when better capacity exists and stays better for the window', () => {
    const given = active();
    expect(line(given.tell('connection-degraded', slow))).toBe(
      'connection-marked-degraded v3 e1 degraded (degraded) on server-1 then server-2',
    );
    given.server('server-3');
    expect(line(given.look())).toBe(
      'connection-marked-degraded v4 e1 degraded (degraded) on server-1 then server-3',
    );
    given.pass(14_999);
    expect(line(given.look())).toBe('ignore not-due');
    expect(line(given.due())).toBe(
      'failover-started v5 e1 draining (better-capacity) on server-1 then server-3; drain client-1 e1',
    );
  });

  it('is not moved when the better server did not stay better', () => {
    const given = active();
    given.tell('connection-degraded', slow);
    given.server('server-3');
    given.look();
    given.pass(5_000).without('server-3');
    expect(line(given.look())).toMatch(/^connection-marked-degraded v5 e1 degraded/);
    given.server('server-3');
    expect(line(given.look())).toBe('ignore not-due');
    expect(line(given.due())).toMatch(/^connection-marked-degraded v6 e1 degraded/);
    expect(line(given.due())).toMatch(/^failover-started v7 e1 draining \(better-capacity\)/);
  });

  it('is active again when it recovered', () => {
    const given = active();
    given.tell('connection-degraded', slow);
    expect(line(given.tell('connection-recovered', { epoch: 1, health_score: 95, terms: {} }))).toBe(
      'connection-activated v4 e1 active (recovered) on server-1 then server-2',
    );
    expect(line(given.tell('connection-recovered', { epoch: 1, health_score: 95, terms: {} }))).toBe(
      'ignore no-change',
    );
  });
});

describe('a link whose requests stay unanswered', () => {
  const swallowed = { epoch: 1, health_score: 40, terms: { unanswered: 60, rtt: 5 }, unanswered_ratio: 0.97 };

  it('is moved at once, without a drain, and the decision cites the ratio', () => {
    const given = active();
    expect(line(given.tell('connection-degraded', swallowed))).toBe(
      'failover-started v3 e1 stopping (unanswered-requests) on server-1 then server-2; disconnect client-1 e1, stop-sending-to-client server-1 e1',
    );
    expect(given.decisions.at(-1)?.data.evidence[0]?.values).toEqual({
      health_score: 40,
      unanswered: 60,
      rtt: 5,
      unanswered_ratio: 0.97,
    });
    expect(line(given.answer('disconnect', 'succeeded'))).toMatch(
      /^failover-decided v4 e2 activating \(unanswered-requests\) on server-2;/,
    );
  });

  it('stays, degraded, while there is no other server, and is moved as soon as one appears', () => {
    const given = new Scenario().server('server-1').active();
    expect(line(given.tell('connection-degraded', swallowed))).toBe(
      'connection-marked-degraded v3 e1 degraded (unanswered-requests) on server-1',
    );
    given.server('server-2');
    expect(line(given.look())).toMatch(/^failover-started v4 e1 stopping \(unanswered-requests\)/);
  });

  it('is not moved at once when something else is what lowers its score most', () => {
    const given = active();
    const slower = { ...swallowed, terms: { unanswered: 25, response: 40 } };
    expect(line(given.tell('connection-degraded', slower))).toMatch(/^connection-marked-degraded v3/);
  });
});

describe('a link that is to leave its server', () => {
  it('looks again when the only other server has done backing off', () => {
    const given = active();
    const swallowed = { health_score: 40, terms: { unanswered: 60 }, unanswered_ratio: 1 };
    given.tell('connection-degraded', { epoch: 1, ...swallowed });
    given.answer('disconnect', 'succeeded');
    given.established();
    given.pass(5_000);
    expect(line(given.tell('connection-degraded', { epoch: 2, ...swallowed }))).toBe(
      'connection-marked-degraded v6 e2 degraded (unanswered-requests) on server-2 then server-1',
    );
    expect((given.known().dueMs ?? 0) - given.nowMs).toBe(25_000);
    expect(line(given.due())).toMatch(/^failover-started v7 e2 stopping \(unanswered-requests\)/);
  });
});
