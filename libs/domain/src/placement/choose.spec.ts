import fc from 'fast-check';
import { LIMITS } from '#libs/contracts';
import { EMPTY_FLEET, type Fleet, type FleetAgent } from '../fleet.ts';
import { choose, type Need } from './index.ts';

const need: Need = { connectionId: 'client-1:primary', serverGroup: 'scheme', location: 'zone-a', nowMs: 0 };

const server = (agent_id: string, over: Partial<FleetAgent> = {}): FleetAgent => ({
  agent_id,
  kind: 'server-sidecar',
  incarnation: 'a',
  region: 'west',
  location: 'zone-a',
  server_group: 'scheme',
  address: `${agent_id}:1`,
  capacity: 10,
  draining: false,
  lastReportMs: 0,
  suspect: false,
  healthScore: 100,
  carried: 0,
  ...over,
});

const fleetOf = (agents: readonly FleetAgent[], silent: Fleet['silent'] = () => false): Fleet => ({
  ...EMPTY_FLEET,
  agents: new Map(agents.map((agent) => [agent.agent_id, agent])),
  silent,
});

const chosen = (agents: readonly FleetAgent[], over: Partial<Need> = {}): string | undefined =>
  choose({ ...need, ...over }, fleetOf(agents)).chosen?.agent_id;

describe('the choice of a server', () => {
  it('prefers the server that was asked for, then nearness, then free capacity and health', () => {
    const far = { location: 'zone-b' };
    expect(chosen([server('a'), server('b', { ...far, carried: 5 })], { preferredServer: 'b' })).toBe('b');
    expect(chosen([server('a', far), server('b', { carried: 5 })])).toBe('b');
    expect(chosen([server('a', { carried: 3 }), server('b')])).toBe('b');
    expect(chosen([server('a', { healthScore: 70 }), server('b')])).toBe('b');
  });

  it('spreads the links of one group', () => {
    const agents = [server('a', { linkGroups: { acquirer: 2 } }), server('b', { carried: 4 })];
    expect(chosen(agents)).toBe('a');
    expect(chosen(agents, { linkGroup: 'acquirer' })).toBe('b');
  });

  it('names the terms of every server that it weighed, and why it left others out', () => {
    const agents = [
      server('a', { carried: 5, healthScore: 90 }),
      server('drains', { draining: true }),
      server('suspect', { suspect: true }),
      server('full', { carried: 10 }),
      server('silent'),
      server('left'),
      server('failed'),
      server('elsewhere', { server_group: 'other' }),
      { ...server('a-client'), kind: 'client-sidecar' as const },
    ];
    const { candidates, retryAtMs } = choose(
      {
        ...need,
        without: new Map([['left', 'left']]),
        backoffUntilMs: (id) => (id === 'failed' ? 700 : undefined),
      },
      fleetOf(agents, (id) => id === 'silent'),
    );
    expect(candidates).toEqual([
      { agent_id: 'a', score: 62, terms: { location: 20, free: 15, health: 27 } },
      { agent_id: 'drains', excluded: 'draining' },
      { agent_id: 'failed', excluded: 'backing-off' },
      { agent_id: 'full', excluded: 'full' },
      { agent_id: 'left', excluded: 'left' },
      { agent_id: 'silent', excluded: 'silent' },
      { agent_id: 'suspect', excluded: 'suspect' },
    ]);
    expect(retryAtMs).toBe(700);
  });

  it('keeps room for servers that were left out, however many fit', () => {
    const fits = Array.from({ length: 30 }, (_, each) => server(`fits-${each}`));
    const drains = Array.from({ length: 30 }, (_, each) => server(`drains-${each}`, { draining: true }));
    const told = (agents: FleetAgent[]): number[] => {
      const { candidates } = choose(need, fleetOf(agents));
      return [candidates.length, candidates.filter((each) => each.excluded !== undefined).length];
    };
    expect(told(fits)).toEqual([10, 0]);
    expect(told([...fits, ...drains.slice(0, 2)])).toEqual([10, 2]);
    expect(told([...fits, ...drains])).toEqual([10, 5]);
    expect(told(drains)).toEqual([10, 10]);
  });

  it('counts a place that the link itself holds as free for it', () => {
    const full = server('a', { capacity: 1, carried: 1 });
    expect(chosen([full])).toBeUndefined();
    expect(chosen([full], { holder: 'a' })).toBe('a');
  });

  it('does not depend on the order of the fleet, and never chooses one that is excluded', () => {
    const agents = fc.uniqueArray(
      fc.record({
        agent_id: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz'),
        carried: fc.nat(12),
        healthScore: fc.constantFrom(50, 100),
        draining: fc.boolean(),
        suspect: fc.boolean(),
      }),
      { selector: (each) => each.agent_id, maxLength: 26 },
    );
    fc.assert(
      fc.property(agents, fc.string(), (some, connectionId) => {
        const fleet = some.map(({ agent_id, ...over }) => server(agent_id, over));
        const one = choose({ ...need, connectionId }, fleetOf(fleet));
        const other = choose({ ...need, connectionId }, fleetOf([...fleet].reverse()));
        expect(one).toEqual(other);
        expect(one.candidates.length).toBeLessThanOrEqual(LIMITS.candidatesPerDecision);
        const open = fleet.filter((each) => !each.draining && !each.suspect && each.carried < each.capacity);
        expect(one.chosen !== undefined).toBe(open.length > 0);
        if (one.chosen) expect(open).toContain(one.chosen);
        expect(one.target?.agent_id).not.toBe(one.chosen?.agent_id ?? '');
      }),
    );
  });

  it('gives equal servers about the same number of links', () => {
    const fleet = fleetOf(['a', 'b', 'c', 'd'].map((id) => server(id)));
    const counts = new Map<string, number>();
    for (let link = 0; link < 4_000; link++) {
      const id = choose({ ...need, connectionId: `client-${link}:primary` }, fleet).chosen?.agent_id ?? '';
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(200);
  });
});
