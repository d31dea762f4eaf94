import { useConsole } from '../../support/console/suite.ts';
import { waitFor } from '../../support/wait-for.ts';

describe('the console, by keyboard alone', () => {
  const suite = useConsole({ links: 40 });
  const FOCUS = `(() => {
    let at = document.activeElement;
    while (at && at.shadowRoot && at.shadowRoot.activeElement) at = at.shadowRoot.activeElement;
    return at ? at.getAttribute('aria-label') || at.textContent.trim() || at.tagName : '';
  })()`;

  const TOP = `(() => {
    let at = document.activeElement;
    while (at && at.shadowRoot && at.shadowRoot.activeElement) at = at.shadowRoot.activeElement;
    return at.getBoundingClientRect().top;
  })()`;

  it('goes to each view by two keys', async () => {
    const page = await suite.open('/');
    for (const [key, hash, heading] of [
      ['c', '#/connections', /connections/i],
      ['f', '#/failovers', /failovers/i],
      ['a', '#/agents', /agents/i],
      ['d', '#/dead-letters', /dead letters/i],
      ['h', '#/health', /health/i],
      ['p', '#/policies', /policies/i],
      ['o', '#/', /overview/i],
    ] as const) {
      await page.keyboard.press('g');
      await page.keyboard.press(key);
      await page.getByRole('heading', { level: 1, name: heading }).waitFor();
      expect(new URL(page.url()).hash).toBe(hash);
    }
  });

  it('goes through rows by j and k, opens one by Enter, and comes back', async () => {
    const page = await suite.open('/#/connections');
    await page.getByRole('row').filter({ hasText: 'bank-client-01' }).first().waitFor();
    const selected = page.locator('[role=row][aria-selected=true]');
    for (const key of ['j', 'j', 'j', 'k']) await page.keyboard.press(key);
    expect(await selected.count()).toBe(1);
    const second = await page.getByRole('row').nth(2).getByRole('gridcell').first().textContent();
    expect(await selected.getByRole('gridcell').first().textContent()).toBe(second);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: second?.trim() ?? '' }).waitFor();
    await page.goBack();
    await page.getByRole('heading', { level: 1, name: /connections/i }).waitFor();
  });

  it('searches by /, and types into fields without anything else happening', async () => {
    const page = await suite.open('/');
    await page
      .getByRole('banner')
      .getByText(/^live$/i)
      .waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('gc?tl');
    expect(await page.getByRole('combobox').inputValue()).toBe('gc?tl');
    expect(new URL(page.url()).hash.replace('#/', '')).toBe('');
    expect(await page.getByRole('dialog').count()).toBe(0);
    await page.keyboard.press('Escape');
    await page.keyboard.press('/');
    await page.keyboard.type('scheme-server-04');
    await page.getByRole('option', { name: 'scheme-server-04' }).first().waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: /scheme-server-04/ }).waitFor();
  });

  it('shows its keys by ?, and closes that by Escape, with the focus where it was', async () => {
    const page = await suite.open('/#/agents');
    await page.getByRole('heading', { level: 1, name: /agents/i }).waitFor();
    await page.keyboard.press('?');
    const help = page.getByRole('dialog');
    for (const meaning of [/search/i, /next row/i, /travel in time/i, /back to live/i, /connections/i]) {
      await help.getByText(meaning).first().waitFor();
    }
    await page.keyboard.press('Escape');
    await help.waitFor({ state: 'hidden' });
    await page.keyboard.press('j');
    await page.locator('[role=row][aria-selected=true]').waitFor();
  });

  it('reaches everything by Tab, and shows where it is', async () => {
    const page = await suite.open('/#/connections');
    await page.getByRole('row').filter({ hasText: 'bank-client-01' }).first().waitFor();
    const met: string[] = [];
    for (let n = 0; n < 40 && !met.includes('Connections'); n++) {
      await page.keyboard.press('Tab');
      met.push(String(await page.evaluate(FOCUS)));
    }
    expect(met).toContain('Search by id');
    expect(met.some((name) => /travel in time/i.test(name))).toBe(true);
    expect(met).toContain('Connections');
    const outline = await page.evaluate(`(() => {
      let at = document.activeElement;
      while (at && at.shadowRoot && at.shadowRoot.activeElement) at = at.shadowRoot.activeElement;
      const style = getComputedStyle(at);
      return style.outlineStyle + ' ' + style.boxShadow;
    })()`);
    expect(outline).not.toBe('none none');
    // Behind the table's own stop come its headings, and no row: one that is drawn beyond the edge must not take the focus.
    const tops: number[] = [];
    for (let n = 0; n < 30; n++) {
      await page.keyboard.press('Tab');
      tops.push(Number(await page.evaluate(TOP)));
    }
    expect(tops.filter((top) => top < 0 || top > 900)).toEqual([]);
  });

  it('says in which zone its times are, and turns to UTC and back by a key, for every time there is', async () => {
    const page = await suite.open('/#/failovers', { timezone: 'Asia/Kolkata' });
    const zone = page.getByRole('banner').getByRole('button', { name: /^\d\d:\d\d:\d\d UTC/ });
    const first = page.getByRole('row').nth(1).getByRole('gridcell').first();
    await zone.getByText('UTC+05:30').waitFor();
    const local = await first.textContent();
    await page.keyboard.press('u');
    await zone.getByText('UTC', { exact: true }).waitFor();
    await waitFor(async () => (await first.textContent()) !== local, { what: 'times in UTC' });
    const detected = await first.locator('[title]').getAttribute('title');
    expect(detected).toContain((await first.textContent())?.trim());
    await page.reload();
    await zone.getByText('UTC', { exact: true }).waitFor();
    await page.keyboard.press('u');
    await zone.getByText('UTC+05:30').waitFor();
  });

  it('turns dark and light by keys, and remembers it', async () => {
    const page = await suite.open('/', { theme: 'light' });
    const background = () => page.evaluate("getComputedStyle(document.body).getPropertyValue('--tl-bg')");
    await page.getByRole('heading', { level: 1 }).waitFor();
    const light = await background();
    await page.keyboard.press('g');
    await page.keyboard.press('t');
    await waitFor(async () => (await background()) !== light, { what: 'the other theme' });
    const dark = await background();
    await page.reload();
    await page.getByRole('heading', { level: 1 }).waitFor();
    expect(await background()).toBe(dark);
  });
});
