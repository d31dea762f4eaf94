import { line, Scenario } from '../../testing/scenario.ts';
import { waitsForFleet } from './index.ts';
import { isHeldBack } from './state.ts';

const swallowed = { health_score: 40, terms: { unanswered: 60 } };
const planned = { reason: 'r', requested_by: 'o', planned: true };
const unplanned = { reason: 'r', requested_by: 'o' };
const until = (given: Scenario, ms: number) => new Date(given.nowMs + ms).toISOString();
const active = () => new Scenario().server('server-1').server('server-2', { carried: 5 }).active();
const last = (given: Scenario) => given.decisions.at(-1)?.data;
const lose = (given: Scenario) => line(given.lost('client', 'peer-reset'));
const degrade = (given: Scenario, how: object) =>
  line(given.tell('connection-degraded', { epoch: given.known().epoch, ...how }));

/** It moves as often, each time at once, a second apart. */
function movedTimes(given: Scenario, times: number): Scenario {
  for (let move = 0; move < times; move++) {
    expect(lose(given.pass(1_000))).toContain('failover-decided');
    given.established();
  }
  return given;
}

describe('a link that moves too often', () => {
  const damped = (max = 2) =>
    movedTimes(active().policy({ damping_max_moves: max, damping_window_ms: 60_000 }), max);

  it('is held back with the reason, the figures and when it is looked at again; both ends are let go', () => {
    const given = damped();
    expect(lose(given.pass(1_000))).toBe(
      'failover-suppressed v7 e3 suppressed (damping); stop-sending-to-client server-1 e3',
    );
    expect(last(given)).toMatchObject({
      status: 'failed',
      policy: 'tight',
      policy_version: 3,
      due_at: '2026-01-01T00:01:01.000Z',
      suppressed: {
        reason: 'damping',
        what: 'failover',
        until: '2026-01-01T00:01:01.000Z',
        values: { moves: 2, max_moves: 2, window_ms: 60_000 },
      },
      failover: { failover_id: 'client-1:primary~4', reason: 'server-lost' },
    });
    expect(last(given)).not.toHaveProperty('placement');
    expect(last(given)?.candidates?.length).toBeGreaterThan(0);
  });

  it('is not woken by the fleet, and is placed when its time has come', () => {
    const given = damped();
    lose(given.pass(1_000));
    expect(isHeldBack(given.known())).toBe(true);
    expect(waitsForFleet(given.known())).toBe(false);
    given.server('server-9');
    expect(line(given.look())).toBe('ignore no-change');
    expect(line(given.due())).toMatch(/^failover-decided v8 e4 activating \(suppression-over\)/);
  });

  it('is moved all the same when an operator asks for it, and that counts for nothing', () => {
    const given = damped();
    lose(given.pass(1_000));
    expect(line(given.tell('failover-requested', unplanned))).toMatch(/activating \(operator-request\)/);
    expect(last(given)?.moves).toHaveLength(2);
  });

  it('keeps the life of its client that came meanwhile, and stays held', () => {
    const given = damped();
    lose(given.pass(1_000));
    given.client({ incarnation: 'c2' });
    expect(line(given.request({ incarnation: 'c2' }))).toMatch(
      /^failover-suppressed .* suppressed \(damping\)/,
    );
    expect(line(given.due())).toContain('connect client-1');
    expect(given.known().placement?.client_incarnation).toBe('c2');
  });

  it('waits for its client as ever when that is gone by then', () => {
    const given = damped();
    lose(given.pass(1_000));
    given.without('client-1');
    expect(line(given.due())).toMatch(/waiting-for-capacity \(client-unheard\)/);
  });

  it('ends when its client gives it up', () => {
    const given = damped();
    lose(given.pass(1_000));
    const own = { agent_id: 'client-1', incarnation: 'c1', reason: 'done' };
    expect(line(given.tell('connection-closed', { epoch: 3, ...own }))).toContain('connection-ended');
    expect(last(given)).not.toHaveProperty('moves');
  });

  it('is looked at again when its policy changes, and decides nothing while it is held as before', () => {
    const given = damped();
    lose(given.pass(1_000));
    const set = (settings: object) =>
      line(given.set('policy-change-requested', { policy: 'tight', server_group: 'scheme', settings }));
    expect(set({ damping_max_moves: 2, damping_window_ms: 60_000 })).toBe('ignore no-change');
    expect(set({ damping_max_moves: 2, damping_window_ms: 90_000 })).toContain('suppressed (damping)');
    expect(last(given)?.due_at).toBe('2026-01-01T00:01:31.000Z');
    expect(set({ damping_max_moves: 9 })).toMatch(/activating \(suppression-over\)/);
  });

  it('is not counted twice for one move, whichever way it took', () => {
    const given = active().policy({ damping_max_moves: 5 });
    degrade(given, swallowed);
    expect(given.known().moves).toHaveLength(1);
    given.answer('disconnect', 'succeeded');
    given.established();
    expect(given.known().moves).toMatchObject([{ cause: 'scheme/unanswered-requests' }]);
  });

  it('counts no move that was asked for', () => {
    const given = active().policy({ damping_max_moves: 1 });
    given.tell('failover-requested', planned);
    given.answer('drain', 'succeeded');
    given.answer('disconnect', 'succeeded');
    given.established();
    expect(given.known().moves).toBeUndefined();
  });

  it('counts with the question to the peer, and is not held by its answer', () => {
    const given = active().withPeer().policy({ damping_max_moves: 1 });
    expect(lose(given)).toContain('asking west');
    expect(given.known().moves).toHaveLength(1);
    expect(line(given.peerAnswered({ server_id: 'server-2' }))).toContain('failover-decided');
    expect(given.known().moves).toHaveLength(1);
    given.established();
    expect(lose(given)).toMatch(/^failover-suppressed .* suppressed \(damping\)/);
  });

  it('forgets moves that no rule looks at any more', () => {
    const given = movedTimes(active().policy({ damping_window_ms: 5_000, blast_window_ms: 5_000 }), 2);
    given.pass(5_000);
    lose(given);
    expect(given.known().moves).toHaveLength(1);
  });
});

describe('a path that stands, and would be left too often', () => {
  const damped = () => {
    const given = active().policy({ damping_max_moves: 1, damping_window_ms: 60_000 });
    lose(given);
    given.established();
    return given.pass(1_000);
  };

  it('is left where it is, and looked at again when there is room for one more move', () => {
    const given = damped();
    expect(degrade(given, swallowed)).toBe(
      'failover-suppressed v5 e2 degraded (damping) on server-2 then server-1',
    );
    expect(given.known()).toMatchObject({
      leave: 'unanswered-requests',
      suppressed: { reason: 'damping', what: 'failover', until: '2026-01-01T00:01:00.000Z' },
    });
    given.server('server-9');
    expect(line(given.look())).toBe('ignore not-due');
    expect(line(given.due())).toMatch(/^failover-started .* stopping \(unanswered-requests\)/);
  });

  it('is free again when it does well again', () => {
    const given = damped();
    degrade(given, swallowed);
    const well = { epoch: given.known().epoch, health_score: 95, terms: {} };
    expect(line(given.tell('connection-recovered', well))).toContain('active (recovered)');
    expect(given.known().suppressed).toBeUndefined();
    expect(given.known().dueMs).toBeUndefined();
    // The list of failovers is told that this one is held no longer.
    expect(last(given)?.failover?.failover_id).toBe('client-1:primary~3');
  });

  it('is placed again if it is lost all the same, as far as damping lets it', () => {
    const given = damped();
    degrade(given, swallowed);
    expect(lose(given)).toMatch(/^failover-suppressed .* suppressed \(damping\)/);
  });
});

describe('a server that restarts too often', () => {
  const flapping = () => {
    const given = active().policy({ agent_max_restarts: 2, agent_window_ms: 30_000 });
    given.pass(40_000);
    given.server('server-2', { restartsMs: [given.nowMs - 20_000, given.nowMs - 5_000] });
    return given;
  };

  it('is not chosen, and the decision says why', () => {
    const given = flapping().server('server-3', { carried: 9 });
    expect(lose(given)).toContain('on server-3');
    expect(last(given)?.candidates).toContainEqual({ agent_id: 'server-2', excluded: 'flapping' });
  });

  it('holds a link that fits nowhere else, until it has been calm', () => {
    const given = flapping().without('server-1');
    expect(lose(given)).toMatch(/^failover-suppressed .* suppressed \(agent-flapping\)/);
    expect(last(given)?.suppressed?.until).toBe(until(given, 10_000));
    expect(waitsForFleet(given.known())).toBe(true);
    expect(line(given.look())).toBe('ignore no-change');
    expect(line(given.due())).toMatch(/activating \(suppression-over\) on server-2/);
  });

  it('lets the link go as soon as another server fits', () => {
    const given = flapping().without('server-1');
    lose(given);
    given.server('server-9');
    expect(line(given.look())).toContain('on server-9');
  });

  it('is taken all the same when an operator asks for a move', () => {
    const given = flapping().without('server-1');
    lose(given);
    expect(line(given.tell('failover-requested', unplanned))).toContain('on server-2');
  });

  it('only delays a first placement, which was never anywhere', () => {
    const given = new Scenario().policy({ agent_max_restarts: 1 });
    given.server('server-1', { restartsMs: [given.nowMs] });
    expect(line(given.request())).toBe('connection-requested v1 e1 requested (no-capacity)');
    expect(line(given.due())).toContain('connection-assigned');
  });
});

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

describe('links of one link group', () => {
  const group = { link_group: 'acquirer' };

  it('stand on different servers while there are enough, whatever else speaks for one', () => {
    const given = new Scenario()
      .server('server-1', { linkGroups: { acquirer: 1 } })
      .server('server-2', { carried: 9, location: 'far', health: 40 });
    expect(line(given.request({ ...group, preferred_server: 'server-1' }))).toContain(
      'on server-2 then server-1',
    );
  });

  it('share a server when there is no other, the one with the fewest of them first', () => {
    const given = new Scenario()
      .server('server-1', { linkGroups: { acquirer: 2 } })
      .server('server-2', { linkGroups: { acquirer: 1 }, carried: 9 });
    expect(line(given.request(group))).toContain('on server-2');
    expect(line(new Scenario().server('server-1', { linkGroups: { acquirer: 7 } }).request(group))).toContain(
      'on server-1',
    );
  });

  it('are told to the server, so that its reports tell of them', () => {
    const given = new Scenario().server('server-1');
    given.request(group);
    expect(last(given)?.commands[0]).toMatchObject({ name: 'accept-client', link_group: 'acquirer' });
  });

  it('do not count the link itself on the server that it leaves', () => {
    const given = new Scenario()
      .server('server-1', { linkGroups: { acquirer: 1 } })
      .server('server-2', { linkGroups: { acquirer: 1 }, carried: 5 });
    given.request(group);
    given.established();
    expect(given.known().placement?.server_id).toBe('server-1');
    given.server('server-1', { incarnation: 'b', linkGroups: { acquirer: 1 } });
    expect(lose(given)).toContain('on server-1');
  });
});
