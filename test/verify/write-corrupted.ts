// node --import ./test/bench/typescript.mjs test/verify/write-corrupted.ts: test/verify/corrupted/*.ndjson, out of clean.ndjson.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { CORRUPTIONS, corrupted } from './corruptions.ts';

const HERE = new URL('.', import.meta.url);
const clean = readFileSync(new URL('clean.ndjson', HERE), 'utf8');
const folder = new URL('corrupted/', HERE);

mkdirSync(folder, { recursive: true });
for (const name of readdirSync(folder)) rmSync(new URL(name, folder));
for (const [name, corruption] of Object.entries(CORRUPTIONS)) {
  writeFileSync(new URL(`${name}.ndjson`, folder), corrupted(clean, corruption));
  console.log(`${name}: ${corruption.how}`);
}
