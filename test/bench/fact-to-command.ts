import { type SidecarCommand, TOPIC, topicName } from '#libs/contracts';
import { type Batch, KafkaLog } from '#libs/log';
import { waitFor } from '../support/wait-for.ts';
import { startController } from './controller.ts';
import { atMost, type Comparison, quantiles, ratiosOf } from './figures.ts';
import { BenchFleet } from './fleet.ts';
import { twoRawHops } from './floors/hops.ts';
import { holdToAccount } from './hold.ts';
import { unique } from './kafka.ts';
import { type BenchOptions, say } from './options.ts';

const WARM_UP = 50;
const PARTITIONS = 12;
const ARRIVAL_LIMIT_MS = 10_000;
/** Assigned, and activated once the client's sidecar said that the path stands. */
const DECISIONS_EACH = 2;
const APPENDED = 'trunkline_decisions_appended_total';
const AIM = 1.5;

/**
 * From the send of a fact (a client's request for a link) to the arrival of the command that it causes
 * (`connect`, read as a sidecar reads it), through the control loop of a real controller process. One at a time.
 */
export async function factToCommand({ brokers, redisUrl, samples }: BenchOptions): Promise<Comparison> {
  // Before and after, so that a busy machine is busy for both.
  const before = await twoRawHops(brokers, samples / 2);
  say(`two raw hops: p50 ${quantiles(before).p50} ms; now a fact to its command`);
  const region = unique('latency');
  const log = new KafkaLog({ brokers: brokers.split(','), clientId: 'bench' });
  const answers = new KafkaLog({ brokers: brokers.split(','), clientId: 'bench-answers' });
  await log.ensureTopics(region, { partitions: PARTITIONS });
  const fleet = new BenchFleet(log, region, { clients: 10, servers: 10, capacity: samples + WARM_UP });
  await fleet.start();
  const parts = ['control-loop'];
  const controller = await startController({ region, brokers, redisUrl, parts });
  const waiting = new Map<string, () => void>();
  const commands = await log.tail({
    topics: [topicName(region, TOPIC.failoverCommands)],
    from: 'end',
    onBatch: async (batch) =>
      takeCommands(batch, waiting, (command) => answers.publish(fleet.answers(command))),
  });
  try {
    await controller.ready();
    const took: number[] = [];
    for (let index = 0; index < WARM_UP + samples; index++) {
      const fact = fleet.request(index);
      const commanded = arrivalOf(fact.key, waiting);
      const begin = performance.now();
      void log.publish([fact]);
      await commanded;
      if (index >= WARM_UP) took.push(performance.now() - begin);
      // What the command leads to is over before the next fact.
      await waitFor(async () => (await controller.sample(APPENDED)).done >= DECISIONS_EACH * (index + 1), {
        what: 'the decision that the link stands',
        everyMs: 5,
      });
    }
    await controller.stop();
    await holdToAccount(log, [region]);
    const measured = quantiles(took);
    const floor = quantiles([...before, ...(await twoRawHops(brokers, samples / 2))]);
    const ratios = ratiosOf(measured, floor);
    return {
      name: 'fact → command at the sidecar',
      unit: 'ms',
      measured,
      floor,
      floorIs: 'two raw kafkajs hops through another process',
      ratios,
      aims: [atMost('p50 to floor', ratios.p50, AIM), atMost('p99 to floor', ratios.p99, AIM)],
    };
  } finally {
    fleet.stop();
    await commands.stop();
    await controller.stop();
    await Promise.all([log.close(), answers.close()]);
  }
}

function arrivalOf(what: string, waiting: Map<string, () => void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`nothing came for ${what}`)), ARRIVAL_LIMIT_MS);
    waiting.set(what, () => {
      clearTimeout(timer);
      waiting.delete(what);
      resolve();
    });
  });
}

function takeCommands(
  batch: Batch,
  waiting: ReadonlyMap<string, () => void>,
  answer: (command: SidecarCommand) => Promise<unknown>,
): void {
  for (const record of batch.records) {
    if (!record.readable) throw new Error(`a command that can't be read: ${record.detail}`);
    const command = { name: record.name, ...(record.data as object) } as SidecarCommand;
    if (command.name === 'connect') waiting.get(command.connection_id)?.();
    answer(command).catch((error: unknown) => console.error(error));
  }
}
