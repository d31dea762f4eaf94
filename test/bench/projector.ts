import { Redis } from 'ioredis';
import { TOPIC, topicName } from '#libs/contracts';
import { waitFor } from '../support/wait-for.ts';
import { resultOf } from './children.ts';
import { startController } from './controller.ts';
import { atLeast, type Comparison, type Figures, ratiosOf } from './figures.ts';
import { endsOf, plainKafka } from './kafka.ts';
import { type BenchOptions, say } from './options.ts';
import { best, SteadyRate } from './steady.ts';

const LIMIT_MS = 120_000;
const LOOK_EVERY_MS = 20;
const AIM = 0.8;

/** How many decisions a second one projector process brings into an empty Redis, from a log that lies ready. */
export async function projector(
  { brokers, redisUrl, rounds }: BenchOptions,
  region: string,
): Promise<Comparison> {
  const topic = topicName(region, TOPIC.controllerEvents);
  const ends = await endsOf(plainKafka(brokers), topic);
  const total = [...ends.values()].reduce((sum, end) => sum + end, 0);
  const [applied, floors]: [Figures[], Figures[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    applied.push(await measure(brokers, redisUrl, region, total));
    floors.push(await resultOf<Figures>('./floors/consume-lua.ts', [brokers, topic, redisUrl]));
    say(`projector: ${JSON.stringify(applied.at(-1))}, floor ${JSON.stringify(floors.at(-1))}`);
  }
  const [measured, floor] = [best(applied), best(floors)];
  const ratios = ratiosOf(measured, floor);
  return {
    name: 'projector, one process',
    unit: 'decisions/s',
    measured,
    floor,
    floorIs: 'kafkajs consume + the same Lua calls, made beforehand and pipelined, one process',
    ratios,
    aims: [atLeast('rate to floor', ratios.rate, AIM)],
  };
}

async function measure(brokers: string, redisUrl: string, region: string, total: number): Promise<Figures> {
  const redis = new Redis(redisUrl);
  await redis.flushdb();
  redis.disconnect();
  const projector = await startController({ region, brokers, redisUrl, parts: ['projector'] });
  try {
    const steady = new SteadyRate(total);
    // Claims stand in the log as well, and are no decisions: so many are never reached, but the part that counts is.
    const done = async () => {
      steady.add(await projector.sample('trunkline_projected_decisions_total'));
      return steady.isOver;
    };
    await waitFor(done, { what: 'the registry', withinMs: LIMIT_MS, everyMs: LOOK_EVERY_MS });
    return steady.figures();
  } finally {
    await projector.stop();
  }
}
