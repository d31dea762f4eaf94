import { CommandRefusal } from './agent.ts';
import { EpochFence } from './epoch-fence.ts';

describe('EpochFence', () => {
  it('admits an epoch and higher ones, and refuses lower ones', () => {
    const fence = new EpochFence(10);
    fence.admit('a:b', 3);
    fence.admit('a:b', 3);
    fence.admit('a:b', 5);
    expect(() => fence.admit('a:b', 4)).toThrow(CommandRefusal);
    expect(fence.highest('a:b')).toBe(5);
    expect(fence.highest('other:b')).toBe(1);
  });

  it('never lets an epoch that ended, or one below it, be carried again', () => {
    const fence = new EpochFence(10);
    expect(fence.mayCarry('a:b', 1)).toBe(true);
    fence.admit('a:b', 2);
    expect(fence.mayCarry('a:b', 1)).toBe(false);
    expect(fence.mayCarry('a:b', 2)).toBe(true);
    fence.end('a:b', 2);
    expect([1, 2, 3].map((epoch) => fence.mayCarry('a:b', epoch))).toEqual([false, false, true]);
  });

  it('knows an end that came without a beginning', () => {
    const fence = new EpochFence(10);
    fence.end('a:b', 7);
    expect(fence.mayCarry('a:b', 7)).toBe(false);
    expect(() => fence.admit('a:b', 6)).toThrow(CommandRefusal);
  });

  it('stays bounded and forgets what was touched longest ago', () => {
    const fence = new EpochFence(2);
    for (const id of ['a:1', 'a:2', 'a:1', 'a:3']) fence.admit(id, 4);
    expect(fence.highest('a:1')).toBe(4);
    expect(fence.highest('a:2')).toBe(1);
  });
});
