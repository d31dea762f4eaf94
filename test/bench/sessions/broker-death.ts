import type { Duplex } from 'node:stream';
import { closeSdkSessions, openSdkSession, type SdkSession } from '../../e2e/support/session-load.ts';
import type { Stack } from '../../support/stack.ts';
import { waitFor } from '../../support/wait-for.ts';
import { atMost, type Comparison, quantiles, ratiosOf } from '../figures.ts';
import { twoRawHops } from '../floors/hops.ts';
import { tlsDials } from '../floors/tls-dial.ts';
import { type BenchOptions, say } from '../options.ts';
import { type SessionStage, STAGE_BROKERS } from './stage.ts';

const HOPS = 100;
/** Often enough that the wait for the next key is small beside what is measured. */
const KEY_EVERY_MS = 5;
const SETTLED_AFTER_KEYS = 50;
const LIMIT_MS = 90_000;
const AIM_P90_MS = 2_000;

/**
 * From `kill -9` of the broker that carries a session to the first byte that the controller has back through another
 * one, over and over, in one and the same stream.
 */
export async function brokerDeath(
  { stack, people, broker }: SessionStage,
  { brokers, samples }: BenchOptions,
): Promise<Comparison> {
  const took: number[] = [];
  // Before and after, the stack running, so that a busy machine is busy for both.
  const hops = await twoRawHops(brokers, HOPS);
  const all = STAGE_BROKERS.map(broker);
  const session = await openSdkSession({ people, target: 0, controllerBrokers: all, targetBrokers: all });
  const echo = new Echo(session);
  for (let index = 0; index < samples; index += 1) {
    const ms = await dieOnce(stack, session, echo);
    took.push(ms);
    say(`broker death ${index + 1} of ${samples}: ${Math.round(ms)} ms`);
  }
  const { resumes } = session.controller.status;
  echo.close();
  await closeSdkSessions([session]);
  hops.push(...(await twoRawHops(brokers, HOPS)));
  const dials = await tlsDials(stack.layout.pki, 'operator', HOPS);
  const floor = quantiles(hops.map((hop, index) => hop + (dials[index % dials.length] ?? 0)));
  const measured = quantiles(took);
  return {
    name: 'broker death, kill -9 of the broker → first byte again, there and back in the same stream',
    ...{ unit: 'ms', measured, floor, ratios: ratiosOf(measured, floor) },
    floorIs: 'two raw kafkajs hops through another process + one mTLS dial',
    aims: [atMost('p90 in ms', measured.p90, AIM_P90_MS)],
    notes: { 'times that the controller came back': resumes },
  };
}

async function dieOnce(stack: Stack, session: SdkSession, echo: Echo): Promise<number> {
  await echo.isSteady();
  const { brokerId, epoch } = session.controller.status;
  const victim = STAGE_BROKERS.find((name) => name === brokerId);
  if (victim === undefined) throw new Error(`nobody carries: ${brokerId}`);
  const handle = stack.program(victim);
  const beganMs = performance.now();
  const again = echo.firstAfter(epoch);
  await handle.kill('SIGKILL');
  const tookMs = (await again) - beganMs;
  await handle.start();
  return tookMs;
}

/** Keys that are sent through a session all the time and come back. */
class Echo {
  private readonly stream: Duplex;
  private readonly timer: NodeJS.Timeout;
  private keysBack = 0;
  private awaited: { epoch: number; came: (atMs: number) => void } | undefined;

  constructor(private readonly session: SdkSession) {
    this.stream = session.controller.connect();
    this.stream.on('data', () => this.came());
    // The hang-up at the end cuts it.
    this.stream.on('error', () => {});
    this.timer = setInterval(() => this.stream.write('k'), KEY_EVERY_MS);
  }

  async isSteady(): Promise<void> {
    const before = this.keysBack;
    const look = (): boolean => this.keysBack - before >= SETTLED_AFTER_KEYS;
    await waitFor(look, { what: 'steady keys', withinMs: LIMIT_MS });
  }

  /** When the first byte came over a leg of a later epoch. */
  firstAfter(epoch: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no byte in ${LIMIT_MS} ms`)), LIMIT_MS);
      const came = (atMs: number): void => {
        clearTimeout(timer);
        resolve(atMs);
      };
      this.awaited = { epoch, came };
    });
  }

  close(): void {
    clearInterval(this.timer);
    this.stream.end();
  }

  private came(): void {
    this.keysBack += 1;
    if (this.awaited === undefined || this.session.controller.status.epoch <= this.awaited.epoch) return;
    this.awaited.came(performance.now());
    this.awaited = undefined;
  }
}
