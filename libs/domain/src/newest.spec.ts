import { setNewest } from './newest.ts';

describe('a map of the newest', () => {
  it('lets go what was set the longest ago, beyond its limit', () => {
    const map = new Map([
      ['a', 1],
      ['b', 2],
    ]);
    setNewest(map, 'a', 3, 2);
    setNewest(map, 'c', 4, 2);
    expect([...map]).toEqual([
      ['a', 3],
      ['c', 4],
    ]);
  });
});
