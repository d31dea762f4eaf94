// node -C source --import ./test/support/typescript.mjs test/support/console/images.ts: takes the README's pictures of the console
// anew, into docs/images: of the stage, with links that move.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { ROOT } from '../../../deploy/local/paths.mjs';
import { waitFor } from '../wait-for.ts';
import { launchBrowser } from './browser.ts';
import { DESKTOP, openPage, type PageOptions, PHONE } from './page.ts';
import { Stage } from './stage.ts';

const FOLDER = join(ROOT, 'docs/images');
/** Of WebP; text stays sharp. */
const QUALITY = 90;
/** Of a picture, in bytes. */
const LARGEST_BYTES = 250 * 1024;

/** A machine of tests has few fonts; the pictures are taken with the one that came with the browser. */
function useBrowsersFont(): void {
  const require = createRequire(import.meta.url);
  const root = dirname(dirname(dirname(require.resolve('@sparticuz/chromium'))));
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-fonts-'));
  const packed = brotliDecompressSync(readFileSync(join(root, 'bin/fonts.tar.br')));
  spawnSync('tar', ['x', '-C', folder], { input: packed });
  const alias = (family: string, font = 'Open Sans') =>
    `<alias binding="same"><family>${family}</family><prefer><family>${font}</family></prefer></alias>`;
  writeFileSync(
    join(folder, 'fonts.conf'),
    `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><dir>${folder}/fonts</dir>
    <dir>/usr/share/fonts</dir><cachedir>${folder}/cache</cachedir>${alias('system-ui')}${alias('sans-serif')}${alias('monospace', 'DejaVu Sans Mono')}</fontconfig>`,
  );
  process.env.FONTCONFIG_FILE = join(folder, 'fonts.conf');
}

async function take(page: Page, name: string): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: QUALITY });
  const bytes = Buffer.from(data, 'base64');
  if (bytes.length > LARGEST_BYTES) throw new Error(`${name} has ${bytes.length} bytes`);
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, name), bytes);
  console.log(`${name}: ${bytes.length} bytes`);
}

async function overview(browser: Browser, stage: Stage, name: string, options: PageOptions): Promise<void> {
  const { page, close } = await openPage(browser, stage.url, {
    ...options,
    token: await stage.token('operator', 'ann'),
  });
  await page.goto(stage.url);
  await page
    .getByRole('banner')
    .getByText(/^live$/i)
    .waitFor();
  await page.getByRole('main').getByText('bank-client-01').first().waitFor();
  const { world, operations } = stage;
  for (const [n, reason] of ['keepalive-timeout', 'peer-reset', 'peer-reset'].entries()) {
    const link = world.standing().at(17 * (n + 3));
    if (link) operations.move(link, reason);
    await stage.settled();
  }
  await waitFor(async () => (await page.getByText('Failover completed').count()) >= 3, {
    what: 'three moves',
  });
  await take(page, name);
  await close();
}

async function connection(browser: Browser, stage: Stage): Promise<void> {
  const moved = [...stage.world.connections.values()].find(
    ({ row }) => row.phase === 'active' && row.epoch === 2 && row.kind === 'link',
  );
  const { page, close } = await openPage(browser, stage.url, {
    ...DESKTOP,
    token: await stage.token('operator', 'ann'),
  });
  await page.goto(`${stage.url}/#/connections/${encodeURIComponent(moved?.id ?? '')}`);
  await page
    .getByText(/first cause/i)
    .first()
    .waitFor();
  await page.locator('canvas').first().waitFor();
  await take(page, 'console-connection.webp');
  await close();
}

useBrowsersFont();
const stage = await Stage.start({ links: 200 });
const browser = await launchBrowser();
await overview(browser, stage, 'console-overview.webp', { ...DESKTOP, theme: 'dark' });
await connection(browser, stage);
await overview(browser, stage, 'console-phone.webp', { ...PHONE, theme: 'dark' });
await browser.close();
await stage.stop();
process.exit(0);
