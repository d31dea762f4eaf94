import { Versions } from './versions.ts';

describe('the versions that a follower remembers', () => {
  it('are those of the keys that were decided on last, and no more than its limit', () => {
    const versions = new Versions(3);
    for (const key of ['a', 'b', 'c']) versions.set(key, 1);
    versions.set('a', 2);
    versions.set('d', 1);
    expect(['a', 'b', 'c', 'd'].map((key) => versions.get(key))).toEqual([2, 0, 1, 1]);
  });
});
