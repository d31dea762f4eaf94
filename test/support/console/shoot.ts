// node -C source --import ./test/support/typescript.mjs test/support/console/shoot.ts --path '/#/connections' --out /tmp/x.png
//   [--width 1440] [--height 900] [--theme dark] [--role operator] [--connections 200] [--url http://…] [--click SELECTOR]
//   [--keys '?'] [--wait 800] [--full]: a picture of the console on a stage of its own, or of the one at --url.
import { parseArgs } from 'node:util';
import { launchBrowser } from './browser.ts';
import { openPage } from './page.ts';
import { Stage } from './stage.ts';

const { values } = parseArgs({
  options: {
    path: { type: 'string', default: '/' },
    out: { type: 'string', default: 'console.png' },
    width: { type: 'string', default: '1440' },
    height: { type: 'string', default: '900' },
    theme: { type: 'string', default: 'light' },
    role: { type: 'string' },
    /** Instead of a role's, for a page at --url. */
    token: { type: 'string' },
    connections: { type: 'string', default: '200' },
    url: { type: 'string' },
    /** What is clicked before the picture is taken. */
    click: { type: 'string', multiple: true },
    /** What is pressed then, one key after the other, with spaces between. */
    keys: { type: 'string' },
    /** Milliseconds for it to come to rest. */
    wait: { type: 'string', default: '800' },
    /** All of the page, not only what fits. */
    full: { type: 'boolean', default: false },
  },
});

const stage = values.url === undefined ? await Stage.start({ links: Number(values.connections) }) : undefined;
const url = values.url ?? stage?.url ?? '';
const token = values.token ?? (await stage?.token(values.role === 'operator' ? 'operator' : 'viewer'));
const browser = await launchBrowser();
const { page, errors, strangers } = await openPage(browser, url, {
  width: Number(values.width),
  height: Number(values.height),
  theme: values.theme === 'dark' ? 'dark' : 'light',
  ...(token !== undefined && (values.role ?? values.token) !== undefined && { token }),
});
await page.goto(`${url}${values.path}`);
await page.waitForTimeout(Number(values.wait));
for (const selector of values.click ?? []) await page.click(selector);
for (const key of values.keys?.split(' ') ?? []) await page.keyboard.press(key);
if (values.click || values.keys) await page.waitForTimeout(Number(values.wait));
await page.screenshot({ path: values.out, fullPage: values.full });
console.log(values.out);
for (const line of [...errors, ...strangers]) console.log(`! ${line}`);
await browser.close();
await stage?.stop();
process.exit(0);
