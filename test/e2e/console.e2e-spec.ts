import { jest } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../support/console/browser.ts';
import { openPage, type PageOptions, PHONE, type Watched } from '../support/console/page.ts';
import { type Name, type Stack, startStack } from '../support/stack.ts';
import { causeOf, serverLost } from './support/explained.ts';
import { CONTROLLER, LINK, sidecarOf, untilActive } from './support/spine.ts';

jest.setTimeout(300_000);
const PROGRAMS: readonly Name[] = [
  ...([CONTROLLER, 'central-controller-west', 'client-sidecar-1', 'iso-client-1'] as const),
  ...(['server-sidecar-1', 'server-sidecar-2', 'server-sidecar-3'] as const),
  ...(['iso-server-1', 'iso-server-2', 'iso-server-3'] as const),
];
const PATH = `/#/connections/${encodeURIComponent(LINK)}`;

describe('the console on a local stack', () => {
  let stack: Stack;
  let browser: Browser;
  const opened: Watched[] = [];

  beforeAll(async () => {
    [stack, browser] = await Promise.all([
      startStack({ programs: PROGRAMS, env: { 'iso-client-1': { TRUNKLINE_SIMULATOR_RATE: '5' } } }),
      launchBrowser(),
    ]);
    await untilActive(stack);
  });
  afterEach(async () => {
    for (const { close, errors, strangers } of opened.splice(0)) {
      await close();
      // A busy machine's controller may ask the page to come again; the page does, or the test above fails.
      expect([...errors.filter((line) => !/status of 503/.test(line)), ...strangers]).toEqual([]);
    }
  });
  afterAll(async () => {
    await browser?.close();
    await stack?.stop();
  });

  async function open(path: string, options: PageOptions = {}) {
    const watched = await openPage(browser, stack.url(CONTROLLER, ''), options);
    opened.push(watched);
    await watched.page.goto(stack.url(CONTROLLER, path));
    return watched.page;
  }

  it('shows within the open page that a link moved when its server was killed, and why', async () => {
    const before = await untilActive(stack);
    const [list, one, phone] = [await open('/#/connections'), await open(PATH), await open(PATH, PHONE)];
    for (const page of [list, one, phone]) {
      await page
        .getByRole('main')
        .getByText(before.server_id ?? '')
        .first()
        .waitFor();
    }
    await sidecarOf(stack, before).kill('SIGKILL');
    const after = await untilActive(stack, before.epoch + 1);
    expect(after.server_id).not.toBe(before.server_id);
    const row = list.getByRole('row').filter({ hasText: LINK });
    await row.getByText(after.server_id ?? '').waitFor();
    const cause = await causeOf(stack);
    expect(cause).toMatchObject(serverLost(before));
    for (const page of [one, phone]) {
      const main = page.getByRole('main');
      await main.getByText(cause.text).first().waitFor();
      await main
        .getByText(/failover.completed/i)
        .first()
        .waitFor();
    }
    await sidecarOf(stack, before).start();
  });

  it('moves the link as an operator asks on the page, who and why in the log, and shows it where it was before', async () => {
    const before = await untilActive(stack);
    const page = await open(PATH, { token: stack.token });
    const main = page.getByRole('main');
    await main
      .getByText(before.server_id ?? '')
      .first()
      .waitFor();
    const at = new Date().toISOString();
    await main.getByRole('button', { name: /^move/i }).click();
    await page
      .getByRole('dialog')
      .getByRole('textbox', { name: /reason/i })
      .fill('patch night');
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /ask for the move/i })
      .click();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    const after = await untilActive(stack, before.epoch + 1);
    expect(after.server_id).not.toBe(before.server_id);
    await main
      .getByText(/patch night/)
      .first()
      .waitFor();
    await main
      .getByText(after.server_id ?? '')
      .first()
      .waitFor();
    const then = await open(`/#/connections?at=${at}`);
    const row = then.getByRole('row').filter({ hasText: LINK });
    await row.getByText(before.server_id ?? '').waitFor();
    await then.keyboard.press('l');
    await row.getByText(after.server_id ?? '').waitFor();
  });
});
