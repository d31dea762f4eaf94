import fc from 'fast-check';
import { EMPTY_FLEET, type Fact, type Input } from '../index.ts';
import {
  type AgentDecided,
  type AgentOutcome,
  type AgentState,
  decide,
  evolve,
  nextDueMs,
  unansweredCommands,
} from './index.ts';

const NAMES = ['agent-silent', 'agent-returned', 'agent-drain-requested'] as const;

function told(
  name: Fact['name'],
  offset: number,
  over: object = {},
  region = 'west',
  ownRegion = 'west',
): Input {
  return {
    kind: 'fact',
    fact: {
      name,
      data: {
        agent_id: 'server-1',
        incarnation: 'a',
        kind: 'server-sidecar',
        reason: 'r',
        requested_by: 'o',
        ...over,
      },
      id: `f${offset}`,
      source: 'monitor',
      timeMs: 1_000,
    } as Fact,
    origin: { topic: `${region}.connection-status`, partition: 3, offset },
    region,
    ownRegion,
    nowMs: 2_000,
    fleet: EMPTY_FLEET,
  };
}

/** Plays facts in turn, and says what came of each. */
function play(...inputs: Input[]): { said: string[]; state: AgentState | undefined; log: AgentDecided[] } {
  let state: AgentState | undefined;
  const log: AgentDecided[] = [];
  const said = inputs.map((input) => {
    const outcome: AgentOutcome = decide('server-1', state, input);
    if (outcome.kind !== 'append') return `${outcome.kind} ${outcome.reason}`;
    log.push({ name: outcome.name, data: outcome.data });
    state = evolve(state, outcome);
    return `${outcome.name} v${outcome.data.version}`;
  });
  return { said, state, log };
}

describe('an agent as a whole', () => {
  it('recovers in the life that was declared silent when it is a broker, which has no lease, and only then', () => {
    const broker = { kind: 'broker' };
    const { said } = play(
      told('agent-silent', 0, broker),
      told('agent-returned', 1, broker),
      told('agent-silent', 2, broker),
      told('agent-drain-requested', 3, broker),
    );
    expect(said).toEqual([
      'agent-lost v1',
      'agent-recovered v2',
      'agent-lost v3',
      'ignore stale-incarnation',
    ]);
    expect(play(told('agent-silent', 0), told('agent-returned', 1)).said[1]).toBe('ignore stale-incarnation');
  });

  describe('that is a broker and drains', () => {
    const wish = told('agent-drain-requested', 0, { kind: 'broker' });
    const answer = (name: string, more: object = {}): Input => {
      const input = told('agent-returned', 1, { command_id: 'server-1/1/drain/server-1', ...more });
      return { ...input, fact: { ...(input as { fact: object }).fact, name } } as Input;
    };
    const later = (nowMs: number): Input => ({ kind: 'time', nowMs, fleet: EMPTY_FLEET });

    it('is told so itself, once, and nothing waits when it has answered', () => {
      const { said, state, log } = play(wish, answer('command-succeeded'), later(60_000));
      expect(said).toEqual(['agent-draining v1', 'agent-draining v2', 'ignore not-due']);
      expect(log[0]?.data.commands).toEqual([
        {
          name: 'drain',
          command_id: 'server-1/1/drain/server-1',
          agent_id: 'server-1',
          incarnation: 'a',
          connection_id: 'server-1',
          epoch: 1,
          expires_at: '1970-01-01T00:00:05.000Z',
          decision_id: 'server-1/1',
          home_region: 'west',
        },
      ]);
      expect(log[1]?.data).toMatchObject({ reason: 'answered', commands: [] });
      expect(state).toMatchObject({ condition: 'draining', incarnation: 'a' });
      expect(state && nextDueMs(state)).toBeUndefined();
    });

    it('is told again when it did not answer, or too late to begin, and not for ever', () => {
      const { said, log, state } = play(
        wish,
        answer('command-refused', { reason: 'expired' }),
        later(6_999),
        later(7_000),
        later(12_000),
        later(60_000),
      );
      expect(said).toEqual([
        'agent-draining v1',
        'agent-draining v2',
        'ignore not-due',
        'agent-draining v3',
        'agent-draining v4',
        'ignore not-due',
      ]);
      expect(log.map(({ data }) => [data.reason, data.commands.length])).toEqual([
        ['operator-request', 1],
        ['command-refused', 1],
        ['command-timeout', 1],
        ['command-timeout', 0],
      ]);
      expect(state?.pending).toBeUndefined();
    });

    it('is told again when somebody asks again, if it never took the command, and not while it is waited for', () => {
      const again = (offset: number) => told('agent-drain-requested', offset, { kind: 'broker' });
      const deaf = play(wish, again(1), later(7_000), later(12_000), later(17_000), again(2), again(3));
      expect(deaf.said).toEqual([
        'agent-draining v1',
        'ignore no-change',
        ...['agent-draining v2', 'agent-draining v3', 'agent-draining v4', 'agent-draining v5'],
        'ignore no-change',
      ]);
      expect(deaf.log.map(({ data }) => data.commands.length)).toEqual([1, 1, 1, 0, 1]);
      expect(deaf.state?.pending).toMatchObject({ attempt: 1 });
      const refused = play(wish, answer('command-refused', { reason: 'internal-error' }), again(2));
      expect(refused.said.at(-1)).toBe('agent-draining v3');
      const obedient = play(wish, answer('command-succeeded'), again(2));
      expect(obedient.said.at(-1)).toBe('ignore no-change');
      // Another life was never told.
      const anew = told('agent-drain-requested', 3, { kind: 'broker', incarnation: 'b' });
      expect(play(wish, answer('command-succeeded'), anew).log.at(-1)?.data.commands).toHaveLength(1);
    });

    it('takes no answer to something else, and none of another life', () => {
      const { said } = play(
        wish,
        answer('command-succeeded', { command_id: 'server-1/9/drain/server-1' }),
        answer('command-succeeded', { incarnation: 'b' }),
      );
      expect(said.slice(1)).toEqual(['ignore unknown-command', 'ignore stale-incarnation']);
    });

    it('is told by a new owner too, under the same id, while somebody waits for the answer', () => {
      const { state } = play(wish);
      expect(state && unansweredCommands(state, 6_999)).toEqual([state?.pending?.command]);
      expect(state && unansweredCommands(state, 7_000)).toEqual([]);
      expect(play(wish, told('agent-silent', 1)).state?.pending).toBeUndefined();
    });
  });

  it('is lost when a life of it fell silent, recovered with another life, and drained when asked', () => {
    const { said, state } = play(
      told('agent-silent', 0),
      told('agent-returned', 1, { incarnation: 'b' }),
      told('agent-drain-requested', 2, { incarnation: 'b' }),
    );
    expect(said).toEqual(['agent-lost v1', 'agent-recovered v2', 'agent-draining v3']);
    expect(state).toMatchObject({
      condition: 'draining',
      incarnation: 'b',
      retired: ['a'],
      kind: 'server-sidecar',
    });
  });

  it('does not recover in a life that was declared silent, nor in one that was replaced', () => {
    const { said } = play(
      told('agent-silent', 0),
      told('agent-returned', 1),
      told('agent-returned', 2, { incarnation: 'b' }),
      told('agent-silent', 3),
    );
    expect(said).toEqual([
      'agent-lost v1',
      'ignore stale-incarnation',
      'agent-recovered v2',
      'ignore stale-incarnation',
    ]);
  });

  it('is decided on once for each fact, and not at all when nothing changes', () => {
    const { said } = play(
      told('agent-returned', 0),
      told('agent-silent', 1),
      told('agent-silent', 1),
      told('agent-silent', 2),
      { kind: 'time', nowMs: 3_000, fleet: EMPTY_FLEET },
    );
    expect(said).toEqual([
      'ignore no-change',
      'agent-lost v1',
      'ignore already-handled',
      'ignore no-change',
      'ignore not-due',
    ]);
  });

  it('is decided on in its own control region only', () => {
    expect(play(told('agent-silent', 0, {}, 'east')).said).toEqual(['ignore other-home-region']);
    expect(play(told('agent-silent', 0, { control_region: 'west' }, 'east')).said).toEqual(['agent-lost v1']);
    expect(play(told('agent-silent', 0, { agent_id: 'other' })).said).toEqual(['ignore not-concerned']);
  });

  it('says in its decision what it rests on', () => {
    const { log } = play(told('agent-silent', 7, { silent_ms: 65_000 }));
    expect(log[0]?.data).toEqual({
      agent_id: 'server-1',
      incarnation: 'a',
      kind: 'server-sidecar',
      control_region: 'west',
      version: 1,
      epoch: 1,
      reason: 'agent-silent',
      rule: 'agent/1',
      policy_version: 0,
      decided_at: '1970-01-01T00:00:02.000Z',
      evidence: [
        {
          type: 'agent-silent',
          topic: 'west.connection-status',
          partition: 3,
          offset: 7,
          event_id: 'f7',
          time: '1970-01-01T00:00:01.000Z',
          values: { silent_ms: 65_000 },
        },
      ],
      commands: [],
    });
  });

  it('has versions without gaps, and the same state when its decisions are replayed', () => {
    const step = fc.record({
      name: fc.constantFrom(...NAMES),
      kind: fc.constantFrom('broker', 'server-sidecar'),
      incarnation: fc.constantFrom('a', 'b', 'c'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const inputs = steps.map(({ name, ...more }, offset) => told(name, offset, more));
        const { log, state } = play(...inputs);
        expect(log.map(({ data }) => data.version)).toEqual(log.map((_, index) => index + 1));
        const replayed = log.reduce<AgentState | undefined>(
          (before, decided) => evolve(before, JSON.parse(JSON.stringify(decided))),
          undefined,
        );
        expect(replayed).toEqual(state);
      }),
    );
  });
});
