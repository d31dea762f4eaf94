import { line, Scenario } from '../../testing/scenario.ts';
import { active, degrade, last, lose, until } from '../../testing/talk.ts';
import { planned, swallowed, unplanned } from '../../testing/ways.ts';
import { waitsForFleet } from './index.ts';
import { isHeldBack } from './state.ts';

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

describe('a move that takes several attempts', () => {
  it('counts once, however often it was tried before the link stood', () => {
    const given = active().policy({ damping_max_moves: 2 });
    lose(given);
    for (let attempt = 0; attempt < 4; attempt++) {
      given.answer('connect', 'failed', { reason: 'dial-failed' });
      given.due();
    }
    expect(given.known().phase).toBe('activating');
    expect(given.known().moves).toMatchObject([{ cause: 'scheme/servers-lost', open: true }]);
    given.established();
    expect(given.known().moves).toEqual([{ atMs: expect.any(Number), cause: 'scheme/servers-lost' }]);
    given.server('server-1', { incarnation: 'b' });
    expect(lose(given.pass(1_000))).toContain('failover-decided');
    given.established();
    expect(lose(given.pass(1_000))).toContain('suppressed (damping)');
  });

  it('is not damped by what was tried of it already', () => {
    const given = active().policy({ damping_max_moves: 1 });
    lose(given);
    expect(line(given.answer('connect', 'failed', { reason: 'dial-failed' }))).toContain(
      'waiting-for-capacity',
    );
    expect(line(given.due())).toContain('failover-decided');
  });
});

describe('a server that died and is still in the fleet', () => {
  /** Held for a few seconds more; server-2, which died, looks better than server-3. */
  const held = (): Scenario => {
    const given = active().policy({ damping_max_moves: 1 });
    lose(given);
    given.established();
    given.pass(50_000).without('server-1').server('server-2').server('server-3', { carried: 9 });
    expect(lose(given)).toContain('suppressed (damping)');
    return given;
  };

  it('is where a link that was held goes last', () => {
    const given = held();
    expect(line(given.due())).toMatch(/activating \(suppression-over\) on server-3/);
    expect(last(given)?.candidates).toContainEqual({ agent_id: 'server-2', excluded: 'unheard' });
  });

  it('is where a link goes last that an operator released', () => {
    const given = active().server('server-2', { carried: 9 });
    given.policy({ blast_share: 0, blast_free_links: 0 });
    expect(lose(given)).toContain('suppressed (blast-radius)');
    const cause = 'scheme/servers-lost';
    given.pass(5_000);
    const agreed = { failover_id: 'f', cause, until: until(given, 60_000) };
    expect(line(given.set('failover-approved', agreed))).toContain('(approved) on server-2');
  });

  it('is chosen as ever once it was heard again, and when nothing else fits', () => {
    const heard = held().pass(9_999);
    heard.server('server-2');
    expect(line(heard.due())).toContain('on server-2');
    const only = held().without('server-3');
    expect(line(only.due())).toContain('on server-2');
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
