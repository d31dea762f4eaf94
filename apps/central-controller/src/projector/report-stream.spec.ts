import type { Batch, Consumer, GroupSubscription, Log } from '#libs/log';
import type { RegistryWriter } from '#libs/registry';
import { healthReport } from '../../../../test/support/health-reports.ts';
import { ReportStream } from './report-stream.ts';

const TOPIC = 'east.health-reports';

describe('the health reports of a topic', () => {
  it('are believed only under the key of the agent they are of', async () => {
    const skipped: string[] = [];
    const written: string[] = [];
    let subscription: GroupSubscription | undefined;
    const consumer = { assignment: () => [{ topic: TOPIC, partition: 0 }] };
    const log = {
      endOffsets: async () => [{ partition: 0, low: 0, high: 2 }],
      consumeGroup: async (given: GroupSubscription) => {
        subscription = given;
        return consumer as unknown as Consumer;
      },
    };
    const registry = {
      applyReports: async (agents: { agent_id: string }[]) => {
        written.push(...agents.map(({ agent_id }) => agent_id));
        return [];
      },
      positions: { read: async () => [undefined], begin: async () => undefined, move: async () => 'moved' },
    };
    const stream = new ReportStream(
      log as unknown as Log,
      registry as unknown as RegistryWriter,
      { groupId: 'g', topics: [TOPIC], nowMs: () => 1_000, onPartitions: () => undefined },
      {
        projector: { rebuilding: () => undefined } as never,
        log: { skipped: (_topic, reason) => skipped.push(reason) },
      },
    );
    await stream.start();
    const { startAt, onBatch } = subscription ?? {};
    if (typeof startAt === 'function') await startAt(TOPIC, 0);
    const records = ['client-1', 'client-2'].map((key) => ({
      readable: true,
      key,
      timeMs: 1_000,
      data: healthReport({ agent_id: 'client-1' }),
    }));
    await onBatch?.({ topic: TOPIC, partition: 0, records, nextOffset: 2 } as unknown as Batch);
    expect(skipped).toEqual(['key-contradicts-data']);
    await stream.flush({ connections: true });
    expect(written).toEqual(['client-1']);
  });
});
