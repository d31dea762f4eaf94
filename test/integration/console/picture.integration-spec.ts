import type { Page } from 'playwright-core';
import { useConsole } from '../../support/console/suite.ts';
import { waitFor } from '../../support/wait-for.ts';

/** As much of a canvas as is looked at. */
interface Drawn {
  readonly width: number;
  readonly height: number;
  getContext(kind: '2d'): {
    getImageData(x: number, y: number, width: number, height: number): { readonly data: ArrayLike<number> };
  };
}

/** What the browser says of a canvas that is looked at as often as this test does. */
const LOOKED_AT = /Canvas2D: Multiple readback/;

/** Pixels in the colour of what moves: the light theme's accent. Runs in the page. */
function movingPixels(canvas: Drawn): number {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let found = 0;
  for (let i = 0; i < data.length; i += 4) {
    const [red = 0, green = 0, blue = 0, alpha = 0] = [data[i], data[i + 1], data[i + 2], data[i + 3]];
    if (alpha > 200 && blue > 180 && blue - green > 90 && blue - red > 90) found++;
  }
  return found;
}

describe('the picture', () => {
  const suite = useConsole({ links: 60 });
  const standing = (n: number) => {
    const found = suite.stage.world.standing()[n];
    if (!found) throw new Error('no link stands');
    return found;
  };
  const node = (page: Page, name: string) => page.locator(`tl-picture button[data-id="${name}"]`);
  const moving = (page: Page) => page.locator('tl-picture canvas').evaluate(movingPixels);
  const openLive = async (reducedMotion: boolean) => {
    const page = await suite.open('/#/', { theme: 'light', reducedMotion, expected: LOOKED_AT });
    await page
      .getByRole('banner')
      .getByText(/^live$/i)
      .waitFor();
    await node(page, standing(0).row.client_id ?? '').waitFor();
    return page;
  };

  it('says in words what it shows: who is connected to whom, and how well', async () => {
    const page = await openLive(true);
    const { client_id = '', server_id = '' } = standing(0).row;
    const lines = page.getByRole('list', { name: 'Connections by their ends' });
    await lines.getByText(`${client_id} → ${server_id}:`).first().waitFor({ state: 'attached' });
    await page
      .getByText(/Control regions east and west: \d+ agents, \d+ links/)
      .waitFor({ state: 'attached' });
  });

  it('shows what moves moving, says so, and comes to rest', async () => {
    const page = await openLive(false);
    await waitFor(async () => (await moving(page)) === 0, { what: 'a picture in which nothing moves' });
    const link = standing(0);
    suite.stage.operations.move(link, 'peer-reset');
    await waitFor(async () => (await moving(page)) > 50, { what: 'a curve that glides' });
    const said = page.locator('tl-picture [aria-live]').getByText(`1 link moved to ${link.row.server_id}`);
    await said.waitFor({ state: 'attached' });
    await waitFor(async () => (await moving(page)) === 0, { what: 'a trail that has faded' });
  });

  it('is walked with the arrow keys, and Enter opens the agent', async () => {
    const page = await openLive(true);
    const first = page.locator('tl-picture button.node[tabindex="0"]');
    await first.focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    const focused = page.locator('tl-picture button.node:focus');
    await page.keyboard.press('ArrowUp');
    const id = await focused.getAttribute('data-id');
    expect(id).toMatch(/server/);
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/#/agents/${id}`);
  });

  it('opens what one points at: a curve leads to its connections', async () => {
    const page = await openLive(true);
    const server = page.locator('tl-picture button.node[data-id^="scheme-server"]').first();
    const box = await server.boundingBox();
    if (!box) throw new Error('the server has no place');
    // Its curves end along its side; just outside of it, one is near enough.
    await page.mouse.move(box.x - 6, box.y + box.height / 2);
    await page.locator('tl-picture .tip').waitFor();
    await page.mouse.click(box.x - 6, box.y + box.height / 2);
    await page.waitForURL(/#\/connections/);
  });
});
