import { readFileSync } from 'node:fs';
import * as contracts from '#libs/contracts';
import * as log from '#libs/log';
import * as pki from '#libs/pki';
import { ensureBuild } from '../../deploy/local/build.mjs';
import type { Layout } from '../../deploy/local/paths.mjs';
import { isAlive, logFile, readRecord, signal, stop } from '../../deploy/local/processes.mjs';
import { type Name, PORTS, type Program, programsOf, type Site } from '../../deploy/local/programs.mjs';
import { writeBrokerLists } from '../../deploy/local/sessions.mjs';
import { ensureSecrets, ensureTopics } from '../../deploy/local/site.mjs';
import { startProgram, untilReady } from '../../deploy/local/supervise.mjs';
import { redisCommand } from './redis.ts';
import { freePort, guardedHome, type Servers, startServers } from './servers.mjs';
import { waitFor } from './wait-for.ts';

export type { Name, Servers };

/** Variables of a program on top of its own; undefined: it is not set. */
export type Variables = Readonly<Record<string, string | undefined>>;

export interface StackOptions {
  /** Which programs run; absent: all of the local stack. */
  readonly programs?: readonly Name[];
  /** Variables on top of those that the local stack gives each program. */
  readonly env?: { readonly [name in Name]?: Variables };
  /** Variables on top, for every program. */
  readonly envOfAll?: Variables;
  /** A Kafka or Redis of its own, which the test may stop; absent: those that all tests share. */
  readonly own?: { readonly kafka?: boolean; readonly redis?: boolean };
  /** False: nothing is started yet; `program(name).start()` does. */
  readonly start?: boolean;
}

/** One process of a stack, by the name it has in the local stack. */
export interface Handle {
  readonly name: Name;
  /** The pid of its present life, or of its last. */
  readonly pid: number;
  readonly logFile: string;
  port(purpose: string): number;
  alive(): boolean;
  /** Sends a signal; after SIGKILL and SIGTERM waits until the process is gone. */
  kill(kind: NodeJS.Signals): Promise<void>;
  /** Starts it, with more variables if wanted, and waits until it is ready. */
  start(env?: Variables): Promise<void>;
  restart(env?: Variables): Promise<void>;
  waitReady(): Promise<void>;
  /** What it has written to its log. */
  log(): string;
}

export interface Stack {
  readonly site: Site;
  readonly layout: Layout;
  /** Names of its control regions; no other stack has them. */
  readonly regions: { readonly bank: string; readonly scheme: string };
  readonly kafkaBrokers: string;
  readonly redisUrl: string;
  /** What the environment of the tests names, or the stack's own. */
  readonly servers: Servers | undefined;
  /** Bearer token of its controllers. */
  readonly token: string;
  /** Its programs, in the order of their start. */
  readonly names: readonly Name[];
  program(name: Name): Handle;
  /** `http://127.0.0.1:<port>` and the path. */
  url(name: Name, path: string): string;
  /** Ends every process and removes its folder. */
  stop(): Promise<void>;
}

/** A machine that runs other tests beside this one is slow. */
const READY_MS = 180_000;

let stacks = 0;

/** Starts programs of the local stack on free ports, with region names, certificates and a folder of their own. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const { dir } = ensureBuild();
  const { layout, clear } = guardedHome('stack');
  let servers: Servers | undefined;
  try {
    if (options.own) servers = await startServers(options.own);
    const site = await siteOf(layout, dir, servers, options.own ?? {});
    await ensureSecrets(site, { contracts, log, pki });
    writeBrokerLists(site);
    await ensureTopics(site, { contracts, log, pki });
    const programs = programsOf(site).filter(({ name }) => options.programs?.includes(name) ?? true);
    const handles = new Map(programs.map((program) => [program.name, handleOf(site, program, options)]));
    const end = async () => {
      await clear();
      await servers?.clear();
    };
    const stack = stackOf(site, servers, handles, end);
    if (options.start !== false) await Promise.all([...handles.values()].map((handle) => handle.start()));
    return stack;
  } catch (error) {
    await clear();
    await servers?.clear();
    throw error;
  }
}

async function siteOf(
  layout: Layout,
  build: string,
  servers: Servers | undefined,
  own: NonNullable<StackOptions['own']>,
): Promise<Site> {
  const ports = new Map<string, number>();
  for (const [name, purposes] of Object.entries(PORTS)) {
    for (const purpose of Object.keys(purposes)) ports.set(`${name}/${purpose}`, await freePort());
  }
  stacks += 1;
  const unique = `t${process.pid}${Date.now().toString(36)}${stacks}`;
  const redisUrl = own.redis === true && servers ? servers.redisUrl : required('TRUNKLINE_REDIS_URL');
  return {
    layout,
    build,
    kafkaBrokers: own.kafka === true && servers ? servers.kafkaBrokers : required('TRUNKLINE_KAFKA_BROKERS'),
    redisUrl: await ownDatabase(redisUrl),
    regions: { bank: `${unique}-east`, scheme: `${unique}-west` },
    portOf: (name, purpose) => ports.get(`${name}/${purpose}`) ?? missing(`port ${purpose} of ${name}`),
  };
}

/** Databases are handed out by Redis itself, so that tests of other processes get others. */
async function ownDatabase(redisUrl: string): Promise<string> {
  const database = await redisCommand(redisUrl, 'INCR', 'trunkline-test:databases');
  return `${redisUrl.replace(/\/\d*$/, '')}/${Number(database)}`;
}

function stackOf(
  site: Site,
  servers: Servers | undefined,
  handles: ReadonlyMap<Name, Handle>,
  end: () => Promise<void>,
): Stack {
  const program = (name: Name) => handles.get(name) ?? missing(`${name} among the programs of this stack`);
  return {
    site,
    layout: site.layout,
    regions: site.regions,
    kafkaBrokers: site.kafkaBrokers,
    redisUrl: site.redisUrl,
    servers,
    token: readFileSync(site.layout.token, 'utf8').trim(),
    names: [...handles.keys()],
    program,
    url: (name, path) => `http://127.0.0.1:${healthPort(site, name)}${path}`,
    stop: end,
  };
}

function handleOf(site: Site, base: Program, options: StackOptions): Handle {
  const { layout } = site;
  const { name } = base;
  const record = () => readRecord(layout, name);
  const handle: Handle = {
    name,
    logFile: logFile(layout, name),
    get pid() {
      return record()?.pid ?? missing(`a process of ${name}`);
    },
    port: (purpose) => site.portOf(name, purpose),
    alive: () => isAlive(record()),
    async kill(kind) {
      const who = record();
      if (!who || !signal(who, kind)) throw new Error(`${name} does not run`);
      if (kind !== 'SIGKILL' && kind !== 'SIGTERM') return;
      await waitFor(() => !isAlive(who), { what: `the end of ${name}` });
    },
    async start(env = {}) {
      if (isAlive(record())) throw new Error(`${name} runs already`);
      const added = { ...options.envOfAll, ...options.env?.[name], ...env };
      startProgram(layout, { ...base, env: set({ ...base.env, ...added }) });
      await handle.waitReady();
    },
    async restart(env) {
      const who = record();
      if (who) await stop([who], 5_000);
      await handle.start(env);
    },
    async waitReady() {
      try {
        await untilReady(layout, base, READY_MS);
      } catch (error) {
        throw new Error(`${(error as Error).message}\n${tail(handle.log())}`);
      }
    },
    log: () => readFileSync(handle.logFile, 'utf8'),
  };
  return handle;
}

function tail(text: string): string {
  return text.trim().split('\n').slice(-20).join('\n');
}

function healthPort(site: Site, name: Name): number {
  const purposes = Object.keys(PORTS[name]);
  const purpose = ['http', 'admin', 'control'].find((one) => purposes.includes(one));
  return site.portOf(name, purpose ?? missing(`an HTTP port of ${name}`));
}

function required(variable: string): string {
  return process.env[variable] ?? missing(`${variable} in the environment`);
}

function missing(what: string): never {
  throw new Error(`there is no ${what}`);
}

function set(variables: Variables): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
