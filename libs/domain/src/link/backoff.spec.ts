import fc from 'fast-check';
import { line, Scenario } from '../../testing/scenario.ts';
import { LINK_POLICY } from '../policy.ts';
import { type Failure, remembered, serverUntilMs, withFailure } from './backoff.ts';
import type { BackoffState } from './state.ts';

const failed = (agent_id: string, blame: Failure['blame'] = 'server'): Failure => ({
  agent_id,
  incarnation: 'a',
  blame,
});

describe('what is held against an agent', () => {
  it('is nothing the first time for a client, and doubles from the second on', () => {
    let backoffs: readonly BackoffState[] = [];
    const waitsMs = [0, 1, 2, 3, 4, 5, 6, 7].map(() => {
      backoffs = withFailure(backoffs, failed('client-1', 'client'), 1_000);
      return (backoffs[0]?.untilMs ?? 0) - 1_000;
    });
    expect(waitsMs).toEqual([0, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  it('is forgotten after a minute, and bounded', () => {
    let backoffs: readonly BackoffState[] = [];
    for (let server = 0; server < 40; server++)
      backoffs = withFailure(backoffs, failed(`s${server}`), server);
    expect(backoffs).toHaveLength(LINK_POLICY.backoffsPerLink);
    expect(backoffs[0]?.agent_id).toBe('s39');
    expect(remembered(backoffs, 39 + LINK_POLICY.backoffForgetMs)).toEqual([]);
  });

  it('never ends later than the longest wait after the latest failure', () => {
    const failures = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(5_000)), { maxLength: 60 });
    fc.assert(
      fc.property(failures, (some) => {
        let nowMs = 0;
        let backoffs: readonly BackoffState[] = [];
        for (const [agent, afterMs] of some) {
          nowMs += afterMs;
          backoffs = withFailure(backoffs, failed(agent), nowMs);
        }
        const until = serverUntilMs(backoffs, ['client-1']);
        for (const agent of ['a', 'b', 'c', 'd']) {
          expect(until(agent, 'a') ?? 0).toBeLessThanOrEqual(nowMs + LINK_POLICY.backoffMaxMs);
        }
      }),
    );
  });
});

describe('a link whose every dial fails, among very many servers', () => {
  it('rests in between: the number of its decisions is bounded by time, not by servers', () => {
    const given = new Scenario();
    for (let server = 0; server < 100; server++) given.server(`server-${server}`);
    given.request();
    const endMs = given.nowMs + 600_000;
    while (given.nowMs < endMs) {
      if (given.known().placement) given.answer('connect', 'failed', { reason: 'dial-failed' });
      else given.due();
    }
    // About one every three seconds; without the pace it would be a hundred at once, every half minute.
    expect(given.decisions.length).toBeLessThan(220);
  });

  it('still takes a new life of a server at once, as long as it remembers which ones failed', () => {
    const given = new Scenario();
    for (const server of ['server-1', 'server-2', 'server-3']) given.server(server);
    given.request();
    for (let tries = 0; tries < 12; tries++) {
      given.answer('connect', 'failed', { reason: 'dial-failed' });
      if (!given.known().placement) given.due();
    }
    given.answer('connect', 'failed', { reason: 'dial-failed' });
    given.server('server-2', { incarnation: 'b' });
    const next = given.known().placement
      ? given.answer('connect', 'failed', { reason: 'dial-failed' })
      : given.look();
    expect(line(next)).toMatch(/activating .* on server-2/);
  });
});

describe('a link that stood between its failures', () => {
  const restarted = (given: Scenario, life: number) => {
    for (const server of ['server-1', 'server-2', 'server-3'])
      given.server(server, { incarnation: `life-${life}` });
  };

  it('is placed at once though its servers die fifty times, one after the other', () => {
    const given = new Scenario().policy({ damping_window_ms: 1_000 });
    restarted(given, 0);
    given.request();
    for (let life = 1; life <= 50; life += 1) {
      given.established();
      restarted(given.pass(2_300), life);
      expect(line(given.lost('client', 'peer-reset'))).toMatch(/failover-decided .* activating/);
    }
  });

  it('rests when every server takes it and drops it at once', () => {
    const given = new Scenario();
    for (let server = 0; server < 100; server++) given.server(`server-${server}`);
    given.request();
    const endMs = given.nowMs + 600_000;
    while (given.nowMs < endMs) {
      if (!given.known().placement) given.due();
      else {
        given.established();
        given.pass(20).lost('client', 'peer-reset');
      }
    }
    // Three decisions a placement; without any memory there would be ninety a second.
    expect(given.decisions.length).toBeLessThan(600_000 / 200);
  });
});
