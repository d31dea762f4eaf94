import { EMPTY_FLEET, type Fact, type FactInput } from '../index.ts';
import { decide, evolve, type RegionDecided, type RegionState } from './index.ts';

const NOW_MS = Date.parse('2026-01-01T00:00:00Z');
let offset = 0;

function input(name: Fact['name'], data: object, over: { id?: string } = {}): FactInput {
  const at = offset++;
  const by = { control_region: 'east', requested_by: 'operator', reason: 'night shift', setting_version: 1 };
  return {
    kind: 'fact',
    fact: { name, data: { ...by, ...data }, id: over.id ?? `f${at}`, source: 't', timeMs: NOW_MS } as Fact,
    origin: { topic: 'east.connection-status', partition: 3, offset: at },
    region: 'east',
    ownRegion: 'east',
    nowMs: NOW_MS,
    fleet: EMPTY_FLEET,
  };
}

function told(...inputs: readonly FactInput[]): {
  state: RegionState | undefined;
  decisions: RegionDecided[];
} {
  let state: RegionState | undefined;
  const decisions: RegionDecided[] = [];
  for (const each of inputs) {
    // Each comes after the one before it, in whatever order they are told.
    const outcome = decide(state, later(each));
    if (outcome.kind !== 'append') continue;
    const decided = JSON.parse(JSON.stringify({ name: outcome.name, data: outcome.data })) as RegionDecided;
    decisions.push(decided);
    state = evolve(state, decided);
  }
  return { state, decisions };
}

const later = (given: FactInput): FactInput => ({ ...given, origin: { ...given.origin, offset: offset++ } });

const policy = (version: number, moves: number) => ({
  policy: 'scheme',
  server_group: 'scheme',
  setting_version: version,
  settings: { damping_max_moves: moves },
});

describe('what operators set for a control region', () => {
  it('is decided, one version after the other, and says all that the fact said', () => {
    const { decisions } = told(
      input('policy-change-requested', policy(1, 5), { id: 'one' }),
      input('freeze-requested', { until: '2026-01-01T06:00:00Z', setting_version: NOW_MS }),
      input('failover-approved', {
        failover_id: 'c:1~2',
        cause: 'scheme/servers-lost',
        until: '2026-01-01T00:05:00Z',
        setting_version: NOW_MS,
      }),
    );
    expect(decisions.map(({ name, data }) => [name, data.version, data.reason])).toEqual([
      ['policy-changed', 1, 'operator-request'],
      ['freeze-changed', 2, 'freeze'],
      ['failovers-approved', 3, 'approved'],
    ]);
    expect(decisions[0]?.data).toEqual({
      control_region: 'east',
      requested_by: 'operator',
      setting_version: 1,
      event_id: 'one',
      policy_name: 'scheme',
      server_group: 'scheme',
      settings: { damping_max_moves: 5 },
      note: 'night shift',
      version: 1,
      epoch: 1,
      reason: 'operator-request',
      rule: 'region/1',
      policy_version: 0,
      decided_at: '2026-01-01T00:00:00.000Z',
      commands: [],
      evidence: [
        {
          type: 'policy-change-requested',
          topic: 'east.connection-status',
          partition: 3,
          offset: expect.any(Number),
          event_id: 'one',
          time: '2026-01-01T00:00:00.000Z',
          values: { requested_by: 'operator', setting_version: 1 },
        },
      ],
    });
    expect(decisions[2]?.data).toMatchObject({ cause: 'scheme/servers-lost', failover_id: 'c:1~2' });
  });

  it('takes the later of two settings whatever comes first, and the higher id of two of one version', () => {
    const [older, same, newer] = [
      input('policy-change-requested', policy(1, 1), { id: 'z' }),
      input('policy-change-requested', policy(2, 2), { id: 'a' }),
      input('policy-change-requested', policy(2, 3), { id: 'b' }),
    ];
    const { state } = told(newer, older, same);
    expect(state?.settings.policies).toMatchObject([{ setting_version: 2, event_id: 'b' }]);
    expect(decide(state, later(older))).toEqual({ kind: 'ignore', reason: 'stale-setting' });
    expect(decide(state, later(same))).toEqual({ kind: 'ignore', reason: 'stale-setting' });
    expect(told(older, same, newer).state?.settings).toEqual(state?.settings);
  });

  it('says of a freeze whose time has passed that it is over', () => {
    const { decisions } = told(input('freeze-requested', { until: '2026-01-01T00:00:00Z' }));
    expect(decisions[0]).toMatchObject({ name: 'freeze-changed', data: { reason: 'suppression-over' } });
  });

  it('handles each fact once, leaves other regions alone, and knows of nothing else', () => {
    const first = input('policy-change-requested', policy(1, 5));
    const state = {
      ...told(first).state,
      handled: { 'east.connection-status/3': first.origin.offset },
    } as RegionState;
    expect(decide(state, first)).toEqual({ kind: 'ignore', reason: 'already-handled' });
    expect(
      decide(state, input('policy-change-requested', { ...policy(9, 5), control_region: 'west' })),
    ).toEqual({
      kind: 'ignore',
      reason: 'other-home-region',
    });
    expect(decide(state, input('agent-silent', { agent_id: 'a', incarnation: 'b' }))).toMatchObject({
      reason: 'not-concerned',
    });
    expect(decide(state, { kind: 'time', nowMs: NOW_MS, fleet: EMPTY_FLEET })).toMatchObject({
      reason: 'not-due',
    });
  });
});
