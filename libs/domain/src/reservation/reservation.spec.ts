import type { FactData } from '#libs/contracts';
import { EMPTY_FLEET } from '../fleet.ts';
import type { Fact, Fleet, FleetAgent, Input } from '../index.ts';
import { decide, evolve, heldServer, type ReservationOutcome, type ReservationState } from './index.ts';

const START_MS = Date.parse('2026-01-01T00:00:00Z');
const ID = 'client-1:primary';

/** West, asked by east for a server for one of east's links. */
class Door {
  state: ReservationState | undefined;
  nowMs = START_MS;
  readonly agents = new Map<string, FleetAgent>();
  private offset = 0;

  constructor() {
    this.client('client-1').server('server-1').server('server-2', { carried: 5 });
  }

  get fleet(): Fleet {
    return { ...EMPTY_FLEET, agents: this.agents };
  }

  client(id: string, over: Partial<FleetAgent> = {}): this {
    const { server_group: _, ...agent } = agentOf(id);
    this.agents.set(id, { ...agent, kind: 'client-sidecar', region: 'east', ...over });
    return this;
  }

  server(id: string, over: Partial<FleetAgent> = {}): this {
    this.agents.set(id, { ...agentOf(id), ...over });
    return this;
  }

  asked(over: Partial<FactData['server-requested']> = {}, region = 'west'): ReservationOutcome {
    return this.tell('server-requested', { ...ASKED, ...over }, region);
  }

  established(over: object = {}, region = 'east'): ReservationOutcome {
    const { epoch, server_id } = this.state ?? {};
    const data = { connection_id: ID, client_id: 'client-1', epoch, server_id, ...over };
    return this.tell('new-connection-established', data, region);
  }

  tell(name: Fact['name'], data: object, region: string, offset = this.offset++): ReservationOutcome {
    return this.take({
      kind: 'fact',
      fact: { name, data, id: `f${offset}`, source: 'test', timeMs: this.nowMs } as Fact,
      origin: { topic: `${region}.connection-status`, partition: 0, offset },
      region,
      ownRegion: 'west',
      nowMs: this.nowMs,
      fleet: this.fleet,
    });
  }

  take(input: Input): ReservationOutcome {
    const outcome = decide(ID, this.state, input);
    if (outcome.kind === 'append') {
      this.state = evolve(this.state, JSON.parse(JSON.stringify({ name: outcome.name, data: outcome.data })));
    }
    return outcome;
  }
}

const ASKED = {
  connection_id: ID,
  client_id: 'client-1',
  server_group: 'scheme',
  reason: 'server-lost',
  epoch: 2,
  requesting_region: 'east',
};

function agentOf(id: string): FleetAgent {
  return {
    agent_id: id,
    kind: 'server-sidecar',
    incarnation: 'a',
    region: 'west',
    location: 'zone-a',
    server_group: 'scheme',
    address: `${id}.example:8583`,
    capacity: 10,
    draining: false,
    lastReportMs: START_MS,
    suspect: false,
    healthScore: 100,
    carried: 0,
    leaseMs: 60_000,
  };
}

/** An answer in one line. */
function said(outcome: ReservationOutcome): string {
  if (outcome.kind !== 'append') return `${outcome.kind} ${outcome.reason}`;
  const { version, epoch, reason, server_id, expires_at, used } = outcome.data;
  const until = expires_at === undefined ? '' : ` until +${Date.parse(expires_at) - START_MS}`;
  const where = server_id === undefined ? '' : ` ${server_id}${until}${used ? ' used' : ''}`;
  return `${outcome.name} v${version} e${epoch} (${reason})${where}`;
}

describe('a server that a peer asks for', () => {
  it('is reserved for a while, the best that fits', () => {
    const given = new Door();
    expect(said(given.asked())).toBe('server-reserved v1 e2 (reserved) server-1 until +15000');
    expect(given.state).toMatchObject({
      requesting_region: 'east',
      home_region: 'west',
      server_incarnation: 'a',
      address: 'server-1.example:8583',
      used: false,
    });
    expect(heldServer(given.state as ReservationState, START_MS + 14_999)).toBe('server-1');
    expect(heldServer(given.state as ReservationState, START_MS + 15_000)).toBeUndefined();
  });

  it('says why: the question as its evidence, the servers that were weighed, no commands', () => {
    const outcome = new Door().asked({ failed_server_id: 'server-1' });
    expect(outcome).toMatchObject({
      kind: 'append',
      data: {
        kind: 'reservation',
        rule: 'reservation/1',
        policy_version: 0,
        commands: [],
        server_id: 'server-2',
        failed_server_id: 'server-1',
        evidence: [{ type: 'server-requested', topic: 'west.connection-status', offset: 0, event_id: 'f0' }],
        candidates: [{ agent_id: 'server-2' }, { agent_id: 'server-1', excluded: 'failed' }],
      },
    });
  });

  it('is never the one that failed, though no other is left', () => {
    const given = new Door();
    given.agents.delete('server-2');
    expect(said(given.asked({ failed_server_id: 'server-1' }))).toBe('server-refused v1 e2 (no-capacity)');
  });

  it('is refused when there is no room', () => {
    const full = { capacity: 1, carried: 1 };
    expect(said(new Door().server('server-1', full).server('server-2', full).asked())).toBe(
      'server-refused v1 e2 (no-capacity)',
    );
  });

  it('is refused for a client that no health report of the asking region shows', () => {
    expect(said(new Door().asked({ client_id: 'stranger' }))).toBe('server-refused v1 e2 (unknown-client)');
    expect(said(new Door().asked({ client_id: 'server-1' }))).toContain('(unknown-client)');
  });

  it('is not for a link named after an agent of another region, whichever client the peer names', () => {
    for (const region of ['west', 'north']) {
      const given = new Door().client('client-1', { region }).client('client-2');
      expect(said(given.asked({ client_id: 'client-2' }))).toBe('reject wrong-home-region');
    }
  });

  it('is for a link whose first client is gone, asked for by its DR client', () => {
    const given = new Door().client('client-dr');
    given.agents.delete('client-1');
    expect(said(given.asked({ client_id: 'client-dr' }))).toContain('server-reserved v1');
  });

  it('is asked for by another region, in this one’s topic', () => {
    expect(said(new Door().asked({ requesting_region: 'west' }))).toBe('reject invalid-data');
    expect(said(new Door().asked({}, 'east'))).toBe('ignore other-home-region');
  });
});

describe('a question asked again', () => {
  it('gets the same answer while the reservation stands, whatever became of the fleet', () => {
    const given = new Door();
    given.asked();
    given.server('server-1', { draining: true });
    given.nowMs += 14_000;
    expect(said(given.asked())).toBe('server-reserved v2 e2 (repeated) server-1 until +15000');
  });

  it('gets the same refusal, though there would be room now', () => {
    const given = new Door().server('server-1', { carried: 10 }).server('server-2', { carried: 10 });
    given.asked();
    given.server('server-1');
    expect(said(given.asked())).toBe('server-refused v2 e2 (no-capacity)');
    expect(said(given.asked({ epoch: 3 }))).toBe('server-reserved v3 e3 (reserved) server-1 until +15000');
  });

  it('is refused once the reservation expired, for ever', () => {
    const given = new Door();
    given.asked();
    given.nowMs += 15_000;
    expect(said(given.asked())).toMatch(/^server-refused v2 e2 \(expired\)/);
    expect(said(given.established())).toBe('ignore not-concerned');
    expect(said(given.asked())).toBe('server-refused v3 e2 (expired)');
  });

  it('is refused when a later one was asked since, and the later one’s reservation stands', () => {
    const given = new Door();
    given.asked();
    given.asked({ epoch: 4 });
    expect(said(given.asked({ epoch: 3 }))).toBe('server-refused v3 e3 (stale-epoch)');
    expect(said(given.asked())).toBe('server-refused v4 e2 (stale-epoch)');
    expect(said(given.asked({ epoch: 4 }))).toBe('server-reserved v5 e4 (repeated) server-1 until +15000');
  });

  it('is handled once: the same record changes nothing', () => {
    const given = new Door();
    given.tell('server-requested', ASKED, 'west', 7);
    expect(said(given.tell('server-requested', ASKED, 'west', 7))).toBe('ignore already-handled');
  });
});

describe('a later question for the same connection', () => {
  it('takes the place of the earlier one, and may have the same server to the last place', () => {
    const given = new Door();
    given.agents.delete('server-2');
    given.server('server-1', { capacity: 1 }).asked();
    given.server('server-1', { capacity: 1, carried: 1 });
    expect(said(given.asked({ epoch: 3 }))).toBe('server-reserved v2 e3 (reserved) server-1 until +15000');
  });

  it('lets the earlier server go when it is refused', () => {
    const given = new Door();
    given.asked();
    given.agents.delete('server-2');
    given.asked({ epoch: 3, failed_server_id: 'server-1' });
    expect(heldServer(given.state as ReservationState, given.nowMs)).toBeUndefined();
  });

  it('of a region whose client this is not changes nothing', () => {
    const given = new Door();
    given.asked();
    expect(said(given.asked({ epoch: 9, requesting_region: 'north' }))).toBe(
      'server-refused v2 e9 (unknown-client)',
    );
    expect(said(given.asked())).toBe('server-reserved v3 e2 (repeated) server-1 until +15000');
  });
});

describe('a reservation whose path is established', () => {
  it('is used, and does not expire', () => {
    const given = new Door();
    given.asked();
    expect(said(given.established())).toBe('server-reserved v2 e2 (established) server-1 until +15000 used');
    given.nowMs += 60_000;
    expect(said(given.asked())).toBe('server-reserved v3 e2 (repeated) server-1 until +15000 used');
    expect(said(given.established())).toBe('ignore duplicate');
  });

  it('is used by the word of the connection’s home, on that epoch and server', () => {
    const given = new Door();
    given.asked();
    expect(said(given.established({ home_region: 'north' }))).toBe('ignore other-home-region');
    expect(said(given.established({}, 'west'))).toBe('ignore other-home-region');
    expect(said(given.established({ epoch: 1 }))).toBe('ignore stale-epoch');
    expect(said(given.established({ epoch: 3 }))).toBe('ignore future-epoch');
    expect(said(given.established({ server_id: 'server-2' }))).toBe('ignore not-concerned');
    expect(said(given.established({ home_region: 'east' }, 'west'))).toContain('used');
  });

  it('is not used by a path that came after its end', () => {
    const given = new Door();
    given.asked();
    given.nowMs += 15_000;
    expect(said(given.established())).toBe('ignore no-change');
  });
});

describe('anything else', () => {
  it('changes no reservation', () => {
    const given = new Door();
    expect(said(given.established())).toBe('ignore unknown-connection');
    given.asked();
    expect(said(given.take({ kind: 'time', nowMs: given.nowMs + 60_000, fleet: given.fleet }))).toBe(
      'ignore not-due',
    );
    expect(said(given.tell('agent-silent', { agent_id: 'server-1', incarnation: 'a' }, 'west'))).toBe(
      'ignore not-concerned',
    );
  });

  it('is no request for a link of that name here: its home is the region that asked', () => {
    const given = new Door();
    given.asked();
    const request = { connection_id: ID, kind: 'link', client_id: 'client-1', server_group: 'scheme' };
    expect(said(given.tell('connection-request', request, 'west'))).toBe('reject wrong-home-region');
  });
});
