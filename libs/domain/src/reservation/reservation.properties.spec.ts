import fc from 'fast-check';
import { EMPTY_FLEET } from '../fleet.ts';
import type { Fact, FactInput, Fleet, FleetAgent } from '../index.ts';
import { decide, evolve, heldServer, type ReservationDecided, type ReservationState } from './index.ts';

const RUNS = 500;
const IDS = ['client-1:a', 'client-1:b', 'client-1:c'];
const SERVERS = ['server-1', 'server-2'];
const CAPACITY = 1;

/** What may come, in any order, any number of times, or never. */
type Event =
  | {
      readonly kind: 'asked';
      readonly id: string;
      readonly epoch: number;
      readonly failed?: string | undefined;
    }
  | { readonly kind: 'established'; readonly id: string; readonly epoch: number; readonly lateMs: number }
  | { readonly kind: 'passes'; readonly ms: number }
  | { readonly kind: 'again'; readonly back: number };

const id = fc.constantFrom(...IDS);
const epoch = fc.integer({ min: 1, max: 5 });
const events: fc.Arbitrary<Event[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('asked' as const),
      id,
      epoch,
      failed: fc.option(fc.constantFrom(...SERVERS), { nil: undefined }),
    }),
    fc.record({
      kind: fc.constant('established' as const),
      id,
      epoch,
      lateMs: fc.integer({ min: 0, max: 20_000 }),
    }),
    fc.record({ kind: fc.constant('passes' as const), ms: fc.integer({ min: 1, max: 20_000 }) }),
    fc.record({ kind: fc.constant('again' as const), back: fc.integer({ min: 0, max: 10 }) }),
  ),
  { maxLength: 40 },
);

/** West with two servers of one place each; what is held counts on them, as the fleet's view does it. */
class West {
  nowMs = 1_000_000;
  readonly states = new Map<string, ReservationState>();
  readonly log: { id: string; decided: ReservationDecided; atMs: number; asked?: number }[] = [];
  readonly seen = { reserved: 0, repeated: 0, refused: 0, stale: 0, expired: 0, used: 0 };
  private readonly inputs: { id: string; input: FactInput }[] = [];

  held(serverId: string): string[] {
    return [...this.states]
      .filter(([, state]) => heldServer(state, this.nowMs) === serverId)
      .map(([each]) => each);
  }

  run(event: Event): void {
    switch (event.kind) {
      case 'passes':
        this.nowMs += event.ms;
        return;
      case 'again': {
        const known = this.inputs[this.inputs.length - 1 - event.back];
        if (known) this.take(known.id, { ...known.input, nowMs: this.nowMs, fleet: this.fleet });
        return;
      }
      case 'asked':
        this.asked(event.id, event.epoch, event.failed);
        return;
      case 'established':
        this.established(event.id, event.epoch, event.lateMs);
        return;
      default:
        event satisfies never;
    }
  }

  private asked(connectionId: string, asked: number, failed: string | undefined): void {
    const data = {
      connection_id: connectionId,
      client_id: 'client-1',
      server_group: 'scheme',
      reason: 'server-lost',
      epoch: asked,
      requesting_region: 'east',
      ...(failed === undefined ? {} : { failed_server_id: failed }),
    };
    this.fact('server-requested', connectionId, data, 'west', this.nowMs);
  }

  private established(connectionId: string, of: number, lateMs: number): void {
    const server_id = this.states.get(connectionId)?.server_id ?? 'server-1';
    const data = { connection_id: connectionId, client_id: 'client-1', server_id, epoch: of };
    this.fact('new-connection-established', connectionId, data, 'east', this.nowMs - lateMs);
  }

  private fact(name: Fact['name'], connectionId: string, data: object, region: string, timeMs: number): void {
    const offset = this.inputs.length;
    const input: FactInput = {
      kind: 'fact',
      fact: { name, data, id: `f${offset}`, source: 'test', timeMs } as Fact,
      origin: { topic: `${region}.connection-status`, partition: 0, offset },
      region,
      ownRegion: 'west',
      nowMs: this.nowMs,
      fleet: this.fleet,
    };
    this.inputs.push({ id: connectionId, input });
    this.take(connectionId, input);
  }

  private take(connectionId: string, input: FactInput): void {
    const before = this.states.get(connectionId);
    const outcome = decide(connectionId, before, input);
    if (outcome.kind !== 'append') return;
    const decided: ReservationDecided = JSON.parse(JSON.stringify(outcome));
    this.states.set(connectionId, evolve(before, decided));
    const asked = input.fact.name === 'server-requested' ? { asked: input.fact.data.epoch } : {};
    this.log.push({ id: connectionId, decided, atMs: this.nowMs, ...asked });
    this.count(decided);
  }

  private count({ name, data }: ReservationDecided): void {
    if (data.reason === 'stale-epoch') this.seen.stale += 1;
    else if (data.reason === 'expired') this.seen.expired += 1;
    else if (name === 'server-refused') this.seen.refused += 1;
    else if (data.reason === 'repeated') this.seen.repeated += 1;
    else if (data.used) this.seen.used += 1;
    else this.seen.reserved += 1;
  }

  private get fleet(): Fleet {
    const agent = (agent_id: string, over: Partial<FleetAgent>): [string, FleetAgent] => [
      agent_id,
      {
        agent_id,
        kind: 'server-sidecar',
        incarnation: 'a',
        region: 'west',
        location: 'zone-a',
        address: `${agent_id}:1`,
        capacity: CAPACITY,
        draining: false,
        lastReportMs: this.nowMs,
        suspect: false,
        healthScore: 100,
        carried: this.held(agent_id).length,
        ...over,
      },
    ];
    const agents = new Map([
      agent('client-1', { kind: 'client-sidecar', region: 'east' }),
      ...SERVERS.map((each) => agent(each, { server_group: 'scheme' })),
    ]);
    return { ...EMPTY_FLEET, agents };
  }
}

function worlds(check: (west: West) => void): West['seen'] {
  const total: Record<string, number> = {};
  fc.assert(
    fc.property(events, (all) => {
      const west = new West();
      for (const event of all) {
        west.run(event);
        check(west);
      }
      for (const [what, times] of Object.entries(west.seen)) total[what] = (total[what] ?? 0) + times;
    }),
    { numRuns: RUNS, seed: 20_261_121 },
  );
  return total as unknown as West['seen'];
}

describe('reservations, whatever is asked, in any order, however often', () => {
  it('never hold a place twice', () => {
    const seen = worlds((west) => {
      for (const server of SERVERS) expect(west.held(server).length).toBeLessThanOrEqual(CAPACITY);
    });
    console.log(`answers: ${JSON.stringify(seen)}`);
    expect(Object.values(seen).every((times) => times > 0)).toBe(true);
  });

  it('give one epoch one server, and never one after a refusal', () => {
    worlds((west) => {
      const servers = new Map<string, string>();
      const refused = new Set<string>();
      for (const { id: key, asked, decided } of west.log) {
        if (asked === undefined || decided.data.reason === 'stale-epoch') continue;
        const question = `${key}@${asked}`;
        const { server_id } = decided.data;
        if (decided.name === 'server-refused') {
          refused.add(question);
          continue;
        }
        expect(refused.has(question)).toBe(false);
        expect(server_id).toBe(servers.get(question) ?? server_id);
        servers.set(question, server_id ?? '');
      }
    });
  });

  it('answer every question once, and none of a lower epoch than the latest with a server', () => {
    worlds((west) => {
      const latest = new Map<string, number>();
      for (const { id: key, asked, decided } of west.log) {
        if (asked === undefined) continue;
        expect(decided.data.epoch).toBe(asked);
        const highest = latest.get(key) ?? 0;
        if (asked < highest) expect(decided.data.reason).toBe('stale-epoch');
        latest.set(key, Math.max(highest, asked));
      }
      const cited = west.log.map(
        ({ decided: { data } }) => `${data.connection_id} ${data.evidence[0]?.event_id}`,
      );
      expect(new Set(cited).size).toBe(cited.length);
    });
  });

  it('number their decisions without gaps, and a replay gives the same state', () => {
    worlds((west) => {
      const replayed = new Map<string, ReservationState>();
      for (const { id: key, decided } of west.log) {
        expect(decided.data.version).toBe((replayed.get(key)?.version ?? 0) + 1);
        replayed.set(key, evolve(replayed.get(key), decided));
      }
      expect(replayed).toEqual(west.states);
    });
  });
});
