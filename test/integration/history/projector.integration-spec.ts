import type { DecisionRecord } from '#libs/registry';
import { Random } from '../../simulation/random.ts';
import { claimEvent, decisionEvent } from '../../support/decisions.ts';
import { Frozen, listedAt, RUN_IDS, randomRun } from '../../support/history-run.ts';
import { byLength } from '../../support/length.ts';
import { ownDatabase, PARTITIONS, Projection, redisContents } from '../../support/projection.ts';
import { redisCommand } from '../../support/redis.ts';
import { waitFor } from '../../support/wait-for.ts';

const WRITER = { writer_epoch: 1, writer_id: 'first' };
const MOMENTS = byLength(100, 1_000);
/** Of a test that compares so many moments, in milliseconds. */
const LIMIT_MS = byLength(120_000, 600_000);
const [BUSY = ''] = RUN_IDS;
const BLOCKS = `trunkline:connection-history:{${BUSY}}`;
const INDEX = `trunkline:connection-history-index:{${BUSY}}`;

describe('histories as the projector keeps them', () => {
  let url: string;
  let projection: Projection;
  const run = randomRun(31, 420);

  beforeEach(async () => {
    url = await ownDatabase();
    projection = new Projection(url);
    await projection.prepare();
    const claims = Array.from({ length: PARTITIONS }, (_none, p) => claimEvent(projection.events, p, WRITER));
    await projection.log.publish(claims);
  });

  afterEach(() => projection.end());

  const publish = (records: readonly DecisionRecord[]) =>
    projection.log.publish(
      records.map(({ data }) =>
        decisionEvent(projection.events, WRITER, data as never, 'connection-activated'),
      ),
    );
  const applied = ({ key, version }: DecisionRecord) =>
    waitFor(async () => (await projection.reader.connection(key))?.version === version, { everyMs: 2 });
  const lastOfEach = () => new Map(run.map((record) => [record.key, record])).values();

  it(
    'answer with the registry as it was, also after Redis lost all of it',
    async () => {
      projection.start({ sweepMs: 500 });
      await projection.settled();
      const frozen = new Frozen(new Random(32));
      for (const record of run) {
        await publish([record]);
        await applied(record);
        await frozen.look(projection.reader, record);
      }
      const moments = Array.from({ length: MOMENTS }, () => frozen.moment());
      const compare = async () => {
        for (const atMs of moments) {
          const rows = [...frozen.at(atMs).values()];
          expect([atMs, await listedAt(projection.reader, atMs)]).toEqual([atMs, rows]);
        }
      };
      await compare();
      const before = await redisContents(url);
      expect(Object.keys(before)).toContain(BLOCKS);
      await redisCommand(url, 'FLUSHDB');
      await waitFor(async () => (await projection.reader.missing()) === undefined);
      await waitFor(async () => {
        expect(await redisContents(url)).toEqual(before);
        return true;
      });
      await compare();
      const { swept, wrong } = projection;
      await waitFor(() => projection.swept > swept + 1);
      expect(projection.wrong).toBe(wrong);
    },
    LIMIT_MS,
  );

  it('are built again by the sweep when they are not what the log says', async () => {
    projection.start({ sweepMs: 200 });
    await projection.settled();
    await publish(run);
    for (const record of lastOfEach()) await applied(record);
    const before = await redisContents(url);
    const swept = projection.swept;
    await waitFor(() => projection.swept > swept + 1);
    expect(projection.wrong).toBe(0);
    const damages: [what: string, ...command: string[]][] = [
      ['a block is missing', 'HDEL', BLOCKS, '000000000001'],
      ['the marks are missing', 'DEL', INDEX],
      ['a block is of another history', 'EVAL', otherMark(), '1', INDEX],
      ['nobody sealed it', 'DEL', BLOCKS, INDEX],
      ['events are missing', 'LTRIM', `trunkline:connection-events:{${BUSY}}`, '-5', '-1'],
      ['events are those of an older version', 'LSET', 'trunkline:connection-events:{c1:a}', '0', '{}'],
    ];
    for (const [what, ...command] of damages) {
      const rebuilds = projection.rebuilds.length;
      await redisCommand(url, ...command);
      expect([what, await redisContents(url)]).not.toEqual([what, before]);
      await waitFor(
        async () => {
          expect(await redisContents(url)).toEqual(before);
          return true;
        },
        { what },
      );
      expect([what, projection.rebuilds.slice(rebuilds)]).toEqual([what, ['sweep']]);
    }
    expect(projection.failures).toEqual([]);
  });
});

/** Gives the first block the checksum of another history. */
function otherMark(): string {
  return `
    local mark = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
    redis.call('ZREMRANGEBYRANK', KEYS[1], 0, 0)
    local other = string.gsub(mark[1], ':%x+:', ':00c0ffee:')
    return redis.call('ZADD', KEYS[1], mark[2], other)`;
}
