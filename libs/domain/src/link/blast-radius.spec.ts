import { line, Scenario } from '../../testing/scenario.ts';
import { active, activeWithDr, degrade, last, lose, until } from '../../testing/talk.ts';
import { swallowed, unplanned } from '../../testing/ways.ts';
import { waitsForFleet } from './index.ts';

describe('a cause that moves too many links', () => {
  const cause = 'scheme/servers-lost';
  const wide = () => {
    const given = active().policy({ blast_share: 0.3, blast_free_links: 0 });
    given.blastCount = { moved: 30, links: 100 };
    return given;
  };
  const approve = (given: Scenario, over: object = {}) =>
    line(given.set('failover-approved', { failover_id: 'f', cause, until: until(given, 60_000), ...over }));

  it('holds the next link without a time, before the peer is asked, until an operator agrees', () => {
    const given = wide().withPeer();
    expect(lose(given)).toMatch(/^failover-suppressed .* suppressed \(blast-radius\)/);
    expect(last(given)).toMatchObject({
      status: 'failed',
      suppressed: { reason: 'blast-radius', cause, values: { moved: 30, links: 100, limit: 30 } },
    });
    expect(last(given)).not.toHaveProperty('due_at');
    expect(last(given)).not.toHaveProperty('asking');
    expect(approve(given)).toMatch(/^failover-decided .* activating \(approved\)/);
    expect(last(given)).not.toHaveProperty('suppressed');
  });

  it('takes no approval for another cause, and one whose time has passed already for what is held now', () => {
    const given = wide();
    lose(given);
    expect(approve(given, { cause: 'other/servers-lost' })).toBe('ignore not-suppressed');
    expect(approve(given, { until: until(given, -1) })).toContain('activating (approved)');
  });

  it('does not hold what fails while the approval lasts, and does again after it', () => {
    const given = wide();
    expect(approve(given)).toBe('ignore not-suppressed');
    expect(lose(given)).toContain('failover-decided');
    given.established();
    given.pass(60_000);
    expect(lose(given)).toContain('suppressed (blast-radius)');
  });

  it('stays held when few are left moving, however often it is looked at', () => {
    const given = wide();
    lose(given);
    given.blastCount = { moved: 0, links: 100 };
    expect(waitsForFleet(given.known())).toBe(false);
    expect(line(given.look())).toBe('ignore no-change');
    expect(line(given.request({ incarnation: 'c2' }))).toContain('suppressed (blast-radius)');
  });

  it('holds it as well when it has waited for capacity until then', () => {
    const given = wide();
    given.without('server-1').without('server-2');
    given.blastCount = { moved: 0, links: 100 };
    expect(lose(given)).toContain('waiting-for-capacity (no-capacity)');
    given.server('server-9');
    given.blastCount = { moved: 30, links: 100 };
    expect(line(given.look())).toContain('suppressed (blast-radius)');
  });

  it('does not hold a client that comes back, nor what was asked for, nor a first placement', () => {
    const back = wide();
    expect(line(back.request({ incarnation: 'c2' }))).toContain('stopping (client-restarted)');
    expect(line(back.answer('stop-sending-to-client', 'succeeded'))).toContain('failover-decided');
    const asked = wide();
    asked.tell('failover-requested', unplanned);
    expect(line(asked.answer('disconnect', 'succeeded'))).toContain('failover-decided');
    const first = new Scenario().server('server-1').policy({ blast_share: 0, blast_free_links: 0 });
    expect(line(first.request())).toContain('connection-assigned');
  });

  it('holds links back from a DR client: that is no coming back', () => {
    const given = new Scenario();
    given.server('server-1').server('server-2').dr().request({ dr_client_id: 'dr-1' });
    given.established();
    given.policy({ blast_share: 0.3, blast_free_links: 0 });
    given.blastCount = { moved: 30, links: 100 };
    expect(line(given.lost('client', 'shutdown'))).toContain('suppressed (blast-radius)');
    expect(last(given)?.suppressed?.cause).toBe('scheme/clients-lost');
  });

  describe('with DR clients', () => {
    const withDr = () => {
      const given = activeWithDr().policy({ blast_share: 0, blast_free_links: 0 });
      given.blastCount = { moved: 50, links: 100 };
      return given;
    };
    const clients = 'scheme/clients-lost';

    it('gives a client the moment to stand again, and holds the link back from its DR client after it', () => {
      const given = withDr();
      expect(line(given.lost('server', 'peer-reset'))).toContain('connect client-1 e2');
      given.due();
      expect(line(given.answer('stop-sending-to-client', 'succeeded'))).toMatch(
        /^failover-suppressed .* suppressed \(blast-radius\)/,
      );
      expect(last(given)?.suppressed).toMatchObject({ cause: clients, values: { moved: 50 } });
      expect(approve(given, { cause: clients })).toContain('activate-dr-client dr-1 e3');
    });

    it('counts no client that came back among those lost, so that it holds nobody else back', () => {
      const given = withDr();
      given.lost('server', 'peer-reset');
      expect(given.known().moves).toMatchObject([{ cause: 'scheme/clients-returned' }]);
    });

    it('stays held, however often it is looked at and whatever policy is set, as a move to the DR client', () => {
      const given = withDr();
      expect(line(given.lost('client', 'application-closed'))).toContain('suppressed (blast-radius)');
      expect(line(given.look())).toBe('ignore no-change');
      const settings = { blast_share: 0.1, blast_free_links: 0 };
      const policy = { policy: 'tight', server_group: 'scheme', settings };
      expect(line(given.set('policy-change-requested', policy))).toBe('ignore no-change');
      expect(line(given.request({ dr_client_id: 'dr-1', preferred_server: 'server-2' }))).toContain(
        'suppressed (blast-radius)',
      );
    });

    it('holds the link when its client goes while the peer is asked for it', () => {
      const given = withDr().withPeer();
      expect(line(given.lost('server', 'peer-reset'))).toContain('asking west e2');
      const own = { epoch: 1, agent_id: 'client-1', incarnation: 'c1' };
      expect(line(given.lost('client', 'application-closed', own))).toContain('asking west e2');
      expect(line(given.peerAnswered({ server_id: 'server-2' }))).toMatch(
        /^failover-suppressed .* suppressed \(blast-radius\).* by nowhere \(assigned\)/,
      );
      expect(last(given)?.suppressed?.cause).toBe(clients);
    });

    it('holds no failback, and no return from one that failed', () => {
      const given = withDr();
      given.policy({});
      given.lost('client', 'shutdown');
      given.established();
      given.policy({ blast_share: 0, blast_free_links: 0 }).client({ incarnation: 'c2' });
      given.request({ dr_client_id: 'dr-1', incarnation: 'c2' });
      given.tell('failover-requested', { ...unplanned, planned: true });
      given.answer('drain', 'succeeded');
      expect(line(given.answer('disconnect', 'succeeded'))).toContain('connect client-1 e3');
      given.answer('connect', 'failed', { reason: 'internal-error' });
      expect(given.known().carrier).toBe('dr-1');
      expect(given.known().phase).toBe('activating');
    });
  });

  it('leaves a path that stands where it is, until an operator agrees', () => {
    const given = wide();
    expect(degrade(given, swallowed)).toContain('degraded (blast-radius)');
    expect(given.known().dueMs).toBeUndefined();
    expect(line(given.look())).toBe('ignore not-due');
    expect(degrade(given, swallowed)).toBe('ignore not-due');
    expect(approve(given, { cause: 'scheme/unanswered-requests' })).toContain(
      'stopping (unanswered-requests)',
    );
  });
});
