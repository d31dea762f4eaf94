// node tools/asyncapi.mjs: writes docs/asyncapi.json and docs/messages.md from libs/contracts.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ensureBuild } from '../deploy/local/build.mjs';
import { asyncApi } from './asyncapi/document.mjs';
import { messageTables } from './asyncapi/tables.mjs';
import { typeSchemas } from './asyncapi/types.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

/**
 * The documents' files and texts.
 * @param {typeof import('../libs/contracts/src/index.ts')} contracts
 */
export function documents(contracts) {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const types = typeSchemas(ROOT, 'libs/contracts/src/index.ts');
  const document = asyncApi(contracts, types, goldens(), version);
  return {
    'docs/asyncapi.json': `${JSON.stringify(document, null, 2)}\n`,
    'docs/messages.md': messageTables(contracts, document),
  };
}

function goldens() {
  const folder = join(ROOT, 'libs/contracts/golden');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => {
      const record = JSON.parse(readFileSync(join(folder, file), 'utf8'));
      const name = file.slice(file.lastIndexOf('/') + 1, -'.json'.length);
      return { ...record, name, data: JSON.parse(record.value) };
    });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { dir } = ensureBuild(ROOT);
  const contracts = await import(pathToFileURL(join(dir, 'libs/contracts/src/index.js')).href);
  for (const [file, text] of Object.entries(documents(contracts))) {
    mkdirSync(dirname(join(ROOT, file)), { recursive: true });
    writeFileSync(join(ROOT, file), text);
  }
}
