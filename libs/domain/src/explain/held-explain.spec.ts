import { eventsOf } from '../../testing/explained.ts';
import type { ServerOptions } from '../../testing/options.ts';
import { Scenario } from '../../testing/scenario.ts';
import { type Explanation, explain } from './index.ts';

function explained(given: Scenario): Explanation {
  const found = explain(eventsOf(given));
  if (found === undefined) throw new Error('nothing was decided');
  return found;
}

const link = (...servers: [string, ServerOptions?][]): Scenario => {
  const given = new Scenario();
  for (const [id, options] of servers) given.server(id, options);
  return given;
};
const two = (): Scenario =>
  link(['server-1'], ['server-2', { carried: 5 }])
    .active()
    .pass(60_000);
const types = ({ causes }: Explanation): string[] => causes.map(({ type, reason }) => `${type} (${reason})`);
const degrade = (given: Scenario, score: number, terms: object, more: object = {}) =>
  given.tell('connection-degraded', { epoch: given.known().epoch, health_score: score, terms, ...more });

describe('explain, of a link that is not moved, or not where one would have it', () => {
  it('that is held back by damping, says until when, by which policy, and what had called for the move', () => {
    const given = two().policy({ damping_max_moves: 1, damping_window_ms: 60_000 });
    given.lost('client', 'peer-reset');
    given.established();
    given.pass(1_000).lost('client', 'keepalive-timeout');
    const said = explained(given);
    expect(said).toMatchObject({ phase: 'suppressed' });
    expect(said.first_cause).toMatchObject({
      reason: 'server-lost',
      detail: 'keepalive-timeout',
      agent_id: 'server-2',
    });
    expect(said.why_not[0]).toMatchObject({
      question: 'Why is the failover not made?',
      answer: expect.stringContaining(
        'because the link moved too often lately (moves 1, max moves 1, window ms 60000)',
      ),
      reason: 'damping',
      since: '2026-01-01T00:01:01.000Z',
      until: '2026-01-01T00:02:00.000Z',
      policy: 'tight',
    });
    given.due();
    given.established();
    const after = explained(given);
    expect(after.first_cause).toMatchObject({ reason: 'server-lost', detail: 'keepalive-timeout' });
    expect(after.causes[0]?.suppressed).toMatchObject({ reason: 'damping' });
  });

  it('that is held back by the blast radius, waits for an operator and names the cause to approve', () => {
    const given = two().policy({ blast_free_links: 0, blast_share: 0 });
    given.lost('client', 'peer-reset');
    const said = explained(given);
    expect(said.why_not[0]).toMatchObject({ reason: 'blast-radius' });
    expect(said.why_not[0]?.answer).toContain('until an operator approves');
    expect(said.why_not[0]?.answer).toContain('scheme/servers-lost');
    expect(said.why_not[0]).not.toHaveProperty('until');
    expect(said.first_cause).toMatchObject({ reason: 'server-lost', detail: 'peer-reset' });
  });

  it('that is held back by a freeze, keeps the wish for the move as its cause', () => {
    const given = two();
    given.set('freeze-requested', { until: new Date(given.nowMs + 60_000).toISOString() });
    given.tell('failover-requested', { reason: 'patch', requested_by: 'ann', planned: true });
    const said = explained(given);
    expect(said.first_cause).toMatchObject({ reason: 'operator-request', detail: 'patch' });
    expect(said.why_not[0]).toMatchObject({ reason: 'freeze', until: '2026-01-01T00:02:00.000Z' });
  });

  it('that waits for capacity, says whom it can not use and why, and what took its server', () => {
    const given = link(['server-1'], ['server-2', { draining: true }]).active();
    given.lost('client', 'peer-reset');
    const said = explained(given);
    expect(said).toMatchObject({ phase: 'waiting-for-capacity' });
    expect(said.first_cause).toMatchObject({ reason: 'server-lost', agent_id: 'server-1' });
    expect(said.why_not[0]).toMatchObject({
      question: 'Why does the link stand nowhere?',
      reason: 'no-capacity',
    });
    expect(said.why_not[0]?.answer).toContain('server-1 is backing-off and server-2 is draining');
    given.server('server-3').look();
    given.established();
    expect(explained(given).first_cause).toMatchObject({ reason: 'server-lost', agent_id: 'server-1' });
  });

  it('that is degraded and left where it is, says why: none better, none at all, or not for long enough', () => {
    const none = link(['server-1']).active();
    degrade(none, 55, { rtt: 20 });
    expect(explained(none).why_not[0]).toMatchObject({
      question: 'Why is the degraded link left on server-1?',
      reason: 'no-other-server',
    });
    const worse = link(['server-1'], ['server-2', { carried: 9, health: 50 }]).active();
    degrade(worse, 55, { rtt: 20 });
    expect(explained(worse).why_not[0]).toMatchObject({ reason: 'no-better-server' });
    expect(explained(worse).why_not[0]?.answer).toMatch(/^The best other server, server-2, scores \d+/);
    expect(explained(worse).first_cause).toMatchObject({
      reason: 'degraded',
      detail: 'rtt −20',
      agent_id: 'server-1',
    });
    const soon = link(['server-1'], ['server-2', { carried: 1 }])
      .active()
      .server('server-1', { health: 20 });
    degrade(soon, 20, { rtt: 20 });
    expect(explained(soon).why_not[0]).toMatchObject({
      reason: 'better-capacity',
      until: '2026-01-01T00:00:15.000Z',
    });
    soon.due();
    soon.answer('drain', 'succeeded');
    const moved = explained(soon);
    expect(moved.first_cause).toMatchObject({ reason: 'degraded', agent_id: 'server-1' });
    expect(types(moved)).toContain('failover-started (better-capacity)');
  });
});
