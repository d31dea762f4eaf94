import { line, Scenario } from '../../testing/scenario.ts';

/** A link on server-1 in west, whose controller can be asked; server-2 is the failover target, server-3 is fuller. */
const active = (): Scenario =>
  new Scenario()
    .withPeer()
    .server('server-1')
    .server('server-2', { carried: 5 })
    .server('server-3', { carried: 8 })
    .active();

const asking = (): Scenario => {
  const given = active();
  given.lost('client', 'peer-reset');
  return given;
};

describe('a link whose servers live with the peer', () => {
  it('asks the peer when its placement is over, with an epoch minted for the question', () => {
    const given = active();
    expect(line(given.lost('client', 'peer-reset'))).toBe(
      'failover-started v3 e2 activating (server-lost) asking west e2; stop-sending-to-client server-1 e1',
    );
    expect(given.known()).toMatchObject({
      epoch: 2,
      failover_target: 'server-2',
      dueMs: given.nowMs + 750,
      asking: {
        epoch: 2,
        peer_region: 'west',
        client_id: 'client-1',
        server_group: 'scheme',
        failed_server_id: 'server-1',
        reason: 'server-lost',
        deadline_at: '2026-01-01T00:00:00.500Z',
      },
    });
    expect(given.known().placement).toBeUndefined();
  });

  it('goes where the peer says, under the epoch of the question, though that is not what it would choose', () => {
    const given = asking();
    expect(line(given.peerAnswered({ server_id: 'server-3', address: 'server-3.example:8583' }))).toBe(
      'failover-decided v4 e2 activating (server-lost) on server-3 then server-2 by peer (assigned); accept-client server-3 e2, connect client-1 e2',
    );
    const { data } = given.decisions[3] ?? {};
    expect(data?.evidence[0]).toMatchObject({
      type: 'peer-answered',
      values: { outcome: 'assigned', server_id: 'server-3', took_ms: 12 },
    });
    expect(data?.peer).toEqual({
      peer_region: 'west',
      epoch: 2,
      outcome: 'assigned',
      server_id: 'server-3',
      went: 'peer',
    });
    expect(data?.placement?.address).toBe('server-3.example:8583');
    expect(line(given.established())).toBe(
      'failover-completed v5 e2 active (established) on server-3 then server-2',
    );
  });

  it('takes a server that looks full from here: the peer holds a place on it', () => {
    const given = asking().server('server-3', { capacity: 1, carried: 1 });
    expect(line(given.peerAnswered({ server_id: 'server-3' }))).toContain(
      'on server-3 then server-2 by peer',
    );
  });

  it.each([
    ['is unknown here', 'server-9', (given: Scenario) => given],
    ['drains', 'server-3', (given: Scenario) => given.server('server-3', { draining: true })],
    ['is suspect', 'server-3', (given: Scenario) => given.server('server-3', { suspect: true })],
    ['was declared silent', 'server-3', (given: Scenario) => given.remember('server-3', 'a')],
    ['failed this link just now', 'server-1', (given: Scenario) => given],
    [
      'belongs to another group',
      'server-3',
      (given: Scenario) => given.server('server-3', { group: 'other' }),
    ],
  ])('goes to its failover target when the server that the peer names %s', (_what, server_id, change) => {
    const given = change(asking());
    expect(line(given.peerAnswered({ server_id }))).toContain(
      'failover-decided v4 e3 activating (server-lost) on server-2',
    );
    expect(given.decisions[3]?.data.peer).toMatchObject({
      outcome: 'assigned',
      server_id,
      went: 'failover-target',
    });
  });

  it('does not count on a reservation that is over when the answer is read', () => {
    const given = asking();
    given.peerAnswered({ server_id: 'server-3', expires_at: '2026-01-01T00:00:00.000Z' });
    expect(given.decisions[3]?.data.peer).toEqual({
      peer_region: 'west',
      epoch: 2,
      outcome: 'assigned',
      server_id: 'server-3',
      reason: 'expired',
      went: 'failover-target',
    });
    expect(given.known().epoch).toBe(3);
  });

  it.each(['refused', 'scaling', 'timeout', 'unreachable', 'circuit-open', 'overloaded', 'invalid-answer'])(
    'goes to its failover target, under an epoch of its own, when the question ends as %s',
    (outcome) => {
      const given = asking();
      expect(line(given.peerAnswered({ outcome, reason: 'why' }))).toBe(
        `failover-decided v4 e3 activating (server-lost) on server-2 then server-3 by failover-target (${outcome}); accept-client server-2 e3, connect client-1 e3`,
      );
      expect(given.decisions[3]?.data.peer).toMatchObject({ epoch: 2, outcome, reason: 'why' });
    },
  );

  it('goes on without the peer when nobody tells how the question ended', () => {
    const given = asking();
    expect(line(given.pass(749).look())).toBe('ignore not-due');
    expect(line(given.due())).toContain(
      'e3 activating (server-lost) on server-2 then server-3 by failover-target (timeout)',
    );
    expect(given.decisions[3]?.data.evidence[0]).toMatchObject({
      type: 'timeout',
      time: '2026-01-01T00:00:00.750Z',
      values: { peer_region: 'west' },
    });
  });

  it('goes to the best of the fleet when the failover target does not fit any more', () => {
    const given = asking().server('server-2', { draining: true });
    expect(line(given.peerAnswered({ outcome: 'refused', reason: 'no-capacity' }))).toBe(
      'failover-decided v4 e3 activating (server-lost) on server-3 by fleet (refused); accept-client server-3 e3, connect client-1 e3',
    );
  });

  it('waits when nothing fits, and says so; the fleet wakes it, and the peer is not asked again', () => {
    const given = asking().without('server-2').without('server-3');
    expect(line(given.peerAnswered({ outcome: 'refused', reason: 'no-capacity' }))).toBe(
      'failover-failed v4 e2 waiting-for-capacity (no-capacity) by nowhere (refused)',
    );
    given.server('server-4');
    expect(line(given.look())).toBe(
      'failover-decided v5 e3 activating (capacity-available) on server-4; accept-client server-4 e3, connect client-1 e3',
    );
  });

  it('is not changed by a late answer, nor by one to a question of the future', () => {
    const given = asking();
    given.due();
    expect(line(given.peerAnswered({ server_id: 'server-3' }))).toBe('ignore stale-epoch');
    given.established();
    expect(line(given.peerAnswered({ server_id: 'server-3' }))).toBe('ignore stale-epoch');
    given.lost('client', 'peer-reset');
    expect(line(given.peerAnswered({ epoch: 2, server_id: 'server-3' }))).toBe('ignore stale-epoch');
    expect(line(given.peerAnswered({ epoch: 9, server_id: 'server-3' }))).toBe('ignore future-epoch');
  });

  it('keeps the ledger of the move over the question', () => {
    const given = active().pass(1_000);
    given.lost('client', 'keepalive-timeout');
    given.pass(20).peerAnswered({ server_id: 'server-2' });
    given.pass(20).established();
    expect(given.decisions.at(-1)?.data.failover).toEqual({
      failover_id: 'client-1:primary~2',
      from: 'server-1',
      to: 'server-2',
      reason: 'server-lost',
      detected_at: '2026-01-01T00:00:01.000Z',
      decided_at: '2026-01-01T00:00:01.020Z',
      active_at: '2026-01-01T00:00:01.040Z',
    });
  });

  it('asks with a new epoch each time', () => {
    const given = asking();
    given.peerAnswered({ server_id: 'server-2' });
    expect(line(given.answer('accept-client', 'refused', { reason: 'full' }))).toContain('asking west e3');
    given.due();
    expect(given.known().placement?.epoch).toBe(4);
  });

  it('leaves out no server when the client was at fault, so that the peer may name the same', () => {
    const given = active();
    expect(line(given.lost('server', 'peer-reset'))).toBe(
      'failover-started v3 e2 activating (client-lost) asking west e2',
    );
    expect(given.known().asking?.failed_server_id).toBeUndefined();
    expect(line(given.peerAnswered({ server_id: 'server-1' }))).toContain('on server-1');
  });

  it('leaves a server that it was asked to leave, by the peer’s choice too', () => {
    const given = active();
    given.tell('failover-requested', { reason: 'r', requested_by: 'o', planned: true });
    given.answer('drain', 'succeeded');
    expect(line(given.answer('disconnect', 'succeeded'))).toContain('asking west e2');
    expect(given.known().asking).toMatchObject({ failed_server_id: 'server-1', reason: 'operator-request' });
    expect(line(given.peerAnswered({ server_id: 'server-1' }))).toContain('on server-2');
  });
});

describe('a link that waits for the peer’s answer', () => {
  it('knows the words about the placement that was as stale', () => {
    const given = asking();
    expect(line(given.lost('server', 'peer-reset', { epoch: 1, agent_id: 'server-1' }))).toBe(
      'ignore stale-epoch',
    );
    expect(line(given.tell('new-connection-established', { epoch: 2, agent_id: 'client-1' }))).toBe(
      'ignore stale-epoch',
    );
  });

  it('is moving already: neither an operator nor a drain changes that', () => {
    const given = asking();
    const wish = { reason: 'r', requested_by: 'o' };
    expect(line(given.tell('failover-requested', wish))).toBe('ignore already-moving');
    expect(line(given.tell('failover-requested', { ...wish, force: true }))).toBe('ignore already-moving');
    const drain = { agent_id: 'client-1', incarnation: 'c1', ...wish };
    expect(line(given.tell('agent-drain-requested', drain))).toBe('ignore not-concerned');
  });

  it('goes with the client’s present life, when that began meanwhile', () => {
    const given = asking();
    expect(line(given.request({ incarnation: 'c2' }))).toBe(
      'failover-started v4 e2 activating (client-restarted) asking west e2',
    );
    given.peerAnswered({ server_id: 'server-2' });
    expect(given.known().placement).toMatchObject({ client_incarnation: 'c2', epoch: 2 });
  });

  it('waits for its client when that fell silent meanwhile, though the peer found a server', () => {
    const given = asking().remember('client-1', 'c1');
    expect(line(given.peerAnswered({ server_id: 'server-2' }))).toBe(
      'failover-failed v4 e2 waiting-for-capacity (client-lost) by nowhere (assigned)',
    );
  });

  it('ends when its client gives it up', () => {
    const given = asking();
    const self = { agent_id: 'client-1', incarnation: 'c1' };
    expect(line(given.tell('connection-closed', { epoch: 1, reason: 'r', ...self }))).toBe(
      'connection-ended v4 e2 ended (closed-by-client)',
    );
    expect(given.known().asking).toBeUndefined();
    expect(line(given.peerAnswered({ server_id: 'server-2' }))).toBe('ignore connection-ended');
  });
});

describe('a link that does not ask', () => {
  it('is one whose region has no door to the servers’ controller', () => {
    const given = new Scenario().withPeer('north').server('server-1').server('server-2').active();
    expect(line(given.lost('client', 'peer-reset'))).toContain('failover-decided v3 e2');
  });

  it('is one whose client is gone: there is nobody to place', () => {
    const given = active();
    expect(line(given.lost('client', 'shutdown'))).toBe(
      'failover-failed v3 e1 waiting-for-capacity (client-lost); stop-sending-to-client server-1 e1',
    );
  });

  it('is one that is placed for the first time', () => {
    const given = new Scenario().withPeer().server('server-1');
    expect(line(given.request())).toContain('connection-assigned v1 e1');
  });

  it('dead-letters the question of another region for a connection of its own', () => {
    const given = active();
    const asked = {
      client_id: 'client-1',
      server_group: 'scheme',
      epoch: 2,
      requesting_region: 'west',
      reason: 'r',
    };
    expect(line(given.tell('server-requested', asked))).toBe('reject wrong-home-region');
  });
});
