// node --import ./test/bench/typescript.mjs test/replay/record.ts [story…]: records test/replay/<story>.ndjson anew.
// Each story runs on a small stack of its own, and `trunkline export` keeps what the log then holds.
import { rmSync } from 'node:fs';
import { hangUp, openSession, startEcho, startSessionStack } from '../e2e/support/sessions.ts';
import { getJson, postJson } from '../support/http.ts';
import { startServers } from '../support/servers.mjs';
import { type Name, type Stack, startStack } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';
import { trunkline } from '../verify/trunkline.ts';

const HOME = 'central-controller-east';
const LINK = 'bank-client-1:primary';
const LINK_PROGRAMS: readonly Name[] = [
  ...[HOME, 'central-controller-west', 'client-sidecar-1', 'iso-client-1'],
  ...['server-sidecar-1', 'server-sidecar-2', 'server-sidecar-3'],
  ...['iso-server-1', 'iso-server-1b', 'iso-server-2', 'iso-server-3'],
] as const;
/** Longer than a machine that runs tests beside this one needs for one step. */
const STEP_MS = 90_000;

interface Story {
  readonly start: () => Promise<Stack>;
  /** @returns the connection that it is about. */
  readonly tell: (stack: Stack) => Promise<string>;
  /** What of the log is kept. */
  readonly flags?: (id: string) => readonly string[];
}

const linkStack = () =>
  startStack({ programs: LINK_PROGRAMS, env: { 'iso-client-1': { TRUNKLINE_SIMULATOR_RATE: '2' } } });
const drStack = () =>
  startStack({
    programs: [...LINK_PROGRAMS, 'client-sidecar-dr', 'iso-client-dr'],
    env: { 'iso-client-1': { TRUNKLINE_SIMULATOR_RATE: '2' } },
  });
const DYING: readonly Name[] = ['client-sidecar-1', 'iso-client-1'];
const api = (stack: Stack, path: string) => stack.url(HOME, `/api/v1${path}`);
const linkPath = (more = '') => `/connections/${encodeURIComponent(LINK)}${more}`;

interface Row {
  readonly client_id: string;
  readonly epoch: number;
  readonly server_id: string;
  readonly version: number;
}

function untilActive(stack: Stack, fromEpoch: number): Promise<Row> {
  return waitFor(
    async () => {
      const { body } = await getJson(api(stack, linkPath()));
      return body.phase === 'active' && body.epoch >= fromEpoch ? (body as Row) : undefined;
    },
    { what: `active at epoch ${fromEpoch}`, withinMs: STEP_MS },
  );
}

async function ask(stack: Stack, url: string, body: object): Promise<void> {
  const { status } = await postJson(url, body, stack.token);
  if (status !== 202) throw new Error(`${url}: ${status}`);
}

const sidecarOf = ({ server_id }: Row) => server_id.replace('scheme-server-', 'server-sidecar-') as Name;
const move = (stack: Stack, reason: string) =>
  ask(stack, api(stack, linkPath('/failover')), { reason, planned: true });

/** A server dies, the controller is killed and started, a move that was planned, a drain. */
async function moves(stack: Stack): Promise<string> {
  const first = await untilActive(stack, 1);
  await stack.program(sidecarOf(first)).kill('SIGKILL');
  const second = await untilActive(stack, first.epoch + 1);
  await stack.program(sidecarOf(first)).start();
  await stack.program(HOME).restart();
  await untilActive(stack, second.epoch);
  await move(stack, 'maintenance');
  const third = await untilActive(stack, second.epoch + 1);
  const drain = stack.url('central-controller-west', `/api/v1/agents/${third.server_id}/drain`);
  await ask(stack, drain, { reason: 'upgrade' });
  await untilActive(stack, third.epoch + 1);
  return LINK;
}

/** A planned move is held by a freeze and made when that ends; its server dies in between all the same. */
async function held(stack: Stack): Promise<string> {
  const first = await untilActive(stack, 1);
  const until = (ms: number) => new Date(Date.now() + ms).toISOString();
  await ask(stack, api(stack, '/freeze'), { until: until(3_600_000), reason: 'month end' });
  await move(stack, 'maintenance');
  await waitFor(async () => (await getJson(api(stack, linkPath()))).body.version > first.version, {
    what: 'a move that is held',
    withinMs: STEP_MS,
  });
  await stack.program(sidecarOf(first)).kill('SIGKILL');
  const second = await untilActive(stack, first.epoch + 1);
  await ask(stack, api(stack, '/freeze'), { until: until(-1_000), reason: 'month end is over' });
  await move(stack, 'maintenance');
  await untilActive(stack, second.epoch + 1);
  return LINK;
}

/** The client dies with its application: the DR client takes over, and gives the link back to the client's next life. */
async function takeover(stack: Stack): Promise<string> {
  const untilCarriedBy = (client: string, fromEpoch: number) =>
    waitFor(
      async () => {
        const row = await untilActive(stack, fromEpoch);
        return row.client_id === client && row;
      },
      { what: `active through ${client}`, withinMs: STEP_MS },
    );
  const first = await untilCarriedBy('bank-client-1', 1);
  await Promise.all(DYING.map((name) => stack.program(name).kill('SIGKILL')));
  const second = await untilCarriedBy('bank-client-dr', first.epoch + 1);
  await Promise.all(DYING.map((name) => stack.program(name).start()));
  await waitFor(
    async () => {
      const { body } = await getJson(api(stack, linkPath('/events?limit=500')));
      return body.items.some(({ data }: { data: { reason: string } }) => data.reason === 'standby');
    },
    { what: 'a client that stands by', withinMs: STEP_MS },
  );
  await move(stack, 'the bank is well again');
  await untilCarriedBy('bank-client-1', second.epoch + 1);
  return LINK;
}

/** A session whose broker dies: it is taken up again on another one, and hung up. */
async function session(stack: Stack): Promise<string> {
  const echo = await startEcho();
  const open = await openSession(stack, echo.port);
  await stack.program(open.brokerId as Name).kill('SIGKILL');
  await open.controller.until('resumed');
  await hangUp(stack, open);
  echo.close();
  return open.id;
}

const ofOne = (id: string) => ['--connection', id];
const STORIES: Readonly<Record<string, Story>> = {
  moves: { start: linkStack, tell: moves },
  takeover: { start: drStack, tell: takeover, flags: ofOne },
  held: { start: linkStack, tell: held, flags: ofOne },
  session: { start: () => startSessionStack(), tell: session, flags: ofOne },
};

async function record(name: string, { start, tell, flags }: Story): Promise<void> {
  const stack = await start();
  try {
    const id = await tell(stack);
    const file = new URL(`${name}.ndjson`, import.meta.url).pathname;
    rmSync(file, { force: true });
    const { bank, scheme } = stack.regions;
    const where = ['--brokers', stack.kafkaBrokers, '--regions', `${bank},${scheme}`];
    const exported = trunkline('export', ...where, ...(flags?.(id) ?? []), file);
    process.stdout.write(exported.stdout + exported.stderr);
    const replayed = trunkline('replay', file, '--only-different');
    process.stdout.write(replayed.stdout + replayed.stderr);
    if (exported.status !== 0 || replayed.status !== 0) process.exitCode = 1;
  } finally {
    await stack.stop();
  }
}

const servers = await startServers();
process.env.TRUNKLINE_KAFKA_BROKERS = servers.kafkaBrokers;
process.env.TRUNKLINE_REDIS_URL = servers.redisUrl;
const wanted = process.argv.slice(2);
try {
  for (const [name, story] of Object.entries(STORIES)) {
    if (wanted.length === 0 || wanted.includes(name)) await record(name, story);
  }
} finally {
  await servers.clear();
}
process.exit();
