import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { launch, readRecord, stop } from '../../../deploy/local/processes.mjs';
import { programsOf } from '../../../deploy/local/programs.mjs';
import { answersOk } from '../../../deploy/local/supervise.mjs';
import { type AskedFields, PeerCaller, type Told } from '../../support/peer-caller.ts';
import type { PlainKafka } from '../../support/plain-kafka.ts';
import { freePort } from '../../support/servers.mjs';
import type { Name, Stack, Variables } from '../../support/stack.ts';
import { waitFor } from '../../support/wait-for.ts';
import { shortName } from './evidence.ts';
import { causeOf, serverLost } from './explained.ts';
import { type Event, eventsOf, type Row, rowOf, sidecarOf, untilActive, untilApproved } from './spine.ts';

/** The scheme's controller, which the bank's asks for servers. */
export const PEER: Name = 'central-controller-west';
const STOP_GRACE_MS = 5_000;

/** Kills the server of the link, and says how it was placed again; whatever the peer did, that is why. */
export async function killServer(stack: Stack): Promise<{ before: Row; after: Row; decided: Event }> {
  const before = await untilActive(stack);
  await sidecarOf(stack, before).kill('SIGKILL');
  const after = await untilActive(stack, before.epoch + 1);
  expect(await causeOf(stack)).toMatchObject(serverLost(before));
  await untilApproved(stack, 50);
  return { before, after, decided: await decidedSince(stack, before.version) };
}

/** The first failover that was decided after this version. */
export async function decidedSince(stack: Stack, version: number): Promise<Event> {
  const decided = (await eventsOf(stack)).find(
    ({ type, data }) => data.version > version && shortName(type) === 'failover-decided',
  );
  if (decided === undefined) throw new Error('no failover was decided');
  return decided;
}

/** The breaker towards the peer is closed again after whatever a test before did to it. */
export async function untilAsked(stack: Stack): Promise<void> {
  await waitFor(
    async () => {
      const before = await untilActive(stack);
      await sidecarOf(stack, before).kill('SIGKILL');
      await untilActive(stack, before.epoch + 1);
      await sidecarOf(stack, before).start();
      return (await decidedSince(stack, before.version)).data.peer?.outcome === 'assigned';
    },
    { what: 'a failover that the peer decided', withinMs: 60_000 },
  );
  await untilTarget(stack);
}

export async function untilTarget(stack: Stack): Promise<void> {
  await waitFor(async () => (await rowOf(stack)).failover_target !== undefined, {
    what: 'a failover target',
  });
}

/** What the peer's region has decided on reservations, by the decision's name. */
export async function peersDecisions(
  plain: PlainKafka,
  stack: Stack,
  name: string,
): Promise<Record<string, unknown>[]> {
  const records = await plain.readAll(`${stack.regions.scheme}.controller-events`);
  return records
    .filter(({ headers }) => shortName(headers?.ce_type) === name)
    .map(({ value }) => JSON.parse(String(value)));
}

/** Watches for the next reservation of the peer; resolves once it is watched. */
export async function nextReservation(plain: PlainKafka, stack: Stack) {
  const watched = plain.firstAfter(
    `${stack.regions.scheme}.controller-events`,
    ({ headers }) => shortName(headers?.ce_type) === 'server-reserved',
  );
  await watched.reading;
  return watched;
}

/** Names of the commands on the link's placement of this epoch that stand in the log now. */
export async function commandsOf(plain: PlainKafka, stack: Stack, epoch: number): Promise<string[]> {
  const records = await plain.readAll(`${stack.regions.bank}.failover-commands`);
  return records
    .filter(({ value }) => JSON.parse(String(value)).epoch === epoch)
    .map(({ headers }) => shortName(headers?.ce_type));
}

/** One more process of the peer's region, which decides with the first, once it is ready. */
export async function besidePeer(stack: Stack): Promise<{ port: number; end: () => Promise<unknown> }> {
  const base = programsOf(stack.site).find(({ name }) => name === PEER);
  if (base === undefined) throw new Error(`there is no ${PEER}`);
  const [http, grpc] = [await freePort(), await freePort()];
  const env: Variables = {
    ...process.env,
    ...base.env,
    TRUNKLINE_HTTP_PORT: String(http),
    TRUNKLINE_GRPC_PORT: String(grpc),
    TRUNKLINE_PARTS: 'control-loop,failover',
  };
  const name = `${PEER}-beside`;
  launch(stack.layout, { ...base, name, env });
  await waitFor(() => answersOk(`http://127.0.0.1:${http}/health/ready`), {
    what: 'the second process of the peer',
    withinMs: 60_000,
  });
  const record = readRecord(stack.layout, name);
  return { port: grpc, end: async () => record && stop([record], STOP_GRACE_MS) };
}

/** A caller at a door of the peer's, with a certificate of the stack's by its name, or without any. */
export function callerAs(
  stack: Stack,
  name: string | undefined,
  port = stack.program(PEER).port('grpc'),
): PeerCaller {
  const pem = (file: string) => readFileSync(join(stack.layout.pki, file), 'utf8');
  const identity = name === undefined ? undefined : { cert: pem(`${name}.crt`), key: pem(`${name}.key`) };
  return new PeerCaller(port, pem('ca.crt'), identity);
}

/** Asks for a server for the link, as its home would. */
export function askAs(
  caller: PeerCaller,
  stack: Stack,
  fields: AskedFields,
  withinMs = 3_000,
): Promise<Told> {
  return caller.ask({ requestingRegion: stack.regions.bank, failedServerId: '', ...fields }, withinMs);
}
