import fc from 'fast-check';
import type { ConnectionHealth } from '#libs/contracts';
import {
  agentScore,
  assess,
  type Condition,
  connectionScore,
  HEALTH,
  heard,
  isSuspect,
  type Regularity,
  silentAtMs,
  toleranceMs,
} from './index.ts';

const healthy: ConnectionHealth = {
  connection_id: 'bank-client-1:primary',
  epoch: 1,
  status: 'active',
  rtt_ms: 1,
  response_p99_ms: 20,
  unanswered_ratio: 0,
  in_flight: 3,
};

describe('the score', () => {
  it('is 100 for a connection that does well, and names no terms', () => {
    expect(connectionScore(healthy)).toEqual({ score: 100, terms: {} });
  });

  it('names what lowered it', () => {
    const ill = { ...healthy, rtt_ms: 275, response_p99_ms: 5_000, unanswered_ratio: 0.5 };
    expect(connectionScore(ill, 1)).toEqual({
      score: 0,
      terms: { missed: 15, rtt: 10, response: 20, unanswered: 60 },
    });
  });

  it('falls to the degraded range on unanswered requests alone', () => {
    expect(connectionScore({ ...healthy, unanswered_ratio: 1 }).score).toBeLessThanOrEqual(
      HEALTH.degradedAtOnce,
    );
  });

  it('stays between 0 and 100 and never rises when anything gets worse', () => {
    const field = fc.double({ min: 0, max: 20_000, noNaN: true });
    const ratio = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(field, field, ratio, fc.nat(10), field, (rtt, p99, unanswered, missed, worse) => {
        const one = { ...healthy, rtt_ms: rtt, response_p99_ms: p99, unanswered_ratio: unanswered };
        const other = { ...one, rtt_ms: rtt + worse };
        const score = connectionScore(one, missed).score;
        expect(score).toBeGreaterThanOrEqual(0);
        expect(score).toBeLessThanOrEqual(100);
        expect(connectionScore(other, missed).score).toBeLessThanOrEqual(score);
      }),
    );
  });

  it('of an agent is the mean of its connections, less its missed reports', () => {
    const swallowed = { ...healthy, unanswered_ratio: 1 };
    expect(agentScore([healthy, swallowed]).score).toBe(70);
    expect(agentScore([], 2)).toEqual({ score: 70, terms: { missed: 30 } });
  });
});

describe('the condition of a connection', () => {
  const run = (scores: number[], epoch = 1) => {
    let condition: Condition | undefined;
    return scores.map((score) => {
      const change = assess(condition, epoch, score);
      condition = change.condition;
      return change.became ?? '-';
    });
  };

  it('changes only after reports in a row, in both directions', () => {
    expect(run([55, 90, 55, 55, 70, 70, 85, 85, 70, 85, 85, 85])).toEqual([
      '-',
      '-',
      '-',
      'degraded',
      '-',
      '-',
      '-',
      '-',
      '-',
      '-',
      '-',
      'recovered',
    ]);
  });

  it('is degraded at once when the score is very low', () => {
    expect(run([40])).toEqual(['degraded']);
  });

  it('begins anew with another epoch', () => {
    const degraded: Condition = { epoch: 1, degraded: true, leaning: 2 };
    expect(assess(degraded, 2, 90)).toEqual({ condition: { epoch: 2, degraded: false, leaning: 0 } });
  });
});

describe('suspicion', () => {
  const reports = (gapsMs: number[]): Regularity => {
    let atMs = 0;
    let known = heard(undefined, 'one', 5_000, atMs);
    for (const gapMs of gapsMs) {
      atMs += gapMs;
      known = heard(known, 'one', 5_000, atMs);
    }
    return known;
  };

  it('gives an agent that just started three intervals', () => {
    expect(toleranceMs(reports([]))).toBe(15_000);
    expect(toleranceMs(reports([5_000, 5_000]))).toBe(15_000);
  });

  it('gives a regular agent one and a half', () => {
    const regular = reports(Array(20).fill(5_000));
    expect(toleranceMs(regular)).toBe(7_500);
    expect(isSuspect(regular, regular.lastMs + 7_500)).toBe(false);
    expect(isSuspect(regular, regular.lastMs + 7_501)).toBe(true);
  });

  it('gives an irregular one more, and never more than three', () => {
    const irregular = reports(Array.from({ length: 40 }, (_, each) => (each % 2 === 0 ? 4_000 : 6_500)));
    expect(toleranceMs(irregular)).toBeGreaterThan(8_000);
    expect(toleranceMs(reports(Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? 100 : 14_000))))).toBe(
      15_000,
    );
  });

  it('is not made hasty by reports sent early on a change', () => {
    expect(toleranceMs(reports(Array(50).fill(200)))).toBeGreaterThanOrEqual(7_500);
  });

  it('knows nothing of an earlier life', () => {
    const regular = reports(Array(20).fill(5_000));
    expect(heard(regular, 'two', 5_000, 1_000_000).intervals).toBe(0);
  });
});

describe('silence', () => {
  it('is lease and margin after the last report', () => {
    const base = { agent_id: 'scheme-server-1', incarnation: 'a', sinceMs: 1_000 };
    expect(silentAtMs({ ...base, leaseMs: 10_000 })).toBe(16_000);
    expect(silentAtMs(base)).toBe(66_000);
  });
});
