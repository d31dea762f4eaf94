import type { Browser } from 'playwright-core';
import { openPage } from '../../support/console/page.ts';
import { atMost, type Comparison, quantiles, ratiosOf } from '../figures.ts';
import { say } from '../options.ts';

/** What issue and design ask for, in milliseconds. */
const AIM_MS = 1_000;
/** Resolves once the page has painted something. */
const FIRST_PAINT = `new Promise((resolve) => {
  const told = () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime;
  if (told() !== undefined) resolve(told());
  else new PerformanceObserver(() => told() !== undefined && resolve(told())).observe({ type: 'paint', buffered: true });
})`;

/** First contentful paint of the console, with nothing of it in any cache, beside that of a page of a few words; in turn. */
export async function firstPaint(browser: Browser, url: string, samples: number): Promise<Comparison> {
  say(`first paint: ${samples} times`);
  const paints: Record<'console' | 'empty' | 'content', number[]> = { console: [], empty: [], content: [] };
  for (let n = 0; n <= samples; n++) {
    const empty = await paintOf(browser, url, '/health/live');
    const { paint, content } = await paintOf(browser, url, '/', 'Connections');
    // The first time the browser itself warms up.
    if (n === 0) continue;
    paints.console.push(paint);
    paints.empty.push(empty.paint);
    paints.content.push(content);
  }
  const [measured, floor] = [quantiles(paints.console), quantiles(paints.empty)];
  return {
    name: 'first paint of the console',
    unit: 'ms',
    measured,
    floor,
    floorIs: 'a page of a few words of the same process',
    ratios: ratiosOf(measured, floor),
    aims: [atMost('p90, ms', measured.p90, AIM_MS)],
    notes: { 'until the figures of the overview stand there, ms': quantiles(paints.content) },
  };
}

async function paintOf(browser: Browser, url: string, path: string, content?: string) {
  const { page, close } = await openPage(browser, url);
  try {
    await page.goto(`${url}${path}`);
    const paint = await page.evaluate<number>(FIRST_PAINT);
    if (content !== undefined) await page.getByRole('main').getByText(content).first().waitFor();
    return { paint, content: await page.evaluate<number>('performance.now()') };
  } finally {
    await close();
  }
}
