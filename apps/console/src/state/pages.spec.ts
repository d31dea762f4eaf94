import { readPages } from './pages.ts';

const signal = new AbortController().signal;

describe('a list', () => {
  it('is read until there is no cursor, past pages that are empty', async () => {
    const asked: unknown[] = [];
    const pages = [{ items: [1, 2], next_cursor: 'a' }, { items: [], next_cursor: 'b' }, { items: [3] }];
    const api = {
      get: async (_path: string, query?: object) => {
        asked.push(query);
        return pages[asked.length - 1] as never;
      },
    };
    const read: number[] = [];
    const isWhole = await readPages<number>(
      api,
      '/x',
      { signal, most: 100, query: { at: 'then' } },
      (items) => {
        read.push(...items);
      },
    );
    expect([isWhole, read]).toEqual([true, [1, 2, 3]]);
    expect(asked).toEqual([
      { at: 'then', limit: 500, cursor: undefined },
      { at: 'then', limit: 500, cursor: 'a' },
      { at: 'then', limit: 500, cursor: 'b' },
    ]);
  });

  it('is cut where it gets too long, and says where it goes on', async () => {
    const api = { get: async () => ({ items: [1, 2, 3], next_cursor: 'more' }) as never };
    let next: string | undefined;
    const isWhole = await readPages<number>(api, '/x', { signal, most: 5 }, (_items, cursor) => {
      next = cursor;
    });
    expect([isWhole, next]).toEqual([false, 'more']);
  });
});
