import { RegistryUnavailable } from '#libs/registry';
import { claimEvent, decisionEvent, linkDecision } from '../support/decisions.ts';
import { PARTITIONS, Projection, redisContents } from '../support/projection.ts';
import { redisCommand } from '../support/redis.ts';
import { type Servers, startServers } from '../support/servers.mjs';
import { waitFor } from '../support/wait-for.ts';

const WRITER = { writer_epoch: 1, writer_id: 'only' };
const IDS = ['c1:a', 'c2:a', 'c3:a', 'c4:a'];

describe('a projector whose Redis goes away', () => {
  let redis: Servers;
  let projection: Projection;

  beforeEach(async () => {
    redis = await startServers({ kafka: false });
    projection = new Projection(redis.redisUrl);
    await projection.prepare();
    await projection.log.publish(
      Array.from({ length: PARTITIONS }, (_none, p) => claimEvent(projection.events, p, WRITER)),
    );
    await decide(1, 3);
    projection.start();
    await projection.settled();
    await reached(3);
  });

  afterEach(async () => {
    await projection.end();
    await redis.clear();
  });

  const decide = async (from: number, to: number) => {
    for (const id of IDS) {
      for (let version = from; version <= to; version += 1) {
        await projection.log.publish([decisionEvent(projection.events, WRITER, linkDecision(id, version))]);
      }
    }
  };
  const reached = (version: number) =>
    waitFor(
      async () => {
        const { items } = await projection.reader.connections({}, {});
        return items.length === IDS.length && items.every((item) => item.version === version);
      },
      { what: `version ${version}` },
    );

  it('goes on where it was when Redis comes back', async () => {
    await redis.stop('redis');
    await expect(projection.reader.connections({}, {})).rejects.toThrow(RegistryUnavailable);
    await decide(4, 6);
    await redis.start('redis');
    await projection.settled();
    await reached(6);
    expect(projection.rebuilds.filter((cause) => cause !== 'position-missing')).toEqual([]);
  });

  it('builds all of it again in a Redis that comes back empty', async () => {
    await decide(4, 6);
    await reached(6);
    const before = await redisContents(redis.redisUrl);
    await redisCommand(redis.redisUrl, 'FLUSHALL');
    await redis.stop('redis');
    await redis.start('redis');
    await projection.settled();
    await reached(6);
    await waitFor(async () => {
      expect(await redisContents(redis.redisUrl)).toEqual(before);
      return true;
    });
  });

  it('survives a Redis that hangs', async () => {
    redis.signal('redis', 'SIGSTOP');
    await decide(4, 4);
    await expect(projection.reader.connections({}, {})).rejects.toThrow(RegistryUnavailable);
    redis.signal('redis', 'SIGCONT');
    await reached(4);
  });
});
