import { execFileSync } from 'node:child_process';
import { chmodSync, createReadStream, createWriteStream, existsSync, renameSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import { type Browser, chromium } from 'playwright-core';

/** No sandbox: tests run as root in containers. The rest keeps the browser from talking to anybody but the page. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
  '--font-render-hinting=none',
];
const PACKAGE = '@sparticuz/chromium';

/** A headless Chromium: the machine's own where there is one, else the one that npm brought. */
export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: await chromiumPath(), args: FLAGS });
}

/** @returns the program of a Chromium. */
export async function chromiumPath(): Promise<string> {
  return installed() ?? (await unpacked());
}

function installed(): string | undefined {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    } catch {
      // There is none of that name.
    }
  }
  return undefined;
}

/**
 * The package's own `executablePath` takes for whole what another process is still writing, and tests of several files
 * begin at the same time: here a name is given only to what is whole.
 */
async function unpacked(): Promise<string> {
  const require = createRequire(import.meta.url);
  const root = dirname(dirname(dirname(require.resolve(PACKAGE))));
  const { version } = require(join(root, 'package.json')) as { version: string };
  const path = join(tmpdir(), `trunkline-chromium-${version}`);
  if (existsSync(path)) return path;
  const beside = `${path}.${process.pid}`;
  await pipeline(
    createReadStream(join(root, 'bin/chromium.br')),
    createBrotliDecompress(),
    createWriteStream(beside),
  );
  chmodSync(beside, 0o755);
  renameSync(beside, path);
  return path;
}
