import { line, Scenario } from '../../testing/scenario.ts';

/** A link on server-1, with server-2 to go to. */
const active = (): Scenario => new Scenario().server('server-1').server('server-2', { carried: 5 }).active();

describe('a planned move', () => {
  const wish = { reason: 'maintenance', requested_by: 'operator', planned: true };

  it('drains, stops, and only then goes on', () => {
    const given = active();
    expect(line(given.tell('failover-requested', wish))).toBe(
      'failover-started v3 e1 draining (operator-request) on server-1 then server-2; drain client-1 e1',
    );
    expect(line(given.answer('drain', 'succeeded'))).toBe(
      'failover-started v4 e1 stopping (drain-finished) on server-1 then server-2; disconnect client-1 e1',
    );
    expect(given.decisions.at(-1)?.data.commands[0]).toMatchObject({ requests: 'hold' });
    expect(line(given.answer('disconnect', 'succeeded'))).toBe(
      'failover-decided v5 e2 activating (operator-request) on server-2; accept-client server-2 e2, connect client-1 e2, stop-sending-to-client server-1 e1',
    );
    expect(line(given.established())).toMatch(/^failover-completed v6 e2 active/);
  });

  it('does not touch a link that has nowhere else to go', () => {
    const given = new Scenario().server('server-1').active();
    expect(line(given.tell('failover-requested', wish))).toBe(
      'failover-failed v3 e1 active (no-other-server) on server-1',
    );
    expect(given.decisions.at(-1)?.data).toMatchObject({
      status: 'active',
      failover: { reason: 'operator-request' },
    });
  });

  it('is moved at once when the server dies during the drain', () => {
    const given = active();
    given.tell('failover-requested', wish);
    expect(line(given.lost('client', 'peer-reset'))).toMatch(
      /^failover-decided v4 e2 activating \(server-lost\)/,
    );
  });

  it('goes on without the drain when the client does not answer', () => {
    const given = active();
    given.tell('failover-requested', wish);
    expect(line(given.due())).toBe(
      'failover-started v4 e1 stopping (command-timeout) on server-1 then server-2; disconnect client-1 e1, stop-sending-to-client server-1 e1',
    );
  });

  it('holds only for the epoch that it names', () => {
    const given = active();
    expect(line(given.tell('failover-requested', { ...wish, epoch: 2 }))).toBe('ignore future-epoch');
    given.lost('client', 'peer-reset');
    given.established();
    expect(line(given.tell('failover-requested', { ...wish, epoch: 1 }))).toBe('ignore stale-epoch');
  });

  it('moves every link of an agent that is to be emptied, later if nothing fits yet', () => {
    const given = new Scenario().server('server-1').active();
    const drain = { agent_id: 'server-1', incarnation: 'a', reason: 'upgrade', requested_by: 'operator' };
    given.server('server-1', { draining: true });
    expect(line(given.tell('agent-drain-requested', drain))).toBe(
      'failover-failed v3 e1 active (no-other-server) on server-1',
    );
    expect(line(given.look())).toBe('ignore no-change');
    given.server('server-2');
    expect(line(given.look())).toBe(
      'failover-started v4 e1 draining (agent-draining) on server-1; drain client-1 e1',
    );
  });

  it('moves a link that became active on a server while that was asked to drain', () => {
    const given = new Scenario().server('server-1').server('server-2', { carried: 5 });
    given.request();
    given.server('server-1', { draining: true });
    given.established();
    expect(line(given.due())).toMatch(/^failover-started v3 e1 draining \(agent-draining\)/);
  });
});

describe('an unplanned move of a link that stands', () => {
  const wish = { reason: 'now', requested_by: 'operator' };

  it('waits for one of the ends to confirm that it stopped', () => {
    const given = active();
    expect(line(given.tell('failover-requested', wish))).toBe(
      'failover-started v3 e1 stopping (operator-request) on server-1 then server-2; disconnect client-1 e1, stop-sending-to-client server-1 e1',
    );
    expect(line(given.answer('stop-sending-to-client', 'succeeded'))).toBe(
      'failover-decided v4 e2 activating (operator-request) on server-2; accept-client server-2 e2, connect client-1 e2',
    );
  });

  it('asks again, less and less often, while neither end answers; a refusal confirms nothing', () => {
    const given = active();
    given.tell('failover-requested', wish);
    const waitsMs: number[] = [];
    for (let attempt = 0; attempt < 6; attempt++) {
      waitsMs.push((given.known().dueMs ?? 0) - given.nowMs);
      expect(line(given.due())).toMatch(
        /stopping \(command-timeout\).*; disconnect client-1 e1, stop-sending/,
      );
      expect(line(given.answer('disconnect', 'refused', { reason: 'expired' }))).toBe('ignore no-change');
      expect(line(given.answer('disconnect', 'failed', { reason: 'internal-error' }))).toBe(
        'ignore no-change',
      );
    }
    expect(waitsMs).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
    expect(
      new Set(given.decisions.flatMap(({ data }) => data.commands.map((each) => each.command_id))).size,
    ).toBe(16);
  });

  it('ends with the silence of an end when no answer comes', () => {
    const given = active();
    given.tell('failover-requested', wish);
    const silent = given.tell('agent-silent', { agent_id: 'server-1', incarnation: 'a' });
    expect(line(silent)).toMatch(/^failover-decided v4 e2 activating \(operator-request\) on server-2/);
  });

  it('is not forced while a lease will end the old placement anyway', () => {
    const given = active();
    given.tell('failover-requested', wish);
    expect(line(given.tell('failover-requested', { ...wish, force: true }))).toBe('ignore already-moving');
  });

  it('is forced when nothing else would ever end the old placement', () => {
    const given = new Scenario()
      .client({ leaseMs: undefined })
      .server('server-1', { leaseMs: undefined })
      .server('server-2', { leaseMs: undefined, carried: 5 })
      .active();
    given.tell('failover-requested', wish);
    expect(line(given.tell('failover-requested', { ...wish, force: true }))).toMatch(
      /^failover-decided v4 e2 activating \(operator-force\) on server-2/,
    );
  });
});

describe('moves that were asked for', () => {
  it('hold nothing against the ends that were told to stop, however they say it', () => {
    const given = active();
    const wish = { reason: 'maintenance', requested_by: 'operator', planned: true };
    for (const [by, reason] of [
      ['server', 'peer-closed'],
      ['client', 'peer-reset'],
      ['server', 'peer-reset'],
    ] as const) {
      given.tell('failover-requested', wish);
      given.answer('drain', 'succeeded');
      expect(line(given.lost(by, reason))).toMatch(
        /^failover-decided v\d+ e\d activating \(operator-request\)/,
      );
      given.established();
      expect(given.known().backoffs).toEqual([]);
    }
  });
});
