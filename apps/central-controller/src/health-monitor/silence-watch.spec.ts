import type { PlacedLives } from './placed.ts';
import { SilenceWatch } from './silence-watch.ts';

const MARGIN_MS = 5_000;
const NOTHING: PlacedLives = new Map();

const placed = (agent: string, life: string, leaseMs = 60_000): PlacedLives =>
  new Map([[agent, new Map([[life, leaseMs]])]]);
const names = (watch: SilenceWatch, nowMs: number) =>
  watch.due(nowMs).map((life) => `${life.agent_id}/${life.incarnation}`);

describe('who has been silent for too long', () => {
  it('is due lease and margin after its last report, not before', () => {
    const watch = new SilenceWatch(MARGIN_MS);
    watch.heard('server', 'one', 60_000, 0);
    watch.heard('server', 'one', 60_000, 10_000);
    expect(names(watch, 74_999)).toEqual([]);
    expect(names(watch, 75_000)).toEqual(['server/one']);
  });

  it('includes a life that something is placed on though it never reported, from when it was first expected', () => {
    const watch = new SilenceWatch(MARGIN_MS);
    watch.expect(placed('server', 'one'), 1_000);
    watch.expect(placed('server', 'one'), 30_000);
    expect(names(watch, 65_999)).toEqual([]);
    expect(names(watch, 66_000)).toEqual(['server/one']);
  });

  it('gives such a life all of the lease that its placement names', () => {
    const watch = new SilenceWatch(MARGIN_MS);
    watch.expect(placed('server', 'one', 300_000), 0);
    expect(names(watch, 304_999)).toEqual([]);
    expect(names(watch, 305_000)).toEqual(['server/one']);
  });

  it('no longer holds for a life that was heard while the rest of the partition was read', () => {
    const watch = new SilenceWatch(MARGIN_MS);
    watch.heard('server', 'one', 10_000, 0);
    const [life] = watch.due(15_000);
    watch.heard('server', 'one', 10_000, 15_000);
    expect(life && watch.stillDue(life)).toBe(false);
  });

  it('is declared once, though its placement is not over yet', () => {
    const watch = new SilenceWatch(MARGIN_MS);
    watch.expect(placed('server', 'one'), 0);
    const [life] = watch.due(65_000);
    if (life) watch.markDeclared(life);
    watch.expect(placed('server', 'one'), 66_000);
    expect(names(watch, 1_000_000)).toEqual([]);
  });

  it('keeps an earlier life that still has a placement, and lets one go that has none', () => {
    const watch = new SilenceWatch(MARGIN_MS);
    watch.heard('server', 'one', 10_000, 0);
    watch.heard('server', 'two', 10_000, 5_000);
    watch.expect(placed('server', 'one'), 6_000);
    watch.heard('server', 'two', 10_000, 14_000);
    expect(names(watch, 15_000)).toEqual(['server/one']);
    watch.expect(NOTHING, 15_000);
    expect(names(watch, 15_000)).toEqual([]);
  });

  it('forgets agents that are another process to watch', () => {
    const watch = new SilenceWatch(MARGIN_MS);
    watch.heard('server', 'one', 10_000, 0);
    watch.drop(() => false);
    expect(names(watch, 1_000_000)).toEqual([]);
  });
});
