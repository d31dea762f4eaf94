import { line, Scenario } from '../../testing/scenario.ts';

describe('a requested link', () => {
  it('is assigned at once when a server fits, and both ends are commanded together', () => {
    const given = new Scenario().server('server-1').server('server-2', { carried: 5 });
    expect(line(given.request())).toBe(
      'connection-assigned v1 e1 assigned (requested) on server-1 then server-2; accept-client server-1 e1, connect client-1 e1',
    );
  });

  it('says in its decision where it was weighed, by which rule, and on what evidence', () => {
    const given = new Scenario().server('server-1').server('server-2', { draining: true });
    given.request();
    expect(given.decisions[0]?.data).toMatchObject({
      rule: 'link/1',
      policy_version: 0,
      status: 'requested',
      evidence: [{ type: 'connection-request', topic: 'east.connection-status', partition: 0, offset: 0 }],
      candidates: [
        {
          agent_id: 'server-1',
          score: 80,
          terms: { location: 20, free: 30, health: 30 },
        },
        { agent_id: 'server-2', excluded: 'draining' },
      ],
    });
  });

  it('carries commands with ids made from the decision, an expiry and the address to dial', () => {
    const given = new Scenario().server('server-1');
    given.request();
    expect(given.decisions[0]?.data.commands).toEqual([
      {
        name: 'accept-client',
        command_id: 'client-1:primary/1/accept-client/server-1',
        decision_id: 'client-1:primary/1',
        agent_id: 'server-1',
        incarnation: 'a',
        connection_id: 'client-1:primary',
        epoch: 1,
        expires_at: '2026-01-01T00:00:03.000Z',
        home_region: 'east',
        client_id: 'client-1',
      },
      {
        name: 'connect',
        command_id: 'client-1:primary/1/connect/client-1',
        decision_id: 'client-1:primary/1',
        agent_id: 'client-1',
        incarnation: 'c1',
        connection_id: 'client-1:primary',
        epoch: 1,
        expires_at: '2026-01-01T00:00:03.000Z',
        home_region: 'east',
        server_id: 'server-1',
        address: 'server-1.example:8583',
      },
    ]);
  });

  it('stays requested only while no server fits, and is assigned when one appears', () => {
    const given = new Scenario();
    expect(line(given.request())).toBe('connection-requested v1 e1 requested (no-capacity)');
    expect(line(given.look())).toBe('ignore no-better-server');
    given.server('server-1');
    expect(line(given.look())).toMatch(
      /^connection-assigned v2 e1 assigned \(capacity-available\) on server-1;/,
    );
  });

  it('never goes to a server of another group, a full one, or a life that was declared silent', () => {
    const given = new Scenario()
      .server('other-group', { group: 'elsewhere' })
      .server('full', { capacity: 3, carried: 3 })
      .server('silent')
      .remember('silent', 'a');
    given.request();
    expect(given.decisions[0]).toMatchObject({
      name: 'connection-requested',
      data: {
        candidates: [
          { agent_id: 'full', excluded: 'full' },
          { agent_id: 'silent', excluded: 'silent' },
        ],
      },
    });
  });

  it('takes the client’s life from the fleet when a plain program asked for it', () => {
    const given = new Scenario().server('server-1');
    given.request({ agent_id: undefined, incarnation: undefined });
    expect(given.known().placement).toMatchObject({ client_incarnation: 'c1' });
  });

  it('waits for a client of which nothing was ever heard', () => {
    const given = new Scenario().server('server-1').without('client-1');
    const asked = given.request({ agent_id: undefined, incarnation: undefined });
    expect(line(asked)).toBe('connection-requested v1 e1 requested (client-unheard)');
    given.client();
    expect(line(given.look())).toMatch(/^connection-assigned v2 e1 assigned/);
  });

  it('is rejected when it is not its client’s, and a valid request still comes through afterwards', () => {
    const given = new Scenario().server('server-1');
    expect(line(given.request({ client_id: 'other' }))).toBe(
      'connection-rejected v1 e1 rejected (invalid-request)',
    );
    expect(line(given.request({ agent_id: 'other' }))).toBe(
      'connection-rejected v2 e1 rejected (invalid-request)',
    );
    expect(line(given.request())).toMatch(/^connection-assigned v3 e1 assigned/);
  });

  it('is dead-lettered when its home is another region, and skipped on another region’s topic', () => {
    const given = new Scenario().server('server-1');
    expect(given.request({ home_region: 'west' })).toMatchObject({
      kind: 'reject',
      reason: 'wrong-home-region',
    });
    const mirrored = given.fact('connection-request', { kind: 'link' }, { region: 'west' });
    expect(line(given.take(mirrored))).toBe('ignore other-home-region');
  });

  it('can’t be taken from a link that lives', () => {
    const given = new Scenario().server('server-1').active();
    expect(given.request({ client_id: 'other' })).toMatchObject({ kind: 'reject', reason: 'invalid-data' });
    expect(line(given.request())).toBe('ignore duplicate');
  });

  it('changes nothing when it is read a second time', () => {
    const given = new Scenario().server('server-1');
    const input = given.fact('connection-request', {
      kind: 'link',
      client_id: 'client-1',
      server_group: 'scheme',
      incarnation: 'c1',
    });
    given.take(input);
    expect(line(given.take(input))).toBe('ignore already-handled');
  });
});

describe('an assigned link', () => {
  it('is active when its client says that the path stands, and only this client and this epoch', () => {
    const given = new Scenario().server('server-1').server('server-2');
    given.request();
    expect(line(given.established({ agent_id: 'stranger' }))).toBe('ignore not-concerned');
    expect(line(given.established({ epoch: 7 }))).toBe('ignore future-epoch');
    expect(line(given.established({ incarnation: 'c0' }))).toBe('ignore stale-incarnation');
    expect(line(given.established())).toMatch(/^connection-activated v2 e1 active \(established\)/);
    expect(line(given.established())).toBe('ignore duplicate');
  });

  it('waits for no answer once it is active', () => {
    const given = new Scenario().server('server-1');
    given.request();
    expect(given.known().pending).toHaveLength(2);
    given.established();
    expect(given.known().pending).toEqual([]);
    expect(given.decisions[1]?.data.ended_commands).toEqual([
      { command_id: 'client-1:primary/1/accept-client/server-1', how: 'superseded' },
      { command_id: 'client-1:primary/1/connect/client-1', how: 'superseded' },
    ]);
    expect(line(given.answer('connect', 'succeeded'))).toBe('ignore command-already-answered');
  });

  it('knows no command that nobody sent', () => {
    const given = new Scenario().server('server-1').server('server-2');
    given.request();
    const invented = { command_id: 'client-1:primary/9/connect/client-1', reason: 'dial-failed' };
    expect(line(given.answer('connect', 'failed', invented))).toBe('ignore unknown-command');
  });

  it('goes to another server when one refuses', () => {
    const given = new Scenario().server('server-1').server('server-2', { carried: 5 });
    given.request();
    expect(line(given.answer('accept-client', 'refused', { reason: 'full' }))).toBe(
      'failover-decided v2 e2 activating (command-refused) on server-2; accept-client server-2 e2, connect client-1 e2',
    );
  });

  it('goes to another server when the dial fails, and lets the first one go', () => {
    const given = new Scenario().server('server-1').server('server-2', { carried: 5 });
    given.request();
    expect(line(given.answer('connect', 'failed', { reason: 'dial-failed' }))).toBe(
      'failover-decided v2 e2 activating (command-failed) on server-2; accept-client server-2 e2, connect client-1 e2, stop-sending-to-client server-1 e1',
    );
  });

  it('waits a little before it asks a client again that refused twice', () => {
    const given = new Scenario().server('server-1').server('server-2');
    given.request();
    expect(line(given.answer('connect', 'refused', { reason: 'no-free-port' }))).toMatch(/^failover-decided/);
    const waits = given.answer('connect', 'refused', { reason: 'no-free-port' });
    expect(line(waits)).toMatch(/^failover-failed v3 e2 waiting-for-capacity \(command-refused\)/);
    expect(given.known().dueMs).toBe(given.nowMs + 1_000);
    expect(line(given.due())).toMatch(/^failover-decided v4 e3 activating/);
  });

  it('addresses the client by the life that it answered as', () => {
    const given = new Scenario().server('server-1').server('server-2');
    given.request();
    given.answer('connect', 'refused', { reason: 'other-incarnation', incarnation: 'c2' });
    expect(given.known()).toMatchObject({
      epoch: 2,
      client: { incarnation: 'c2', retired: ['c1'] },
      placement: { client_incarnation: 'c2' },
    });
  });

  it('stops both ends when nobody answers, and moves on when one of them confirms', () => {
    const given = new Scenario().server('server-1').server('server-2', { carried: 5 });
    given.request();
    expect(line(given.due())).toBe(
      'failover-started v2 e1 stopping (command-timeout) on server-1 then server-2; disconnect client-1 e1, stop-sending-to-client server-1 e1',
    );
    expect(line(given.answer('disconnect', 'refused', { reason: 'expired' }))).toBe('ignore no-change');
    expect(line(given.answer('stop-sending-to-client', 'succeeded'))).toMatch(
      /^failover-decided v3 e2 activating \(command-timeout\) on server-2/,
    );
  });
});
