// node test/bench/validation.mjs: what it costs to validate a message, against class-validator and JSON.parse.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuild } from '../../deploy/local/build.mjs';

const BATCHES = 7;
const BATCH_MS = 150;

const { dir } = ensureBuild();
const { parseMessage, messageDefinition } = await import(join(dir, 'libs/contracts/src/index.js'));
const { referenceProblems } = await import(join(dir, 'libs/contracts/src/validation/reference.js'));

/** @param {string} file */
function golden(file) {
  const url = new URL(`../../libs/contracts/golden/${file}.json`, import.meta.url);
  return JSON.parse(JSON.parse(readFileSync(url, 'utf8')).value);
}

/** Median microseconds of a call, of batches of a fixed time. @param {() => void} call */
function microseconds(call) {
  const costs = [];
  for (let batch = 0; batch <= BATCHES; batch++) {
    const begin = performance.now();
    let calls = 0;
    do call();
    while (++calls % 8 !== 0 || performance.now() - begin < BATCH_MS);
    // The first batch warms up.
    if (batch > 0) costs.push(((performance.now() - begin) * 1000) / calls);
  }
  return costs.sort((a, b) => a - b)[BATCHES >> 1] ?? Number.NaN;
}

/** @param {number} count */
function reportOf(count) {
  const report = golden('reports/health-report');
  const [sample] = report.connections;
  const connections = Array.from({ length: count }, (_, index) => ({
    ...sample,
    connection_id: `bank-client-${index}:primary`,
  }));
  return { ...report, connections };
}

const cases = [
  ...[1, 50, 500].map((count) => ({
    name: 'health-report',
    label: `health-report, ${count}`,
    data: reportOf(count),
  })),
  ...['connection-request', 'connection-lost', 'command-succeeded'].map((name) => ({
    name,
    label: name,
    data: golden(`facts/${name}`),
  })),
];

const rows = cases.map(({ name, label, data }) => {
  const { schema } = messageDefinition(name);
  const text = JSON.stringify(data);
  const reference = microseconds(() => {
    if (referenceProblems(schema, data).length > 0) throw new Error(`${name} should be valid`);
  });
  const compiled = microseconds(() => {
    if (!parseMessage(name, data).ok) throw new Error(`${name} should be valid`);
  });
  const parse = microseconds(() => JSON.parse(text));
  return {
    message: label,
    'class-validator µs': reference.toFixed(1),
    'compiled µs': compiled.toFixed(2),
    'times faster': (reference / compiled).toFixed(0),
    'JSON.parse µs': parse.toFixed(2),
    'compiled, messages/s': Math.round(1e6 / compiled),
  };
});
if (process.argv.includes('--json')) console.log(JSON.stringify(rows, null, 2));
else console.table(rows);
