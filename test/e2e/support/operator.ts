import { getJson, postJson, putJson } from '../../support/http.ts';
import { PlainKafka } from '../../support/plain-kafka.ts';
import { freePort } from '../../support/servers.mjs';
import type { Stack, Variables } from '../../support/stack.ts';
import { waitFor } from '../../support/wait-for.ts';
import { askFailover, CONTROLLER, type Row, rowOf, untilActive } from './spine.ts';

/** What an operator does by REST, at the bank's controller. */

export async function post(stack: Stack, path: string, body: object): Promise<void> {
  const answer = await postJson(stack.url(CONTROLLER, path), body, stack.token);
  if (answer.status !== 202) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
}

/** Sets a policy, and waits until its new version is shown. */
export async function putPolicy(stack: Stack, name: string, body: object): Promise<void> {
  const url = stack.url(CONTROLLER, `/api/v1/policies/${name}`);
  const answer = await putJson(url, body, stack.token);
  if (answer.status !== 202) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  const { version } = answer.body;
  await waitFor(async () => (await getJson(url)).body.version === version, {
    what: `version ${version} of policy ${name}`,
  });
}

export function untilPhaseOf(stack: Stack, id: string, phase: string, withinMs = 30_000): Promise<Row> {
  return waitFor(
    async () => {
      const row = await rowOf(stack, id);
      return row.phase === phase ? row : undefined;
    },
    { what: `${id} ${phase}`, withinMs },
  );
}

/** The demo link, moved to this server by request if it stands elsewhere. */
export async function moveTo(stack: Stack, server: string): Promise<Row> {
  for (let tries = 0; tries < 4; tries += 1) {
    const row = await untilActive(stack);
    if (row.server_id === server) return row;
    await askFailover(stack, { reason: `to ${server}`, planned: true });
    await untilActive(stack, row.epoch + 1);
  }
  throw new Error(`the link did not come to ${server}`);
}

/** Publishes a fact on a connection of the bank's as any program may. */
export async function publishFact(stack: Stack, key: string, name: string, data: object): Promise<void> {
  await new PlainKafka(stack.kafkaBrokers).publish(
    `${stack.regions.bank}.connection-status`,
    key,
    name,
    data,
  );
}

/**
 * Variables of a client sidecar that carries these links and nothing else. Nobody dials
 * their ports: what moves is counted, not used.
 */
export async function spareLinks(spare: readonly string[]): Promise<Variables> {
  const ports = await Promise.all(spare.map(() => freePort()));
  const links = spare.map((connection_id, index) => ({
    connection_id,
    server_group: 'scheme',
    port: ports[index],
  }));
  return {
    TRUNKLINE_APPLICATION_PORTS: ports.join(),
    TRUNKLINE_LINKS: JSON.stringify(links),
    TRUNKLINE_CONTROL_URL: undefined,
  };
}
