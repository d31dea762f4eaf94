import type { Message } from './framing.ts';
import { TrafficMeter, UNANSWERED_WINDOW_MS } from './traffic-meter.ts';

const PURCHASE = 20;
const ECHO = 80;
const message = (exchange: number, kind: 'request' | 'response' = 'request'): Message => ({
  bytes: Buffer.alloc(0),
  kind,
  exchange,
});

function meterAt(responseTimeoutMs = 2_000) {
  const time = { nowMs: 10_000 };
  const meter = new TrafficMeter(responseTimeoutMs, () => time.nowMs);
  /** A request every 100 ms for so long, each answered after 10 ms where `isAnswered`. */
  const run = (forMs: number, exchange: number, isAnswered: boolean): void => {
    for (const end = time.nowMs + forMs; time.nowMs < end; time.nowMs += 90) {
      meter.requestSent(message(exchange));
      time.nowMs += 10;
      if (isAnswered) meter.responseReceived(message(exchange, 'response'));
    }
  };
  return { meter, time, run };
}

describe('TrafficMeter', () => {
  it('counts nothing unanswered while all is answered in time, and takes the response times', () => {
    const { meter, run } = meterAt();
    run(10_000, PURCHASE, true);
    expect(meter.unansweredRatio).toBe(0);
    expect(meter.inFlight).toBe(0);
    expect(meter.takeResponseP99Ms()).toBe(10);
    expect(meter.takeResponseP99Ms()).toBeUndefined();
  });

  it('says that nothing is due before the response timeout has passed', () => {
    const { meter, time } = meterAt();
    meter.requestSent(message(PURCHASE));
    time.nowMs += 1_999;
    expect([meter.inFlight, meter.unansweredRatio]).toEqual([1, 0]);
    time.nowMs += 300;
    expect([meter.inFlight, meter.unansweredRatio]).toEqual([0, 1]);
  });

  it('shows swallowed purchases within seconds although echoes are answered', () => {
    const { meter, time, run } = meterAt();
    run(10_000, PURCHASE, true);
    const swallowedFrom = time.nowMs;
    while (time.nowMs < swallowedFrom + 4_500) {
      run(900, PURCHASE, false);
      run(100, ECHO, true);
    }
    expect(meter.unansweredRatio).toBeGreaterThan(0.4);
    while (time.nowMs < swallowedFrom + 9_000) {
      run(900, PURCHASE, false);
      run(100, ECHO, true);
    }
    expect(meter.unansweredRatio).toBeGreaterThan(0.85);
  });

  it('counts the share when every second purchase is swallowed', () => {
    const { meter, run } = meterAt();
    for (let round = 0; round < 60; round += 1) {
      run(100, PURCHASE, true);
      run(100, PURCHASE, false);
    }
    expect(meter.unansweredRatio).toBeGreaterThan(0.4);
    expect(meter.unansweredRatio).toBeLessThan(0.6);
  });

  it('forgets what was due before its window', () => {
    const { meter, time, run } = meterAt();
    run(5_000, PURCHASE, false);
    time.nowMs += 2_000 + UNANSWERED_WINDOW_MS + 500;
    expect(meter.unansweredRatio).toBe(0);
  });

  it('keeps a late response from answering anything, and counts its request as unanswered', () => {
    const { meter, time } = meterAt();
    meter.requestSent(message(PURCHASE));
    time.nowMs += 2_500;
    meter.responseReceived(message(PURCHASE, 'response'));
    expect(meter.unansweredRatio).toBe(1);
    expect(meter.takeResponseP99Ms()).toBeUndefined();
  });

  it('ignores a response that nobody asked for', () => {
    const { meter } = meterAt();
    meter.responseReceived(message(PURCHASE, 'response'));
    expect([meter.inFlight, meter.unansweredRatio]).toEqual([0, 0]);
  });

  it('takes the 99th percentile, not the worst', () => {
    const { meter, time } = meterAt();
    for (let count = 1; count <= 200; count += 1) {
      meter.requestSent(message(PURCHASE));
      time.nowMs += count === 200 ? 1_000 : 10;
      meter.responseReceived(message(PURCHASE, 'response'));
    }
    expect(meter.takeResponseP99Ms()).toBe(10);
  });

  it('stays bounded when nothing is ever answered or looked at', () => {
    const { meter, time } = meterAt(120_000);
    for (let count = 0; count < 100_001; count += 1) meter.requestSent(message(PURCHASE));
    expect(meter.inFlight).toBe(100_000);
    time.nowMs += 121_000;
    expect(meter.inFlight).toBe(0);
  });

  describe('which request a response answers', () => {
    /** Requests in a steady rhythm; `delayOf` says when each is answered, undefined: never. */
    function play(count: number, everyMs: number, delayOf: (index: number) => number | undefined) {
      const { meter, time } = meterAt();
      const startMs = time.nowMs;
      const events = Array.from({ length: count }, (_, index) => index).flatMap((index) => {
        const delayMs = delayOf(index);
        const asked = { atMs: startMs + index * everyMs, kind: 'request' as const };
        return delayMs === undefined
          ? [asked]
          : [asked, { atMs: asked.atMs + delayMs, kind: 'response' as const }];
      });
      for (const { atMs, kind } of events.sort((a, b) => a.atMs - b.atMs)) {
        time.nowMs = atMs;
        if (kind === 'request') meter.requestSent(message(PURCHASE));
        else meter.responseReceived(message(PURCHASE, 'response'));
      }
      return { meter, p99Ms: meter.takeResponseP99Ms() ?? 0 };
    }

    it('is not shifted by requests that are lost now and then: those are unanswered, the others are quick', () => {
      const { meter, p99Ms } = play(2_000, 20, (index) => (index % 50 === 49 ? undefined : 5));
      expect(p99Ms).toBe(5);
      expect(meter.unansweredRatio).toBeCloseTo(0.02, 2);
      expect(meter.inFlight).toBeLessThanOrEqual(2);
    });

    it('is not shifted either while several are under way', () => {
      const { meter, p99Ms } = play(4_000, 20, (index) =>
        index % 100 === 99 ? undefined : 100 + (index % 3),
      );
      expect(p99Ms).toBeLessThan(125);
      expect(meter.unansweredRatio).toBeGreaterThan(0);
      expect(meter.unansweredRatio).toBeLessThan(0.02);
      expect(meter.inFlight).toBeLessThan(10);
    });

    it('is the oldest when a host becomes slow: its times are long, and nothing is unanswered', () => {
      const { meter, p99Ms } = play(2_000, 20, (index) => (index < 1_000 ? 5 : 505));
      expect(p99Ms).toBe(505);
      expect(meter.unansweredRatio).toBe(0);
    });

    it('may be one that was passed over: a slow response among quick ones is found in the times', () => {
      const { meter, p99Ms } = play(1_000, 20, (index) => (index % 40 === 39 ? 400 : 5));
      expect(p99Ms).toBeGreaterThan(300);
      expect(meter.unansweredRatio).toBe(0);
    });

    it('is the oldest while many are under way, in order', () => {
      const { meter, p99Ms } = play(2_000, 20, (index) => 200 + (index % 7));
      expect(p99Ms).toBeGreaterThanOrEqual(200);
      expect(p99Ms).toBeLessThanOrEqual(230);
      expect(meter.unansweredRatio).toBe(0);
    });
  });
});
