import { TIMING, TOPIC, topicName } from '#libs/contracts';
import { KafkaLog } from '#libs/log';
import { waitFor } from '../support/wait-for.ts';
import { resultOf } from './children.ts';
import { startController } from './controller.ts';
import { atLeast, type Comparison, type Figures, ratiosOf } from './figures.ts';
import { BenchFleet } from './fleet.ts';
import { unique } from './kafka.ts';
import { type BenchOptions, say } from './options.ts';
import { best, SteadyRate } from './steady.ts';

const PARTITIONS = 12;
const FACTS_PER_PUBLISH = 1_000;
const LIMIT_MS = 180_000;
const AIM = 0.7;

export interface ControlLoopRun {
  readonly comparison: Comparison;
  /** The region whose log now holds a decision for each fact. */
  readonly region: string;
}

/**
 * How many facts a second one controller process judges: requests for links lie ready, each gives a decision
 * and two commands. The best of some rounds, each beside its floor, so that other work on the machine counts less.
 */
export async function controlLoop(options: BenchOptions, facts: number): Promise<ControlLoopRun> {
  const rounds: Figures[] = [];
  const floors: Figures[] = [];
  let region = '';
  for (let round = 0; round < options.rounds; round++) {
    region = unique('throughput');
    rounds.push(await decideAll(options, region, facts));
    floors.push(await floorOf(options.brokers, region));
    say(`control loop: ${JSON.stringify(rounds.at(-1))}, floor ${JSON.stringify(floors.at(-1))}`);
  }
  const [measured, floor] = [best(rounds), best(floors)];
  const ratios = ratiosOf(measured, floor);
  const comparison: Comparison = {
    name: 'control loop, one process',
    unit: 'facts/s',
    measured,
    floor,
    floorIs: 'kafkajs consume + two produces of the same bytes, one process, no logic',
    ratios,
    aims: [atLeast('rate to floor', ratios.rate, AIM)],
  };
  return { region, comparison };
}

async function decideAll(
  { brokers, redisUrl }: BenchOptions,
  region: string,
  facts: number,
): Promise<Figures> {
  const log = new KafkaLog({ brokers: brokers.split(','), clientId: 'bench' });
  await log.ensureTopics(region, { partitions: PARTITIONS });
  const fleet = new BenchFleet(log, region, { clients: 40, servers: 20, capacity: facts });
  for (let from = 0; from < facts; from += FACTS_PER_PUBLISH) {
    const count = Math.min(FACTS_PER_PUBLISH, facts - from);
    await log.publish(Array.from({ length: count }, (_, index) => fleet.request(from + index)));
  }
  await fleet.start();
  const controller = await startController({ region, brokers, redisUrl, parts: ['control-loop'] });
  try {
    const steady = new SteadyRate(facts);
    const done = async () => steady.add(await controller.sample('trunkline_decisions_appended_total'));
    await waitFor(done, { what: 'a decision for each fact', withinMs: LIMIT_MS, everyMs: 50 });
    // Nobody answers the commands here, so a slow run counts decisions that give them up as well.
    if (steady.tookMs > TIMING.commandGiveUpMs) say('too slow to be clean; fewer --facts help');
    return steady.figures();
  } finally {
    fleet.stop();
    await controller.stop();
    await log.close();
  }
}

function floorOf(brokers: string, region: string): Promise<Figures> {
  const topics = [TOPIC.connectionStatus, TOPIC.controllerEvents, TOPIC.failoverCommands];
  const args = [brokers, ...topics.map((base) => topicName(region, base))];
  return resultOf<Figures>('./floors/consume-produce.ts', args);
}
