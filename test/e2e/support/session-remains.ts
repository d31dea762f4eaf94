import { getJson } from '../../support/http.ts';
import type { Name, Stack } from '../../support/stack.ts';
import { holdsFor, waitFor } from '../../support/wait-for.ts';
import { BROKERS } from './sessions.ts';

/** The controller of the region that is no session's home here: it shows them while the home's is struck. */
const WITNESS: Name = 'central-controller-west';
const LOOK_AGAIN_MS = 200;

/** Every session that the registry shows. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into rows of every phase
export async function rowsOf(stack: Stack): Promise<any[]> {
  const { status, body } = await getJson(stack.url(WITNESS, '/api/v1/connections?kind=session&limit=500'));
  if (status !== 200 || body.next_cursor !== undefined) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body.items;
}

/** @param metric without its `trunkline_broker_` @throws when the broker does not tell it */
export async function brokerMetric(stack: Stack, broker: Name, metric: string): Promise<number> {
  const text = await (await fetch(stack.url(broker, '/metrics'))).text();
  const value = new RegExp(`^trunkline_broker_${metric}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1];
  if (value === undefined) throw new Error(`${broker} does not tell ${metric}`);
  return Number(value);
}

/** Waits until no session of the registry is unfinished and no broker has anything of one. @throws with what is left */
export async function expectNothingLeft(stack: Stack, withinMs?: number): Promise<void> {
  const none = async () => {
    const left = [...(await unfinished(stack)), ...(await carried(stack))];
    if (left.length > 0) throw new Error(JSON.stringify(left));
    return true;
  };
  await waitFor(none, {
    what: 'the end of every session',
    everyMs: LOOK_AGAIN_MS,
    ...(withinMs !== undefined && { withinMs }),
  });
  await holdsFor(LOOK_AGAIN_MS, async () => (await unfinished(stack)).length === 0);
}

async function unfinished(stack: Stack): Promise<unknown[]> {
  return (await rowsOf(stack)).filter(({ status }) => status !== 'closed');
}

/** Connections and placements that brokers have. */
async function carried(stack: Stack): Promise<string[]> {
  const all = BROKERS.flatMap((broker) => ['legs', 'placed'].map((metric) => ({ broker, metric })));
  const counts = await Promise.all(all.map(({ broker, metric }) => brokerMetric(stack, broker, metric)));
  return all.flatMap(({ broker, metric }, i) =>
    counts[i] === 0 ? [] : [`${broker} ${metric}: ${counts[i]}`],
  );
}
