import { closeSdkSessions, openSdkSession, openSdkSessions } from '../../e2e/support/session-load.ts';
import type { Name } from '../../support/stack.ts';
import { atMost, type Comparison, quantiles, ratiosOf, rounded } from '../figures.ts';
import { twoRawHops } from '../floors/hops.ts';
import { tlsDials } from '../floors/tls-dial.ts';
import { dialsPerSecond } from '../floors/tls-idle.ts';
import { type BenchOptions, say } from '../options.ts';
import type { SessionStage } from './stage.ts';

/** The controller asks for its code at the first; the target attaches at the second. */
const FIRST: Name = 'broker-us-1';
const SECOND: Name = 'broker-us-2';
const WARM_UP = 5;
const AIM_P50_RATIO = 2;
/** Of a session that opens where its code was asked for: the controller's, the target's probe, the target's. */
const DIALS_PER_SESSION = 3;
/** The pairs of hops of one sample, and its dials, are far apart among what was measured. */
const STRIDE = 7;

/**
 * From a target's dial to the open relay, as both ends see it, the controller having to come from another broker; and
 * how many sessions one broker opens in a second.
 */
export async function session(stage: SessionStage, options: BenchOptions): Promise<Comparison[]> {
  // Before and after, the stack running, so that a busy machine is busy for both.
  const hops = await twoRawHops(options.brokers, options.samples);
  const took = await openings(stage, options.samples);
  const opened = await openedPerSecond(stage, options.samples);
  hops.push(...(await twoRawHops(options.brokers, options.samples)));
  const dials = await tlsDials(stage.stack.layout.pki, 'operator', options.samples);
  const at = (all: readonly number[], index: number): number => all[index % all.length] ?? Number.NaN;
  const floor = quantiles(
    hops.map((hop, index) => hop + at(hops, index + STRIDE) + at(dials, index) + at(dials, index + STRIDE)),
  );
  const measured = quantiles(took);
  const ratios = ratiosOf(measured, floor);
  return [
    {
      name: 'session, attach → open relay at both ends, the controller redirected',
      ...{ unit: 'ms', measured, floor, ratios },
      floorIs: 'twice two raw kafkajs hops (attached, redirect; attached, open) + two mTLS dials',
      aims: [atMost('p50 to floor', ratios.p50, AIM_P50_RATIO)],
    },
    opened,
  ];
}

async function openings({ people, broker }: SessionStage, samples: number): Promise<number[]> {
  const took: number[] = [];
  for (let index = 0; index < WARM_UP + samples; index += 1) {
    const opened = await openSdkSession({
      ...{ people, target: index },
      controllerBrokers: [broker(FIRST), broker(SECOND)],
      targetBrokers: [broker(SECOND)],
    });
    const { brokerId } = opened.controller.status;
    if (brokerId !== SECOND) throw new Error(`the relay is at ${brokerId}, not where the target is`);
    if (index >= WARM_UP) took.push(opened.openMs);
    await closeSdkSessions([opened]);
  }
  return took;
}

/** Code, probe, attach and relay, as many at once as targets of one address may come. */
async function openedPerSecond(stage: SessionStage, samples: number): Promise<Comparison> {
  const brokers = [stage.broker(SECOND)];
  const meeting = { people: stage.people, controllerBrokers: brokers, targetBrokers: brokers };
  await closeSdkSessions(await openSdkSessions(samples, meeting));
  const begin = performance.now();
  const sessions = await openSdkSessions(samples, meeting);
  const measured = { rate: rounded((samples * 1_000) / (performance.now() - begin)) };
  await closeSdkSessions(sessions);
  say(`sessions opened a second: ${measured.rate}`);
  const dials = await dialsPerSecond(stage.files('operator'), samples * DIALS_PER_SESSION);
  const floor = { rate: rounded(dials / DIALS_PER_SESSION) };
  return {
    name: 'sessions opened by one broker',
    ...{ unit: 'sessions/s', measured, floor, ratios: ratiosOf(measured, floor), aims: [] },
    floorIs: `mTLS dials to a plain Node server, ${DIALS_PER_SESSION} for a session`,
  };
}
