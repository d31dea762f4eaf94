import { join } from 'node:path';
import { POLICY_DEFAULTS } from '#libs/contracts';
import { audit } from '../e2e/support/audit.ts';
import { askFailover, controlOf, LINK, rowOf } from '../e2e/support/spine.ts';
import { type Name, type Stack, startStack } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';
import { Approvals } from './failover.ts';
import { atMost, type Comparison, quantiles, ratiosOf } from './figures.ts';
import { twoRawHops } from './floors/hops.ts';
import { tlsDials } from './floors/tls-dial.ts';
import { type BenchOptions, say } from './options.ts';

/** Often enough that the wait for the next message is small beside what is measured. */
const MESSAGES_PER_SECOND = 200;
const SETTLED_AFTER_APPROVALS = 100;
const MOVE_LIMIT_MS = 90_000;
const HOPS = 100;
const AIM_P90_RATIO = 2;
/** What dies, and whose client it is. */
const FIRST: readonly Name[] = ['client-sidecar-1', 'iso-client-1'];
const FIRST_CLIENT = 'bank-client-1';

/**
 * From `kill -9` of the client sidecar and its application to the first message approved through the DR client, as
 * the DR application sees it; then the first client comes back and is given the link again, over and over.
 */
export async function dr({ brokers, samples }: BenchOptions): Promise<Comparison> {
  const rate = { TRUNKLINE_SIMULATOR_RATE: String(MESSAGES_PER_SECOND) };
  const stack = await startStack({ env: { 'iso-client-1': rate, 'iso-client-dr': rate } });
  const approvals = {
    first: new Approvals(join(stack.layout.data, 'iso-client-1.ndjson')),
    dr: new Approvals(join(stack.layout.data, 'iso-client-dr.ndjson')),
  };
  const took: number[] = [];
  try {
    // Before and after, the stack running, so that a busy machine is busy for both.
    const hops = await twoRawHops(brokers, HOPS);
    for (let index = 0; index < samples; index++) {
      const ms = await takeOver(stack, approvals);
      took.push(ms);
      say(`DR client ${index + 1} of ${samples}: ${ms} ms`);
      await giveBack(stack);
    }
    hops.push(...(await twoRawHops(brokers, HOPS)));
    // A figure of a run that broke an invariant is none.
    await audit(stack);
    const dials = await tlsDials(stack.layout.pki, 'operator', HOPS);
    const waits = hops.map(
      (hop, index) => POLICY_DEFAULTS.client_probe_ms + hop + (dials[index % dials.length] ?? 0),
    );
    const [measured, floor] = [quantiles(took), quantiles(waits)];
    const ratios = ratiosOf(measured, floor);
    return {
      name: 'DR client, kill -9 of the client sidecar and its application → first message approved through the other',
      unit: 'ms',
      measured,
      floor,
      floorIs: 'the wait for the first client (client_probe_ms) + two raw kafkajs hops + one mTLS dial',
      ratios,
      aims: [atMost('p90 to floor', ratios.p90, AIM_P90_RATIO)],
    };
  } finally {
    for (const each of Object.values(approvals)) each.close();
    await stack.stop();
  }
}

async function takeOver(stack: Stack, approvals: { first: Approvals; dr: Approvals }): Promise<number> {
  approvals.first.read();
  let settled = 0;
  await waitFor(
    () => {
      settled += approvals.first.read().length;
      return settled >= SETTLED_AFTER_APPROVALS;
    },
    { what: 'steady approvals of the first client', withinMs: MOVE_LIMIT_MS },
  );
  approvals.dr.read();
  const killedMs = Date.now();
  await Promise.all(FIRST.map((name) => stack.program(name).kill('SIGKILL')));
  const first = await waitFor(() => approvals.dr.read().find(({ atMs }) => atMs >= killedMs), {
    what: 'an approval through the DR client',
    withinMs: MOVE_LIMIT_MS,
    everyMs: 5,
  });
  return first.atMs - killedMs;
}

/** The first client comes back, stands by, and has the link again as planned. */
async function giveBack(stack: Stack): Promise<void> {
  await Promise.all(FIRST.map((name) => stack.program(name).start()));
  const { epoch } = await rowOf(stack);
  await waitFor(
    async () => {
      const told = await controlOf(stack, 'iso-client-1');
      return told.active === false && told.epoch >= epoch;
    },
    { what: 'the first client to stand by', withinMs: MOVE_LIMIT_MS },
  );
  await askFailover(stack, { reason: 'measured', planned: true });
  await waitFor(
    async () => {
      const row = await rowOf(stack);
      return row.client_id === FIRST_CLIENT && row.phase === 'active' && row.epoch > epoch;
    },
    { what: `${LINK} with its first client again`, withinMs: MOVE_LIMIT_MS },
  );
}
