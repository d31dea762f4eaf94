import type { Browser, Page } from 'playwright-core';
import { openPage } from '../../support/console/page.ts';
import { Stage } from '../../support/console/stage.ts';
import { waitFor } from '../../support/wait-for.ts';
import { atMost, type Comparison, quantiles, ratiosOf } from '../figures.ts';
import { say } from '../options.ts';

const LINKS = 10_000;
/** Pixels that each frame scrolls: about three rows, as a hand on a wheel does. */
const STEP_PX = 120;
const FRAMES = 300;
const AIM = 2;

/** Scrolls an element for so many frames, and tells how long each took. */
const scrolling = (element: string): string => `new Promise((resolve) => {
  const element = ${element};
  const took = [];
  let before = performance.now();
  const frame = () => {
    const now = performance.now();
    took.push(now - before);
    before = now;
    element.scrollTop += ${STEP_PX};
    if (took.length > ${FRAMES}) resolve(took.slice(1));
    else requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})`;
/** As tall, with nothing in it but its background. */
const EMPTY = `(() => {
  const box = document.createElement('div');
  const tall = document.createElement('div');
  box.id = 'box';
  box.style.cssText = 'height: 700px; overflow: auto';
  tall.style.cssText = 'height: 400000px; background: linear-gradient(white, silver)';
  box.append(tall);
  document.body.replaceChildren(box);
})()`;
const GRID = `document.querySelector('tl-console').renderRoot.querySelector('main > .view')
  .renderRoot.querySelector('tl-virtual-table').renderRoot.querySelector('.grid')`;

/** Times between frames while the table of 10,000 connections is scrolled, beside an empty box of the same height. */
export async function scrollTenThousand(browser: Browser, rounds: number): Promise<Comparison> {
  const stage = await Stage.start({ links: LINKS, sessions: 0 });
  say(`scrolling through ${LINKS} connections`);
  const [shown, empty] = [await openPage(browser, stage.url), await openPage(browser, stage.url)];
  try {
    await shown.page.goto(`${stage.url}/#/connections`);
    const grid = shown.page.getByRole('grid', { name: 'Connections' });
    await waitFor(async () => (await grid.getAttribute('aria-rowcount')) === String(LINKS + 1), {
      what: `${LINKS} rows`,
    });
    await empty.page.goto(`${stage.url}/health/live`);
    await empty.page.evaluate(EMPTY);
    const rows: number[] = [];
    const nothing: number[] = [];
    for (let round = 0; round < rounds; round++) {
      nothing.push(...(await framesOf(empty.page, "document.getElementById('box')")));
      rows.push(...(await framesOf(shown.page, GRID)));
    }
    const [measured, floor] = [quantiles(rows), quantiles(nothing)];
    const ratios = ratiosOf(measured, floor);
    return {
      name: 'frames while 10,000 connections are scrolled',
      unit: 'ms',
      measured,
      floor,
      floorIs: 'an empty box of the same height, in the same browser',
      ratios,
      aims: [atMost('p90 to floor', ratios.p90, AIM)],
    };
  } finally {
    await Promise.all([shown.close(), empty.close()]);
    await stage.stop();
  }
}

async function framesOf(page: Page, element: string): Promise<number[]> {
  await page.bringToFront();
  await page.evaluate(`${element}.scrollTop = 0`);
  return page.evaluate<number[]>(scrolling(element));
}
