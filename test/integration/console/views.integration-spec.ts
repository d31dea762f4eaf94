import type { Page } from 'playwright-core';
import { axeViolations } from '../../support/console/axe.ts';
import { PHONE } from '../../support/console/page.ts';
import { useConsole } from '../../support/console/suite.ts';

describe('each view of the console', () => {
  const suite = useConsole({ links: 120 });

  /** A path, the heading that the view has, and something of its content. */
  const views = (): Record<string, [path: string, heading: RegExp, content: RegExp]> => {
    const { world } = suite.stage;
    const moved = [...world.connections.values()].find(({ row }) => row.phase === 'active' && row.epoch > 1);
    const held = [...world.connections.values()].find(({ row }) => row.phase === 'suppressed');
    const session = [...world.connections.values()].find(({ row }) => row.phase === 'open');
    const failover = moved?.failovers().at(-1);
    const id = (text: string | undefined) => encodeURIComponent(text ?? '');
    return {
      overview: ['/', /overview/i, /bank-client-01/],
      connections: ['/#/connections', /connections/i, /bank-client-01:primary/],
      'a connection that moved': [`/#/connections/${id(moved?.id)}`, new RegExp(`${moved?.id}`), /failover/i],
      'a connection that is held back': [
        `/#/connections/${id(held?.id)}`,
        new RegExp(`${held?.id}`),
        /held back/i,
      ],
      'a session': [`/#/connections/${id(session?.id)}`, new RegExp(`${session?.id}`), /open/i],
      failovers: ['/#/failovers', /failovers/i, /^bank-client-\d/],
      'a failover': [`/#/failovers/${id(failover?.failover_id)}`, /failover|bank-client/i, /detected/i],
      agents: ['/#/agents', /agents/i, /scheme-server-01/],
      'an agent': ['/#/agents/scheme-server-01', /scheme-server-01/, /west/],
      'dead letters': ['/#/dead-letters', /dead letters/i, /broken.json/i],
      health: ['/#/health', /health/i, /controller-events/],
      policies: ['/#/policies', /policies/i, /year-end freeze of changes/],
      'a place that there is none of': ['/#/nowhere', /nothing|not found|no such/i, /./],
    };
  };
  const NAMES = [
    ...['overview', 'connections', 'a connection that moved', 'a connection that is held back', 'a session'],
    ...['failovers', 'a failover', 'agents', 'an agent', 'dead letters', 'health', 'policies'],
    'a place that there is none of',
  ];

  async function shows(page: Page, name: string): Promise<void> {
    const [path, heading, content] = views()[name] ?? [];
    if (path === undefined || heading === undefined || content === undefined) throw new Error(`no ${name}`);
    await page.goto(`${suite.stage.url}${path}`);
    await page.getByRole('heading', { level: 1, name: heading }).waitFor();
    await page.getByRole('main').getByText(content).filter({ visible: true }).first().waitFor();
  }

  /** What of the page does not fit into its width. */
  async function tooWide(page: Page): Promise<string[]> {
    return page.evaluate(`(() => {
      const main = document.querySelector('tl-console').renderRoot.querySelector('main');
      return [document.documentElement, main]
        .filter((each) => each.scrollWidth > each.clientWidth)
        .map((each) => each.tagName + ' needs ' + each.scrollWidth + ' of ' + each.clientWidth + ' pixels');
    })()`);
  }

  it('has a row in the table of this test', () => {
    expect(Object.keys(views())).toEqual(NAMES);
  });

  it('stands at 1440 pixels, without a fault that axe finds of WCAG 2.2 AA, in light and in dark', async () => {
    const page = await suite.open('/', { as: 'operator' });
    const found: string[] = [];
    for (const name of NAMES) {
      await shows(page, name);
      found.push(...(await tooWide(page)).map((what) => `${name}: ${what}`));
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        found.push(...(await axeViolations(page)).map((fault) => `${name}, ${colorScheme}: ${fault}`));
      }
    }
    expect(found).toEqual([]);
  });

  it('stands on a phone, no wider than that is, without a fault that axe finds', async () => {
    const page = await suite.open('/', { ...PHONE, as: 'operator', theme: 'dark' });
    const found: string[] = [];
    for (const name of NAMES) {
      await shows(page, name);
      found.push(...(await tooWide(page)).map((what) => `${name}: ${what}`));
      found.push(...(await axeViolations(page)).map((fault) => `${name}: ${fault}`));
    }
    expect(found).toEqual([]);
  });

  it('has no such fault in what opens over it either: help, sign-in, a confirmation, the time slider, another moment', async () => {
    const page = await suite.open('/', { as: 'operator' });
    const dialog = page.getByRole('dialog');
    const found: string[] = [];
    const look = async (name: string) =>
      found.push(...(await axeViolations(page)).map((fault) => `${name}: ${fault}`));
    await shows(page, 'a connection that moved');
    await page.keyboard.press('?');
    await dialog.waitFor();
    await look('help');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    await page
      .getByRole('banner')
      .getByRole('button', { name: /operator-ann/ })
      .click();
    await dialog.waitFor();
    await look('sign-in');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    await page.getByRole('main').getByRole('button', { name: /^move/i }).click();
    await dialog.waitFor();
    await look('a confirmation');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    await page.keyboard.press('t');
    await page.getByRole('slider').focus();
    await look('the time slider');
    await page.keyboard.press('PageDown');
    await page.getByText(/as of/i).first().waitFor();
    await look('another moment');
    expect(found).toEqual([]);
  });

  it('is small: all that comes before the first view fits into 64 KiB on the wire', async () => {
    const page = await suite.open('/#/health');
    await page.getByRole('heading', { level: 1, name: /health/i }).waitFor();
    const asked = (await page.evaluate(
      "performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => name.includes('/assets/'))",
    )) as string[];
    const sizes = await Promise.all(
      asked.map(async (url) => {
        const answer = await fetch(url, { headers: { 'accept-encoding': 'br' } });
        await answer.body?.cancel();
        return Number(answer.headers.get('content-length'));
      }),
    );
    expect(sizes.length).toBeGreaterThan(2);
    expect(sizes.every((bytes) => bytes > 0)).toBe(true);
    expect(sizes.reduce((sum, bytes) => sum + bytes)).toBeLessThan(64 * 1_024);
  });

  it('is sent with a policy that allows the page its own files and nothing else', async () => {
    const answer = await fetch(suite.stage.url);
    const policy = answer.headers.get('content-security-policy') ?? '';
    const directives = new Map(policy.split('; ').map((each) => [each.split(' ')[0], each] as const));
    expect(directives.get('default-src')).toBe("default-src 'none'");
    expect(directives.get('script-src')).toBe("script-src 'self'");
    expect(directives.get('style-src')).toBe("style-src 'self'");
    expect(directives.get('connect-src')).toBe("connect-src 'self'");
    expect(directives.get('frame-ancestors')).toBe("frame-ancestors 'none'");
    expect(directives.get('require-trusted-types-for')).toBe("require-trusted-types-for 'script'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    const page = await answer.text();
    expect(page).not.toMatch(/<script(?![^>]*\bsrc="assets\/)|\son\w+=|\sstyle=|https?:\/\//);
  });
});
