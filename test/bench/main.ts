// npm run bench [-- NAME…] [--samples 50] [--links 2000] [--sessions 1000] [--watch 2500] [--connections 100000] [--decisions 1000000] [--facts 30000] [--rounds 3] [--json FILE]: figures, their floors and ratios.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startServers } from '../support/servers.mjs';
import { consoleBenches } from './console/all.ts';
import { controlLoop } from './control-loop.ts';
import { dr } from './dr.ts';
import { factToCommand } from './fact-to-command.ts';
import { failover } from './failover.ts';
import { type Comparison, rowsOf } from './figures.ts';
import { mass } from './mass.ts';
import { peer } from './peer.ts';
import { projector } from './projector.ts';
import { rest } from './rest.ts';
import { SESSION_BENCHES, sessionBenches } from './sessions/all.ts';

const REPORT = fileURLToPath(new URL('../../.trunkline/bench.json', import.meta.url));
const LINK_BENCHES = [
  'latency',
  'loop',
  'projector',
  'peer',
  'mass',
  'failover',
  'dr',
  'rest',
  'console',
] as const;
const BENCHES = [...LINK_BENCHES, ...SESSION_BENCHES] as const;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /**
     * Of the failover; ten times as many of the latency and of the peer, two in five of the DR client; twice as many
     * sessions opened, three in five deaths of a broker, forty times as many round trips through a relay, and of each REST call.
     */
    samples: { type: 'string', default: '50' },
    facts: { type: 'string', default: '30000' },
    rounds: { type: 'string', default: '3' },
    /** Of the mass failover. */
    links: { type: 'string', default: '2000' },
    /** Idle ones at one broker. */
    sessions: { type: 'string', default: '1000' },
    /** In the registry that REST is asked about, and decisions on them. */
    connections: { type: 'string', default: '100000' },
    decisions: { type: 'string', default: '1000000' },
    /** How long each rate of a relay and of a REST call is watched, in milliseconds. */
    watch: { type: 'string', default: '2500' },
    /** Where the same goes as JSON. */
    json: { type: 'string', default: REPORT },
  },
});

// Whatever ends this process, its children end with it.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1));

async function main(): Promise<void> {
  const unknown = positionals.filter((name) => !BENCHES.includes(name as (typeof BENCHES)[number]));
  if (unknown.length > 0) throw new UsageError(`${unknown.join(', ')}: there is ${BENCHES.join(', ')}`);
  const chosen = (name: (typeof BENCHES)[number]) => positionals.length === 0 || positionals.includes(name);
  const [samples, facts, rounds, links] = [whole('samples'), whole('facts'), whole('rounds'), whole('links')];
  const sessions = whole('sessions');
  // Its Redis is always its own: the registry there is emptied.
  const { TRUNKLINE_KAFKA_BROKERS: given } = process.env;
  const servers = await startServers({ kafka: given === undefined });
  const brokers = given ?? servers.kafkaBrokers;
  process.env.TRUNKLINE_KAFKA_BROKERS = brokers;
  process.env.TRUNKLINE_REDIS_URL = servers.redisUrl;
  const kafkaLogs = given === undefined ? { kafkaLogs: join(servers.layout.data, 'kafka/logs') } : {};
  const options = { brokers, redisUrl: `${servers.redisUrl}/1000`, samples, rounds, ...kafkaLogs };
  const results: Comparison[] = [];
  try {
    if (chosen('latency')) results.push(await factToCommand({ ...options, samples: samples * 10 }));
    if (chosen('loop') || chosen('projector')) {
      const run = await controlLoop(options, facts);
      results.push(run.comparison);
      if (chosen('projector')) results.push(await projector(options, run.region));
    }
    if (chosen('peer')) results.push(await peer({ ...options, samples: samples * 10 }));
    if (chosen('mass')) results.push(...(await mass(options, links)));
    if (chosen('failover')) results.push(await failover(options));
    if (chosen('dr')) results.push(await dr({ ...options, samples: Math.ceil(samples * 0.4) }));
    if (chosen('rest')) {
      const size = { connections: whole('connections'), decisions: whole('decisions') };
      results.push(...(await rest({ ...options, ...size, samples: samples * 40, watchMs: whole('watch') })));
    }
    if (chosen('console')) results.push(...(await consoleBenches(options)));
    results.push(
      ...(await sessionBenches(SESSION_BENCHES.filter(chosen), {
        ...options,
        sessions,
        watchMs: whole('watch'),
      })),
    );
  } finally {
    await servers.clear();
  }
  report(results);
}

/** Wrong flags: one line says which, and what is allowed. */
class UsageError extends Error {}

type Count = 'samples' | 'facts' | 'rounds' | 'links' | 'sessions' | 'watch' | 'connections' | 'decisions';

function whole(option: Count): number {
  const given = Number(values[option]);
  if (Number.isSafeInteger(given) && given > 0) return given;
  throw new UsageError(`--${option} is "${values[option]}": give a whole number from 1`);
}

function report(results: readonly Comparison[]): void {
  console.table(results.flatMap(rowsOf));
  for (const { name, floorIs, aims, notes } of results) {
    console.log(`${name}; floor: ${floorIs}`);
    for (const [what, seen] of Object.entries(notes ?? {})) console.log(`  ${what}: ${JSON.stringify(seen)}`);
    for (const { what, met } of aims) console.log(`  ${met ? 'met ' : 'MISSED'} ${what}`);
  }
  const machine = { cpus: cpus().length, model: cpus()[0]?.model, node: process.version };
  mkdirSync(dirname(values.json), { recursive: true });
  writeFileSync(
    values.json,
    `${JSON.stringify({ at: new Date().toISOString(), machine, results }, null, 2)}\n`,
  );
  console.log(`as JSON: ${values.json}`);
}

try {
  await main();
} catch (error) {
  console.error(error instanceof UsageError ? error.message : error);
  process.exit(1);
}
process.exit(0);
