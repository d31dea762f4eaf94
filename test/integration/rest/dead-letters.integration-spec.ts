import { DEAD_LETTER_SUFFIX } from '#libs/contracts';
import { deadLetter, type LogRecord, putAside } from '#libs/log';
import { RestWorld, TOKEN } from './world.ts';

describe('dead letters over HTTP, on real Kafka', () => {
  let world: RestWorld;

  beforeAll(async () => {
    world = new RestWorld();
    await world.start(['rest']);
    for (let n = 0; n < 9; n += 1) {
      const region = world.regions[n % 2] ?? '';
      await letter(world.topic(n % 3 === 0 ? 'healthReports' : 'connectionStatus', region), n);
    }
    await letter(world.topic('connectionStatus'), 9, Buffer.alloc(1_500_000, 'x'));
  });
  afterAll(() => world.end());

  function letter(topic: string, n: number, value = Buffer.from(`{"number":${n}`)) {
    const raw = {
      key: Buffer.from(`c${n}:a`),
      value,
      headers: { ce_type: Buffer.from('trunkline.connection-lost.v1') },
      timestampMs: Date.now(),
    };
    const record = { topic, partition: n % 3, offset: 100 + n, raw } as unknown as LogRecord;
    return putAside(world.log, [{ record, written: deadLetter(record, 'broken-json') }]);
  }
  const ask = (query: string, token?: string) => world.get(`/dead-letters${query}`, '/api/v1', token);
  // biome-ignore lint/suspicious/noExplicitAny: what it looks like is what is looked at
  const numbers = (items: readonly any[]) => items.map(({ origin }) => origin.offset - 100);

  it('are told with their reason and origin, the newest first, without what they hold', async () => {
    const { status, body } = await ask('');
    expect(status).toBe(200);
    expect(numbers(body.items)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    expect(body.next_cursor).toBeUndefined();
    const topic = world.topic('connectionStatus', world.regions[1]);
    expect(body.items[4]).toEqual({
      topic: `${topic}${DEAD_LETTER_SUFFIX}`,
      partition: 2,
      offset: expect.any(Number),
      time: expect.stringMatching(/Z$/),
      reason: 'broken-json',
      origin: { topic, partition: 2, offset: 105 },
      key: 'c5:a',
      type: 'trunkline.connection-lost.v1',
      size_bytes: 11,
    });
    // It was cut when it was put aside, and says how large it was.
    expect(body.items[0]).toMatchObject({ size_bytes: 1_500_000 });
  });

  it('show their values to operators only, cut', async () => {
    const { body } = await ask('', TOKEN);
    expect(body.items[4].value_preview).toBe('{"number":5');
    expect(body.items[0].value_preview).toHaveLength(4_096);
    expect((await ask('', 'no-token-of-ours')).body.items[4].value_preview).toBeUndefined();
  });

  it('come in pages that stay right while more are put aside, and by topic', async () => {
    const seen: number[] = [];
    let cursor = '';
    for (let page = 0; page < 4; page += 1) {
      const { body } = await ask(`?limit=3${cursor}`);
      seen.push(...numbers(body.items));
      cursor = `&cursor=${body.next_cursor}`;
      if (page === 0) await letter(world.topic('healthReports'), 10);
      expect(body.next_cursor === undefined).toBe(page === 3);
    }
    expect(seen).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    const reports = world.topic('healthReports');
    expect(numbers((await ask(`?topic=${reports}`)).body.items)).toEqual([10, 6, 0]);
    expect(numbers((await ask(`?topic=${reports}${DEAD_LETTER_SUFFIX}`)).body.items)).toEqual([10, 6, 0]);
  });

  it.each([
    '?topic=east.nothing',
    '?limit=0',
    '?limit=101',
    '?cursor=',
    '?cursor=abc',
    '?cursor=eyJhLzAiOjF9',
    '?from=x',
  ])('are refused for %s', async (query) => {
    const { status, body } = await ask(query);
    expect(status).toBe(400);
    expect(body.code).toMatch(/^invalid-(parameter|cursor)$/);
  });
});
