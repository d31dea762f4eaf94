#!/usr/bin/env node
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const BUILT = new URL('../dist/apps/cli/src/main.js', import.meta.url);
const { version, description } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
);

/** @param {string} what is to be mended, and how */
function fail(what) {
  console.error(`trunkline: ${what}`);
  // As a command that cannot read what it needs: 1 would say that something was found.
  process.exit(3);
}

try {
  await import('commander');
} catch (error) {
  if (error?.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  fail('its dependencies are not installed: run npm ci in the clone first');
}
if (!existsSync(BUILT)) fail('it is not built yet: run npm run build in the clone first');
const { main } = await import(BUILT.href);
await main({ version, description, stackHome: fileURLToPath(new URL('../.trunkline', import.meta.url)) });
