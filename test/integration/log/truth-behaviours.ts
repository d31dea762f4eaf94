import { HEADER, messageType, STATE_RECORDS, WRITER_CLAIMED } from '#libs/contracts';
import {
  EARLIEST,
  type EncodedRecord,
  type FollowedBatch,
  followLog,
  type LogPosition,
  recentPositions,
} from '#libs/log';
import { waitFor } from '../../support/wait-for.ts';
import { audit, readAll, readDecisions } from './audit.ts';
import { commandId, ledgerFact } from './ledger.ts';
import { PARTITIONS, type World } from './processes.ts';

interface Writer {
  readonly epoch: number;
  readonly id: string;
}

function recordOf(
  writer: Writer,
  at: { readonly topic: string; readonly partition: number },
  key: string,
  name: string,
  value: string | null,
): EncodedRecord {
  return {
    ...at,
    key,
    value,
    headers: {
      ce_specversion: '1.0',
      ce_type: messageType(name),
      ce_id: `${key}-${writer.id}`,
      ce_source: 'test',
      [HEADER.writerEpoch]: `${writer.epoch}`,
      [HEADER.writerId]: writer.id,
    },
  };
}

function claimOf(writer: Writer, at: { topic: string; partition: number }): EncodedRecord {
  const data = JSON.stringify({ writer_epoch: writer.epoch, writer_id: writer.id });
  return recordOf(writer, at, `claim/${writer.epoch}`, WRITER_CLAIMED, data);
}

/** Restore, positions, and what may not be skipped. */
export function describeTruth(worldNow: () => World): void {
  let world: World;
  beforeEach(() => {
    world = worldNow();
  });

  it('restores from snapshots and a tail what a fold of the whole log gives', async () => {
    const first = await world.startLoop({ loop: { snapshotIntervalMs: 100 } });
    const sums = await world.publishMany(100, 7);
    await world.untilSums(sums);
    await waitFor(() => first.counts.of('checkpointed') >= PARTITIONS);
    // No snapshot is written any more: what comes now is in the tail alone.
    const never = new Promise<'none'>(() => undefined);
    first.log.onAppend = ({ topic }) => (topic === world.topic('connectionState') ? never : 'none');
    const tail = world.fact('k1', 1_000);
    await world.log.publish([tail]);
    sums.set('k1', (sums.get('k1') ?? 0) + 1_000);
    await world.untilSums(sums);
    await first.stop();
    const second = await world.startLoop();
    const decisions = await readDecisions(world.log, world.region);
    for (const key of sums.keys()) {
      const last = decisions.filter((decision) => decision.key === key).at(-1);
      expect(second.loop.state(key)?.version).toBe(last?.version);
      expect(second.loop.state(key)?.sum).toBe((last?.data as { sum: number } | undefined)?.sum);
    }
    await world.log.publish([world.fact('k1', 1)]);
    await world.untilSums(new Map([['k1', (sums.get('k1') ?? 0) + 1]]));
  });

  it('sends the commands that are unanswered again, with the same ids, after a claim', async () => {
    const first = await world.startLoop();
    await world.untilSums(await world.publishMany(8, 8));
    await first.stop();
    await world.startLoop();
    await waitFor(async () => {
      const commands = await readAll(world.log, world.topic('failoverCommands'));
      return commands.filter(({ id }) => id === commandId({ key: 'k3', version: 1 })).length === 2;
    });
    expect((await audit(world.log, world.region)).commandIds.size).toBe(8);
  });

  it('goes on with inputs and memory where the checkpoint says', async () => {
    const memories: number[] = [];
    const first = await world.startLoop();
    await world.untilSums(await world.publishMany(40, 4));
    await first.stop();
    await world.startLoop({
      definition: {
        remember: (memory) => {
          memories.push(memory.facts);
          return { facts: memory.facts + 1 };
        },
      },
    });
    await world.log.publish([world.fact('k1', 1)]);
    await waitFor(() => memories.length > 0);
    const partition = world.log.partitionOf('k1', PARTITIONS);
    const before = (await readAll(world.log, world.topic('connectionStatus'))).filter(
      (fact) => fact.partition === partition,
    );
    expect(memories).toEqual([before.length - 1]);
  });

  it('folds a key whose last snapshot is void from the whole log', async () => {
    const first = await world.startLoop();
    const sums = await world.publishMany(20, 2);
    await world.untilSums(sums);
    await first.stop();
    const key = 'k1';
    const at = { topic: world.topic('connectionState'), partition: world.log.partitionOf(key, PARTITIONS) };
    const zombie = { epoch: 1, id: 'a-writer-from-before' };
    const value = JSON.stringify({ state: { version: 1, sum: -1, handled: {} } });
    await world.log.append(at.topic, at.partition, [
      recordOf(zombie, at, key, STATE_RECORDS.snapshot, value),
    ]);
    const second = await world.startLoop();
    expect(second.loop.state(key)).toMatchObject({ version: 10, sum: sums.get(key) });
  });

  it('removes what may be forgotten, once a checkpoint has passed it', async () => {
    const { loop } = await world.startLoop({ forgetClosed: true, loop: { snapshotIntervalMs: 50 } });
    await world.log.publish([
      ledgerFact(world.region, 'gone', { amount: 1, close: true }),
      world.fact('stays', 2),
    ]);
    await world.untilSums(new Map([['stays', 2]]));
    await waitFor(async () => {
      const { decisions } = await audit(world.log, world.region);
      return decisions.length === 2 && loop.state('gone') === undefined;
    });
    expect(loop.state('stays')?.sum).toBe(2);
  });

  it('stops an owner whose checkpoint is beyond the end of the log', async () => {
    const at = { topic: world.topic('connectionState'), partition: 0 };
    const writer = { epoch: 1, id: 'w' };
    const checkpoint = { offset: 1_000, writer_epoch: 1, writer_id: 'w', inputs: {}, memory: { facts: 0 } };
    await world.log.append(at.topic, 0, [
      claimOf(writer, at),
      recordOf(writer, at, 'checkpoint/0', STATE_RECORDS.checkpoint, JSON.stringify(checkpoint)),
    ]);
    const { loop } = await world.startUnready();
    const stopped = await waitFor(() => loop.partitions().find(({ phase }) => phase === 'stopped'));
    expect(stopped).toMatchObject({ partition: 0 });
    expect(stopped.failure).toContain('position-beyond-end');
    expect(loop.ready()).toBe(false);
  });

  it('stops owner and reader at a record that counts and cannot be read; a void one is passed over', async () => {
    const at = { topic: world.topic('controllerEvents'), partition: 1 };
    const writer = { epoch: 1, id: 'w' };
    const garbage = (by: Writer) => recordOf(by, at, 'k', 'failover-decided', '{');
    await world.log.append(at.topic, 1, [garbage({ epoch: 9, id: 'nobody' }), claimOf(writer, at)]);
    expect(await readDecisions(world.log, world.region)).toEqual([]);
    await world.log.append(at.topic, 1, [garbage(writer)]);
    await expect(readDecisions(world.log, world.region)).rejects.toMatchObject({
      code: 'unreadable-record',
      partition: 1,
      offset: 2,
    });
    const { loop } = await world.startUnready();
    await waitFor(() => loop.partitions().some(({ phase }) => phase === 'stopped'));
    await waitFor(
      () => loop.partitions().filter(({ phase }) => phase === 'owning').length === PARTITIONS - 1,
    );
  });

  it('follows from a stored position, with the writer that counts there', async () => {
    await world.startLoop();
    await world.untilSums(await world.publishMany(40, 1));
    const batches: FollowedBatch[] = [];
    const partition = world.log.partitionOf('k0', PARTITIONS);
    const follow = async (from: LogPosition, until: number) => {
      const follower = await followLog(world.log, {
        topic: world.topic('controllerEvents'),
        partitions: [partition],
        from: () => from,
        onDecisions: async (batch) => {
          batches.push(batch);
        },
        onStopped: (error) => {
          throw error;
        },
      });
      await follower.caughtUp();
      await waitFor(() => follower.position(partition).offset >= until);
      await follower.stop();
      return batches.flatMap(({ decisions }) => decisions);
    };
    expect(await follow(EARLIEST, 41)).toHaveLength(40);
    const position = batches.at(-1)?.position ?? EARLIEST;
    expect(position).toMatchObject({ offset: 41, writer_epoch: 1 });
    await world.untilSums(new Map([['k0', 780]]));
    await world.log.publish([world.fact('k0', 1)]);
    await world.untilSums(new Map([['k0', 781]]));
    batches.length = 0;
    const later = await follow(position, 42);
    expect(later.map(({ version }) => version)).toEqual([41]);
  });

  it('follows from the last checkpoints on, through an owner that came later, for whoever wants the present', async () => {
    const first = await world.startLoop({ loop: { snapshotIntervalMs: 50 } });
    const sums = await world.publishMany(40, 4);
    await world.untilSums(sums);
    const stateTopic = world.topic('connectionState');
    const ends = await world.log.endOffsets(world.topic('controllerEvents'));
    const positions = await waitFor(async () => {
      const found = await recentPositions(world.log, stateTopic);
      return ends.every(({ partition, high }) => found.get(partition)?.offset === high) && found;
    });
    // Written too late by an owner of before: it says nothing wrong, only something older.
    const partition = world.log.partitionOf('k0', PARTITIONS);
    const at = { topic: stateTopic, partition };
    const old = { offset: 1, writer_epoch: 1, writer_id: 'w', inputs: {}, memory: { facts: 0 } };
    const key = `checkpoint/${partition}`;
    await first.stop();
    await world.log.append(stateTopic, partition, [
      recordOf({ epoch: 1, id: 'w' }, at, key, STATE_RECORDS.checkpoint, JSON.stringify(old)),
    ]);
    expect(await recentPositions(world.log, stateTopic)).toEqual(positions);
    await world.startLoop();
    const seen: string[] = [];
    const follower = await followLog(world.log, {
      topic: world.topic('controllerEvents'),
      from: (each) => positions.get(each),
      onDecisions: async ({ decisions }) => {
        seen.push(...decisions.map((decision) => decision.key));
      },
      onStopped: (error) => {
        throw error;
      },
    });
    await world.log.publish([world.fact('k0', 1)]);
    await waitFor(() => seen.length > 0);
    await follower.caughtUp();
    expect(seen).toEqual(['k0']);
    await follower.stop();
  });

  it('tells a follower whose position is beyond the end of the log', async () => {
    const stopped: string[] = [];
    const follower = await followLog(world.log, {
      topic: world.topic('controllerEvents'),
      from: () => ({ offset: 5, writer_epoch: 1, writer_id: 'w' }),
      onDecisions: async () => undefined,
      onStopped: (error) => stopped.push(error.code),
    });
    await waitFor(() => stopped.length === PARTITIONS);
    expect(new Set(stopped)).toEqual(new Set(['position-beyond-end']));
    await follower.stop();
  });
}
