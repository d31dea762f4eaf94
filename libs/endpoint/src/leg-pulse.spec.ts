import { jest } from '@jest/globals';
import { SESSION_LIMITS } from '#libs/relay';
import { LegPulse } from './leg-pulse.ts';
import { ENDPOINT_TIMINGS } from './options.ts';

const { pingIntervalMs, silenceMs, idlePingIntervalMs, idleSilenceMs } = ENDPOINT_TIMINGS;

describe('the pulse of a leg', () => {
  let pings: bigint[];
  let deaths: number;
  let pulse: LegPulse;
  beforeEach(() => {
    jest.useFakeTimers();
    pings = [];
    deaths = 0;
    pulse = new LegPulse({
      timings: ENDPOINT_TIMINGS,
      send: (bytes) => pings.push(bytes.readBigUInt64BE(SESSION_LIMITS.frameHeaderBytes)),
      dead: () => {
        deaths += 1;
        pulse.stop();
      },
    });
  });
  afterEach(() => {
    pulse.stop();
    jest.useRealTimers();
  });
  const answer = (): void => {
    pulse.heard();
    pulse.receive('pong', pings.at(-1) ?? 0n);
  };

  it('pings an open session at its interval, and knows the round trip', () => {
    pulse.setPace('open');
    jest.advanceTimersByTime(40);
    answer();
    expect(pulse.roundTripMs).toBe(40);
    for (let count = 0; count < 10; count += 1) {
      jest.advanceTimersByTime(pingIntervalMs);
      answer();
    }
    expect(pings).toHaveLength(11);
    expect(deaths).toBe(0);
  });

  it('takes an open session for dead when nothing is heard for the limit', () => {
    pulse.setPace('open');
    answer();
    jest.advanceTimersByTime(silenceMs);
    expect(deaths).toBe(0);
    jest.advanceTimersByTime(2 * pingIntervalMs);
    expect(deaths).toBe(1);
  });

  it('lets any byte count as life, not the answer alone', () => {
    pulse.setPace('open');
    for (let count = 0; count < 40; count += 1) {
      jest.advanceTimersByTime(pingIntervalMs / 2);
      pulse.heard();
    }
    expect(deaths).toBe(0);
  });

  it('pings one that waits now and then, and finds it dead within a limit too', () => {
    pulse.setPace('waiting');
    jest.advanceTimersByTime(idlePingIntervalMs - 5_000);
    expect(pings).toHaveLength(0);
    jest.advanceTimersByTime(5_000);
    expect(pings).toHaveLength(1);
    jest.advanceTimersByTime(idleSilenceMs + 2_000);
    expect(deaths).toBe(1);
  });

  it('does not take its own sleep for the silence of the other', () => {
    pulse.setPace('open');
    answer();
    jest.advanceTimersByTime(pingIntervalMs);
    const before = pings.length;
    // A suspended machine: the wall clock goes on, nothing else does.
    jest.setSystemTime(Date.now() + 60_000);
    jest.advanceTimersByTime(pingIntervalMs / 2);
    expect(deaths).toBe(0);
    expect(pings.length).toBe(before + 1);
    answer();
    jest.advanceTimersByTime(pingIntervalMs);
    expect(deaths).toBe(0);
  });

  it('finds the other dead after its own sleep within the limit', () => {
    pulse.setPace('open');
    answer();
    jest.setSystemTime(Date.now() + 60_000);
    jest.advanceTimersByTime(silenceMs + 2 * pingIntervalMs);
    expect(deaths).toBe(1);
  });

  it('answers a ping with its token', () => {
    pulse.receive('ping', 77n);
    expect(pings).toEqual([77n]);
  });
});
