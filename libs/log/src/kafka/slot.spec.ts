import { newSlot, type Slot, stallOf } from './slot.ts';

const limits = { stallMs: 10, handlerStallMs: 60 };

function slotAt(position: number | undefined, more: Partial<Slot> = {}): Slot {
  return { ...newSlot('t', 0, false), position, movedAtMs: 0, ...more };
}

describe('the watchdog', () => {
  it('takes a consumer that stays behind the end for stalled', () => {
    const slot = slotAt(3);
    expect(stallOf([slot], () => 5, 10, limits)).toBeUndefined();
    expect(stallOf([slot], () => 5, 11, limits)).toBe('t/0 stands at 3 of 5');
  });

  it('lets a consumer rest that is at the end, paused, or not told where to begin', () => {
    for (const slot of [slotAt(5), slotAt(3, { paused: true }), slotAt(undefined)]) {
      expect(stallOf([slot], () => 5, 1_000, limits)).toBeUndefined();
    }
  });

  it('counts from when the partition was last at its end', () => {
    const slot = slotAt(5);
    expect(stallOf([slot], () => 5, 100, limits)).toBeUndefined();
    expect(stallOf([slot], () => 6, 110, limits)).toBeUndefined();
    expect(stallOf([slot], () => 6, 111, limits)).toBeDefined();
  });

  it('judges nothing while the ends are not known', () => {
    expect(stallOf([slotAt(3)], () => undefined, 1_000, limits)).toBeUndefined();
  });

  it('excuses the others for a while when a handler runs', () => {
    const busy = slotAt(3, { partition: 1, busy: Promise.resolve() });
    expect(stallOf([slotAt(3), busy], () => 5, 60, limits)).toBeUndefined();
    expect(stallOf([slotAt(3), busy], () => 5, 61, limits)).toBeDefined();
  });
});
