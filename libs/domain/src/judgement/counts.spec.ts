import { LIMITS, POLICY_DEFAULTS } from '#libs/contracts';
import { blasted, causeOf, damped, flappingUntilMs, rememberedMoves } from './index.ts';

const policy = { ...POLICY_DEFAULTS, damping_max_moves: 3, damping_window_ms: 1_000 };
const moves = (...atMs: number[]) => atMs.map((each) => ({ atMs: each, cause: 'scheme/servers-lost' }));

describe('damping', () => {
  it('takes as many moves in the window as the policy says, and then names when there is room again', () => {
    expect(damped(moves(100, 200), policy, 300)).toBeUndefined();
    expect(damped(moves(100, 200, 300), policy, 400)).toEqual({
      untilMs: 1_100,
      values: { moves: 3, max_moves: 3, window_ms: 1_000 },
    });
    expect(damped(moves(100, 200, 300), policy, 1_099)?.untilMs).toBe(1_100);
    expect(damped(moves(100, 200, 300), policy, 1_100)).toBeUndefined();
  });

  it('waits for the move that makes room, not for the oldest one', () => {
    expect(damped(moves(100, 200, 300, 400), policy, 500)?.untilMs).toBe(1_200);
  });
});

describe('the blast radius', () => {
  const over = (over: object) => ({ ...policy, ...over });

  it('is a share of the links of the group, rounded down, but never less than the free links', () => {
    const share = over({ blast_share: 0.25, blast_free_links: 0 });
    expect(blasted({ moved: 1, links: 11 }, share, false)).toBeUndefined();
    expect(blasted({ moved: 2, links: 11 }, share, false)).toMatchObject({ moved: 2, links: 11, limit: 2 });
    const free = over({ blast_share: 0.25, blast_free_links: 5 });
    expect(blasted({ moved: 4, links: 11 }, free, false)).toBeUndefined();
    expect(blasted({ moved: 5, links: 11 }, free, false)).toMatchObject({ limit: 5 });
  });

  it('counts a link once, however often it moves', () => {
    const share = over({ blast_share: 0.25, blast_free_links: 0 });
    expect(blasted({ moved: 2, links: 11 }, share, true)).toBeUndefined();
  });

  it('is no limit at a share of 1', () => {
    expect(blasted({ moved: 11, links: 11 }, over({ blast_share: 1, blast_free_links: 0 }), false)).toBe(
      undefined,
    );
  });
});

describe('what moves are counted for', () => {
  it('is the server group and the side that failed; what was asked for is not counted', () => {
    expect(causeOf('scheme', 'server-lost')).toBe('scheme/servers-lost');
    expect(causeOf('scheme', 'command-timeout')).toBe('scheme/servers-lost');
    expect(causeOf('scheme', 'agent-silent')).toBe('scheme/servers-lost');
    expect(causeOf('scheme', 'agent-silent', true)).toBe('scheme/clients-lost');
    expect(causeOf('scheme', 'client-restarted')).toBe('scheme/clients-lost');
    expect(causeOf('scheme', 'better-capacity')).toBe('scheme/degraded');
    for (const reason of [
      'operator-request',
      'operator-force',
      'agent-draining',
      'failback',
      'requested',
    ] as const) {
      expect(causeOf('scheme', reason)).toBeUndefined();
    }
  });
});

describe('an agent that restarts', () => {
  const twice = { agent_max_restarts: 2, agent_window_ms: 1_000 };

  it('is left out once so many lives began within the window, until one of them has left it', () => {
    expect(flappingUntilMs(undefined, twice, 0)).toBeUndefined();
    expect(flappingUntilMs([100], twice, 200)).toBeUndefined();
    expect(flappingUntilMs([100, 300], twice, 400)).toBe(1_100);
    expect(flappingUntilMs([100, 300, 500], twice, 600)).toBe(1_300);
    expect(flappingUntilMs([100, 300], twice, 1_100)).toBeUndefined();
  });
});

describe('the moves that a link remembers', () => {
  it('reach as far as the longer of the two windows, and are the latest ones', () => {
    const windows = { ...policy, damping_window_ms: 1_000, blast_window_ms: 5_000 };
    expect(rememberedMoves(moves(0, 1_000, 4_000), windows, 5_500)).toEqual(moves(1_000, 4_000));
    const many = moves(...Array.from({ length: 100 }, (_none, each) => each));
    expect(rememberedMoves(many, windows, 200)).toEqual(many.slice(-LIMITS.recentMoves));
  });
});
