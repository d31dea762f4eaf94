import type { Page } from 'playwright-core';
import { PHONE } from '../../support/console/page.ts';
import { useConsole } from '../../support/console/suite.ts';
import { waitFor } from '../../support/wait-for.ts';

const LINKS = 10_000;
/** As many rows as stand in sight on a large screen, and some beside. */
const MOST_ROWS = 120;

describe('the console, with 10,000 connections', () => {
  const suite = useConsole({ links: LINKS, sessions: 8 });
  const total = LINKS + 8;
  const grid = (page: Page) => page.getByRole('grid', { name: 'Connections' });
  const rows = (page: Page) => page.getByRole('row').count();
  const isWhole = (page: Page) =>
    waitFor(async () => (await grid(page).getAttribute('aria-rowcount')) === String(total + 1), {
      what: `${total} connections`,
    });
  const rowOf = (page: Page, id: string) =>
    page.getByRole('row').filter({ has: page.getByText(id, { exact: true }) });
  const sorted = () => [...suite.stage.world.sortedIds];

  it('has only those rows that are in sight, and the last one is reached by a key and by scrolling', async () => {
    const page = await suite.open('/#/connections');
    await isWhole(page);
    expect(await rows(page)).toBeLessThan(MOST_ROWS);
    const last = sorted().at(-1) ?? '';
    await grid(page).focus();
    await page.keyboard.press('End');
    await rowOf(page, last).waitFor();
    expect(await rows(page)).toBeLessThan(MOST_ROWS);
    await page.keyboard.press('Home');
    await rowOf(page, sorted()[0] ?? '').waitFor();
    await grid(page).hover();
    await waitFor(async () => {
      await page.mouse.wheel(0, 200_000);
      return (await rowOf(page, last).count()) > 0;
    });
    expect(await rows(page)).toBeLessThan(MOST_ROWS);
  });

  it('finds one of them by typing, opens it by Enter, and finds it again by its address alone', async () => {
    const id = sorted()[7_777] ?? '';
    const page = await suite.open('/');
    await page
      .getByRole('banner')
      .getByText(/^live$/i)
      .waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type(id);
    await page.getByRole('option', { name: id }).first().waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: id }).waitFor();
    const again = await suite.open(new URL(page.url()).hash.replace('#', '/#'));
    await again.getByRole('heading', { level: 1, name: id }).waitFor();
  });

  it('filters and sorts by what stands in the address, which a link carries along', async () => {
    const page = await suite.open('/#/connections');
    await isWhole(page);
    await page.getByRole('searchbox').fill('bank-client-07:');
    await waitFor(() => page.url().includes('q=bank-client-07'), { what: 'the filter in the address' });
    const of7 = sorted().filter((id) => id.startsWith('bank-client-07:'));
    const shows = (count: number, where: Page) =>
      waitFor(async () => (await grid(where).getAttribute('aria-rowcount')) === String(count + 1), {
        what: `${count} rows`,
      });
    await shows(of7.length, page);
    await page.getByRole('columnheader', { name: /epoch/i }).getByRole('button').click();
    await page.getByRole('columnheader', { name: /epoch/i }).getByRole('button').click();
    await waitFor(() => page.url().includes('sort=-epoch'), { what: 'the order in the address' });
    const there = await suite.open(new URL(page.url()).hash.replace('#', '/#'));
    await shows(of7.length, there);
    expect(await there.getByRole('searchbox').inputValue()).toBe('bank-client-07:');
    const first = await there.getByRole('row').nth(1).textContent();
    const highest = Math.max(...of7.map((id) => suite.stage.world.connections.get(id)?.row.epoch ?? 0));
    const mostMoved = of7.filter((id) => suite.stage.world.connections.get(id)?.row.epoch === highest);
    expect(mostMoved.some((id) => first?.includes(id))).toBe(true);
  });

  it('takes a burst of moves, and the last of them is shown', async () => {
    const page = await suite.open('/#/connections?q=bank-client-09:');
    await page
      .getByRole('banner')
      .getByText(/^live$/i)
      .waitFor();
    const links = suite.stage.world.standing().slice(0, 60);
    const seen = suite.stage.world.standing().find(({ id }) => id.startsWith('bank-client-09:'));
    if (!seen) throw new Error('bank-client-09 has no link');
    for (const each of [...links.filter(({ id }) => id !== seen.id), seen]) {
      suite.stage.operations.move(each, 'peer-reset');
    }
    await rowOf(page, seen.id)
      .getByText(seen.row.server_id ?? '')
      .waitFor();
  });

  it('finds what is held back, and what a lost agent cost, however many failovers came since', async () => {
    const page = await suite.open('/', { as: 'operator' });
    // The newest, of which there are always more.
    await page.route(/\/failovers\?limit=\d+$/, (route) => route.fulfill({ json: NEWEST }));
    await page.reload();
    const attention = page.locator('tl-attention-list');
    await attention
      .getByRole('button', { name: /approve/i })
      .first()
      .waitFor();
    await page.getByText(/^5\d\d\+$/).waitFor();
    await page.goto(`${suite.stage.url}/#/agents/scheme-server-02`);
    await page.getByText(/\d+ left it in the last hour: median/).waitFor();
  });

  it('stands on a phone as well', async () => {
    const page = await suite.open('/#/connections', PHONE);
    await isWhole(page);
    expect(await rows(page)).toBeLessThan(MOST_ROWS);
  });
});

const NEWEST = {
  items: Array.from({ length: 500 }, (_none, n) => ({
    failover_id: `elsewhere:${n}~2`,
    connection_id: `elsewhere:${n}`,
    reason: 'server-lost',
    detected_at: new Date().toISOString(),
    active_at: new Date().toISOString(),
  })),
  next_cursor: 'older',
};
