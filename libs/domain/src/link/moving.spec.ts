import { line, Scenario } from '../../testing/scenario.ts';

/** A link on server-1, with server-2 to go to. */
const active = (): Scenario => new Scenario().server('server-1').server('server-2', { carried: 5 }).active();

describe('a link whose path was lost', () => {
  it('is moved at once when its client saw it: the client’s word ends the placement', () => {
    const given = active();
    expect(line(given.lost('client', 'peer-reset'))).toBe(
      'failover-decided v3 e2 activating (server-lost) on server-2; accept-client server-2 e2, connect client-1 e2, stop-sending-to-client server-1 e1',
    );
    expect(line(given.established())).toBe(
      'failover-completed v4 e2 active (established) on server-2 then server-1',
    );
  });

  it('is moved at once when its server saw it, and may stay on that server', () => {
    const given = active();
    expect(line(given.lost('server', 'peer-reset'))).toBe(
      'failover-decided v3 e2 activating (client-lost) on server-1 then server-2; accept-client server-1 e2, connect client-1 e2',
    );
  });

  it.each(['client', 'server'] as const)(
    'is judged as after peer-closed when its %s lost it for a reason nobody knows',
    (by) => {
      const [given, known] = [active(), active()];
      const moved = given.lost(by, 'route-withdrawn');
      expect(line(moved)).toBe(line(known.lost(by, 'peer-closed')));
      expect(moved).toMatchObject({ data: { evidence: [{ values: { reason: 'route-withdrawn' } }] } });
    },
  );

  it('keeps the ledger of the move: when it was seen, decided, commanded and active', () => {
    const given = active();
    given.pass(1_000).lost('client', 'keepalive-timeout');
    given.pass(40).established({ commanded_at: '2026-01-01T00:00:01.006Z' });
    expect(given.decisions.at(-1)?.data.failover).toEqual({
      failover_id: 'client-1:primary~2',
      from: 'server-1',
      to: 'server-2',
      reason: 'server-lost',
      detected_at: '2026-01-01T00:00:01.000Z',
      decided_at: '2026-01-01T00:00:01.000Z',
      commanded_at: '2026-01-01T00:00:01.006Z',
      active_at: '2026-01-01T00:00:01.040Z',
    });
    expect(given.known().failover).toBeUndefined();
  });

  it('is not moved by words about another epoch, or by strangers', () => {
    const given = active();
    given.lost('client', 'peer-reset');
    expect(line(given.lost('server', 'peer-reset', { epoch: 1, agent_id: 'server-1' }))).toBe(
      'ignore stale-epoch',
    );
    expect(line(given.lost('client', 'peer-reset', { epoch: 9 }))).toBe('ignore future-epoch');
    expect(line(given.lost('client', 'peer-reset', { agent_id: 'stranger' }))).toBe('ignore not-concerned');
  });

  it('waits when no server is left, tries the old one again after a back-off, and moves when one appears', () => {
    const given = new Scenario().server('server-1').active();
    expect(line(given.lost('client', 'peer-reset'))).toBe(
      'failover-failed v3 e1 waiting-for-capacity (no-capacity); stop-sending-to-client server-1 e1',
    );
    expect(given.known().dueMs).toBe(given.nowMs + 1_000);
    given.server('server-9');
    expect(line(given.look())).toMatch(
      /^failover-decided v4 e2 activating \(capacity-available\) on server-9;/,
    );
  });

  it('does not try the same life of a server twice in a row, but a new life of it at once', () => {
    const given = new Scenario().server('server-1').active();
    given.lost('client', 'peer-reset');
    expect(line(given.look())).toBe('ignore no-better-server');
    given.server('server-1', { incarnation: 'b' });
    expect(line(given.look())).toMatch(
      /^failover-decided v4 e2 activating \(capacity-available\) on server-1;/,
    );
  });

  it('backs off longer and longer from a server that keeps failing', () => {
    const given = new Scenario().server('server-1').active();
    given.lost('client', 'peer-reset');
    const waitsMs = [1, 2, 3, 4, 5, 6].map(() => {
      const waitMs = (given.known().dueMs ?? 0) - given.nowMs;
      given.due();
      given.answer('connect', 'failed', { reason: 'dial-failed' });
      return waitMs;
    });
    expect(waitsMs).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000]);
  });

  it('finds the place of its own in a server that is full with it', () => {
    const given = new Scenario().server('server-1', { capacity: 1, carried: 1 });
    given.server('server-1', { capacity: 1, carried: 0 }).active();
    given.server('server-1', { capacity: 1, carried: 1 });
    expect(line(given.lost('server', 'peer-reset'))).toMatch(
      /^failover-decided v3 e2 activating .* on server-1;/,
    );
  });
});

describe('a link whose server fell silent', () => {
  it('is moved when the silent life is the one that it is placed on, and no other', () => {
    const given = active();
    const silent = (incarnation: string) => given.tell('agent-silent', { agent_id: 'server-1', incarnation });
    expect(line(silent('an-earlier-one'))).toBe('ignore not-concerned');
    expect(line(silent('a'))).toMatch(/^failover-decided v3 e2 activating \(agent-silent\) on server-2;/);
  });

  it('chooses another failover target when that one falls silent', () => {
    const given = active();
    expect(given.known().failover_target).toBe('server-2');
    given.server('server-3', { carried: 8 });
    expect(line(given.tell('agent-silent', { agent_id: 'server-2', incarnation: 'a' }))).toBe(
      'connection-activated v3 e1 active (failover-target-changed) on server-1 then server-3',
    );
  });

  it('finds a failover target when there was none', () => {
    const given = new Scenario().server('server-1').active();
    expect(given.known().failover_target).toBeUndefined();
    given.server('server-2');
    expect(line(given.look())).toBe(
      'connection-activated v3 e1 active (failover-target-changed) on server-1 then server-2',
    );
    expect(line(given.look())).toBe('ignore not-due');
  });
});

describe('a link whose client died', () => {
  it('waits for the client’s next life, and frees its server', () => {
    const given = active();
    expect(line(given.tell('agent-silent', { agent_id: 'client-1', incarnation: 'c1' }))).toBe(
      'failover-failed v3 e1 waiting-for-capacity (client-lost); stop-sending-to-client server-1 e1',
    );
    expect(line(given.look())).toBe('ignore no-change');
    expect(line(given.request())).toBe('ignore stale-incarnation');
    expect(line(given.request({ incarnation: 'c2' }))).toMatch(
      /^failover-decided v4 e2 activating \(client-restarted\) on server-1/,
    );
  });

  it('finds the next life in the fleet when the client does not ask again', () => {
    const given = active();
    given.tell('agent-silent', { agent_id: 'client-1', incarnation: 'c1' });
    given.client({ incarnation: 'c2' });
    expect(line(given.look())).toMatch(/^failover-decided v4 e2 activating \(capacity-available\)/);
    expect(given.known().placement?.client_incarnation).toBe('c2');
  });

  it('is placed anew only after an end confirmed, when the client comes back before it was missed', () => {
    const given = active();
    expect(line(given.request({ incarnation: 'c2' }))).toBe(
      'failover-started v3 e1 stopping (client-restarted) on server-1 then server-2; disconnect client-1 e1, stop-sending-to-client server-1 e1',
    );
    const refused = given.answer('disconnect', 'refused', { reason: 'other-incarnation', incarnation: 'c2' });
    expect(line(refused)).toMatch(/^failover-decided v4 e2 activating \(client-restarted\)/);
    expect(given.known().placement).toMatchObject({ client_incarnation: 'c2' });
  });

  it('is not pursued while nothing is heard of the client', () => {
    const given = active();
    given.without('client-1');
    expect(line(given.lost('server', 'peer-reset'))).toBe(
      'failover-failed v3 e1 waiting-for-capacity (client-unheard)',
    );
    given.client();
    expect(line(given.look())).toMatch(/^failover-decided v4 e2 activating/);
  });
});

describe('a link that its client gives up', () => {
  it('ends, and frees its server', () => {
    const given = active();
    const closed = { epoch: 1, reason: 'done', agent_id: 'client-1', incarnation: 'c1' };
    expect(line(given.tell('connection-closed', closed))).toBe(
      'connection-ended v3 e1 ended (closed-by-client); stop-sending-to-client server-1 e1',
    );
    expect(line(given.lost('client', 'peer-reset', { epoch: 1 }))).toBe('ignore connection-ended');
  });

  it('goes on counting when it is asked for again, and knows a late word of its earlier time', () => {
    const given = active();
    const closed = { epoch: 1, reason: 'done', agent_id: 'client-1', incarnation: 'c1' };
    given.tell('connection-closed', closed);
    expect(line(given.request())).toMatch(/^connection-assigned v4 e2 assigned/);
    expect(line(given.tell('connection-closed', closed))).toBe('ignore stale-epoch');
  });

  it('has to stop first when the client may yet take up an epoch that it had not seen', () => {
    const given = active();
    given.lost('server', 'peer-reset');
    const closed = { epoch: 1, reason: 'done', agent_id: 'client-1', incarnation: 'c1' };
    expect(line(given.tell('connection-closed', closed))).toMatch(
      /^failover-started v4 e2 stopping \(closed-by-client\)/,
    );
    expect(line(given.answer('disconnect', 'succeeded'))).toBe(
      'connection-ended v5 e2 ended (closed-by-client)',
    );
  });
});
