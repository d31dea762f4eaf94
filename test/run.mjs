import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { reasonFor, StackError } from '../deploy/local/errors.mjs';
import { ROOT } from '../deploy/local/paths.mjs';
import { checkNode, findJava } from '../deploy/local/preflight.mjs';
import { ensureDependencies } from '../deploy/local/setup.mjs';
import { startServers } from './support/servers.mjs';

/**
 * `npm test`: does its own set-up, type-checks, runs the tests against a real Kafka and a real Redis on free
 * ports, and ends in one line, `N passed, N failed`. `npm test -- unit` runs one kind of tests alone; `npm run
 * test:long` runs all of them in their long forms, and the suites that are long by themselves.
 */
const KINDS = ['unit', 'integration', 'e2e'];
/** Not in `npm test`. */
const LONG = 'long';
/** Kinds that start whole programs. */
const WHOLE = ['e2e', LONG];
/** How far tests stand back that run beside whole programs: a tenth of a processor that both want. */
const BESIDE_NICE = 10;
/** Their workers are other ones than those of the whole programs (support/servers.mjs). */
const WORKERS_BESIDE = { TRUNKLINE_TEST_WORKERS_BESIDE: '4' };

/** The programs, and the page, which has the browser's types. */
const TYPED = ['tsconfig.json', 'apps/console/tsconfig.json'];

/** @typedef {{passed: number, failed: number}} Tally */

/**
 * @param {string[]} args of node
 * @param {{env?: NodeJS.ProcessEnv, isBeside?: boolean}} [how] beside others: it stands back, and is printed at its end
 * @returns {Promise<number>} exit code
 */
function node(args, { env = process.env, isBeside = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: isBeside ? 'pipe' : 'inherit' });
    /** @type {Buffer[]} */
    const printed = [];
    for (const output of [child.stdout, child.stderr]) output?.on('data', (bytes) => printed.push(bytes));
    if (isBeside && child.pid !== undefined) setPriority(child.pid, BESIDE_NICE);
    child.on('close', (code) => {
      process.stdout.write(Buffer.concat(printed));
      resolve(code ?? 1);
    });
  });
}

/** @returns {Promise<Tally>} */
async function typecheck() {
  console.log('\n== types');
  let tally = { passed: 0, failed: 0 };
  for (const project of TYPED) {
    const code = await node(['node_modules/@typescript/native/bin/tsc', '--noEmit', '-p', project]);
    tally = code === 0 ? { ...tally, passed: tally.passed + 1 } : { ...tally, failed: tally.failed + 1 };
  }
  return tally;
}

/**
 * @param {string[]} kinds
 * @param {{workers: number, env: NodeJS.ProcessEnv, isBeside?: boolean}} how
 * @returns {Promise<Tally>}
 */
async function jest(kinds, { workers, env, isBeside = false }) {
  if (kinds.length === 0) return { passed: 0, failed: 0 };
  console.log(`\n== ${kinds.join(', ')}${isBeside ? ', beside them: printed when it has ended' : ''}`);
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-results-'));
  const results = join(folder, 'results.json');
  const flags = ['--json', `--outputFile=${results}`, '--passWithNoTests', `--maxWorkers=${workers}`];
  const jestBin = 'node_modules/jest/bin/jest.js';
  const quiet = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const code = await node([...quiet, jestBin, '--selectProjects', ...kinds, ...flags], { env, isBeside });
  try {
    const report = JSON.parse(readFileSync(results, 'utf8'));
    const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
    return { passed: report.numPassedTests, failed: failed === 0 && code !== 0 ? 1 : failed };
  } catch {
    return { passed: 0, failed: 1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Tests with a real Kafka share the processors; whole programs come one test file at a time, as two at once take each
 * nearly twice as long, and programs on a full machine miss their deadlines. What they leave of the processors while
 * they wait goes to the unit tests.
 * @param {string[]} kinds
 * @returns {Promise<Tally[]>}
 */
async function tests(kinds) {
  const servers = kinds.some((kind) => kind !== 'unit') ? await startServers() : undefined;
  const { kafkaBrokers, redisUrl } = servers ?? {};
  const env = {
    ...process.env,
    ...(servers && { TRUNKLINE_KAFKA_BROKERS: kafkaBrokers, TRUNKLINE_REDIS_URL: redisUrl }),
    ...(kinds.includes(LONG) && { TRUNKLINE_TEST_LENGTH: 'long' }),
  };
  const whole = kinds.filter((kind) => WHOLE.includes(kind));
  const beside = whole.length > 0 ? kinds.filter((kind) => kind === 'unit') : [];
  const first = kinds.filter((kind) => ![...whole, ...beside].includes(kind));
  try {
    const tally = await jest(first, { workers: 2, env });
    const others = await Promise.all([
      jest(whole, { workers: 1, env }),
      jest(beside, { workers: 1, env: { ...env, ...WORKERS_BESIDE }, isBeside: true }),
    ]);
    return [tally, ...others];
  } finally {
    await servers?.clear();
  }
}

async function main() {
  const asked = process.argv.slice(2);
  const known = [...KINDS, LONG];
  const unknown = asked.filter((kind) => !known.includes(kind));
  if (unknown.length > 0) throw new StackError(`npm test [-- ${known.join('|')}]: not ${unknown.join(' ')}`);
  checkNode();
  findJava();
  await ensureDependencies(console.log);
  const tallies = [await typecheck(), ...(await tests(asked.length > 0 ? asked : KINDS))];
  const passed = tallies.reduce((sum, tally) => sum + tally.passed, 0);
  const failed = tallies.reduce((sum, tally) => sum + tally.failed, 0);
  return { passed, failed };
}

/** @type {Tally} */
let tally = { passed: 0, failed: 1 };
try {
  tally = await main();
} catch (error) {
  console.error(`npm test: ${reasonFor(error)}`);
}
process.exitCode = tally.failed === 0 ? 0 : 1;
console.log(`\n${tally.passed} passed, ${tally.failed} failed`);
