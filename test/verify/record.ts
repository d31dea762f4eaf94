// node --import ./test/bench/typescript.mjs test/verify/record.ts: records test/verify/clean.ndjson anew.
// A small stack of its own: a server killed, the controller killed and started, a planned move, a drain, a link closed.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { getJson, postJson } from '../support/http.ts';
import { startServers } from '../support/servers.mjs';
import { type Name, type Stack, startStack } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';
import { trunkline } from './trunkline.ts';

const CLEAN = new URL('clean.ndjson', import.meta.url).pathname;
const LINK = encodeURIComponent('bank-client-1:primary');
const PROGRAMS: readonly Name[] = [
  'central-controller-east',
  'central-controller-west',
  'client-sidecar-1',
  'server-sidecar-1',
  'server-sidecar-2',
  'server-sidecar-3',
  'iso-client-1',
  'iso-server-1',
  'iso-server-1b',
  'iso-server-2',
  'iso-server-3',
];
const PURCHASES_PER_SECOND = '2';

const control = async (stack: Stack) => (await getJson(stack.url('iso-client-1', '/control'))).body;

async function active(stack: Stack, fromEpoch: number) {
  const row = await waitFor(
    async () => {
      const { body } = await getJson(stack.url('central-controller-east', `/api/v1/connections/${LINK}`));
      return body.phase === 'active' && body.epoch >= fromEpoch ? body : undefined;
    },
    { what: `active at epoch ${fromEpoch}`, withinMs: 60_000 },
  );
  const { approved } = await control(stack);
  await waitFor(async () => (await control(stack)).approved >= approved + 4, {
    what: 'more purchases approved',
  });
  return row;
}

const sidecarOf = (row: { server_id: string }) =>
  row.server_id.replace('scheme-server-', 'server-sidecar-') as Name;

async function story(stack: Stack): Promise<void> {
  const first = await active(stack, 1);
  await stack.program(sidecarOf(first)).kill('SIGKILL');
  const second = await active(stack, 2);
  await stack.program(sidecarOf(first)).start();
  await stack.program('central-controller-east').kill('SIGKILL');
  await stack.program('central-controller-east').start();
  const planned = { reason: 'maintenance', planned: true };
  const failover = stack.url('central-controller-east', `/api/v1/connections/${LINK}/failover`);
  await waitFor(async () => (await postJson(failover, planned, stack.token)).status === 202, {
    what: 'a failover asked for',
    withinMs: 60_000,
  });
  const third = await active(stack, second.epoch + 1);
  const drain = stack.url('central-controller-west', `/api/v1/agents/${third.server_id}/drain`);
  await postJson(drain, { reason: 'upgrade' }, stack.token);
  const fourth = await active(stack, third.epoch + 1);
  const { connection_id, epoch } = await control(stack);
  await postJson(stack.url('iso-client-1', '/control'), { command: 'drain', connection_id, epoch });
  await waitFor(async () => (await control(stack)).open === 0, { what: 'an end of every purchase' });
  console.log(`recorded epochs ${first.epoch} to ${fourth.epoch}`);
}

const servers = await startServers();
process.env.TRUNKLINE_KAFKA_BROKERS = servers.kafkaBrokers;
process.env.TRUNKLINE_REDIS_URL = servers.redisUrl;
const stack = await startStack({
  programs: PROGRAMS,
  env: { 'iso-client-1': { TRUNKLINE_SIMULATOR_RATE: PURCHASES_PER_SECOND } },
});
try {
  await story(stack);
  rmSync(CLEAN, { force: true });
  const { bank, scheme } = stack.regions;
  const where = [
    '--brokers',
    stack.kafkaBrokers,
    '--regions',
    `${bank},${scheme}`,
    '--data',
    stack.layout.data,
  ];
  const run = trunkline('verify', ...where, '--export', CLEAN);
  process.stdout.write(run.stdout + run.stderr);
  // The names of a stack are its own; the local stack's read better.
  const text = readFileSync(CLEAN, 'utf8').replaceAll(bank, 'east').replaceAll(scheme, 'west');
  writeFileSync(CLEAN, text);
  process.exitCode = run.status ?? 1;
} finally {
  await stack.stop();
  await servers.clear();
}
process.exit();
