import type { Page } from 'playwright-core';
import { useConsole } from '../../support/console/suite.ts';
import { waitFor } from '../../support/wait-for.ts';

describe('the console, while things happen', () => {
  const suite = useConsole({ links: 60 });

  const link = (n = 0) => {
    const found = suite.stage.world.standing()[n];
    if (!found) throw new Error('no link stands');
    return found;
  };
  const rowOf = (page: Page, id: string) =>
    page.getByRole('row').filter({ has: page.getByText(id, { exact: true }) });
  const isLive = (page: Page) =>
    page
      .getByRole('banner')
      .getByText(/^live$/i)
      .waitFor();

  it('shows a move in the list and on the page of the connection, without a reload', async () => {
    const moving = link();
    const before = moving.row.server_id ?? '';
    const [list, one] = [
      await suite.open('/#/connections'),
      await suite.open(`/#/connections/${encodeURIComponent(moving.id)}`),
    ];
    await rowOf(list, moving.id).getByText(before).waitFor();
    await one.getByRole('main').getByText(before).first().waitFor();
    await Promise.all([isLive(list), isLive(one)]);
    suite.stage.operations.move(moving, 'peer-reset');
    const after = moving.row.server_id ?? '';
    expect(after).not.toBe(before);
    await rowOf(list, moving.id).getByText(after).waitFor();
    await one
      .getByText(/connection to \S+ was reset/i)
      .first()
      .waitFor();
    await one.getByRole('main').getByText(after).first().waitFor();
  });

  it('shows a move under way, and that it is over', async () => {
    const moving = link(1);
    const page = await suite.open('/#/connections');
    await isLive(page);
    suite.stage.operations.lose(moving, 'keepalive-timeout');
    await rowOf(page, moving.id)
      .getByText(/activating/i)
      .waitFor();
    suite.stage.operations.finish(moving);
    await rowOf(page, moving.id)
      .getByText(/^active/i)
      .waitFor();
  });

  it('says that the live stream is lost, comes again behind the last event, and has what was decided meanwhile', async () => {
    const [first, second] = [link(2), link(3)];
    const page = await suite.open('/#/connections', { expected: /Failed to load|ERR_/ });
    await isLive(page);
    suite.stage.operations.move(first, 'peer-reset');
    await rowOf(page, first.id)
      .getByText(first.row.server_id ?? '')
      .waitFor();
    const asked: (string | undefined)[] = [];
    page.on('request', (request) => {
      if (request.url().endsWith('/events')) asked.push(request.headers()['last-event-id']);
    });
    await page.context().setOffline(true);
    suite.stage.cut();
    await page.getByText(/live stream is lost/i).waitFor();
    suite.stage.operations.move(second, 'peer-reset');
    await suite.stage.settled();
    await page.context().setOffline(false);
    await rowOf(page, second.id)
      .getByText(second.row.server_id ?? '')
      .waitFor();
    await isLive(page);
    expect(await page.getByText(/live stream is lost/i).count()).toBe(0);
    expect(asked.at(-1)).toMatch(/^east:/);
  });

  it('says why the stream is refused, and takes it up once it is let in', async () => {
    const page = await suite.open('/#/connections', { expected: /Failed to load/ });
    await isLive(page);
    await page.route('**/api/v1/events', (route) =>
      route.fulfill({ status: 503, contentType: 'application/problem+json', body: TOO_MANY }),
    );
    suite.stage.cut();
    await page.getByText(/live stream is lost.*too many readers/i).waitFor();
    await page.unroute('**/api/v1/events');
    await page.getByRole('button', { name: /try now/i }).click();
    await isLive(page);
    await page.getByText(/live stream is lost/i).waitFor({ state: 'hidden' });
  });

  it('says that REST does not answer, and of when it is what is shown, until it answers again', async () => {
    const page = await suite.open('/', { expected: /Failed to load|ERR_/ });
    await isLive(page);
    await page.context().setOffline(true);
    suite.stage.cut();
    await page.getByText(/what you see is of \d\d:\d\d:\d\d/i).waitFor();
    await page.context().setOffline(false);
    await isLive(page);
    await page.getByText(/not up to date/i).waitFor({ state: 'hidden' });
  });

  it('shows the page as of another moment, says so, and goes back to live with one key', async () => {
    const { stage } = suite;
    const moved = [...stage.world.connections.values()].find(
      ({ row, events }) => row.phase === 'active' && row.epoch === 2 && events.length === 4,
    );
    const [decided] = moved?.events.slice(-2) ?? [];
    const [now, then] = [moved?.row.server_id ?? '', String(moved?.events[1]?.data.server_id)];
    const at = new Date(Date.parse(decided?.time ?? '') - 1).toISOString();
    const id = moved?.id ?? '';
    const page = await suite.open(`/#/connections?at=${encodeURIComponent(at)}`);
    await page.getByText(/as of/i).first().waitFor();
    await rowOf(page, id).getByText(then).waitFor();
    await page.keyboard.press('l');
    await rowOf(page, id).getByText(now).waitFor();
    expect(page.url()).not.toContain('at=');
    expect(await page.getByText(/as of/i).count()).toBe(0);
  });

  it('travels by the time slider: what was not yet decided is not there', async () => {
    const page = await suite.open('/#/connections');
    await isLive(page);
    await page.keyboard.press('t');
    await page.getByRole('slider', { name: /moment shown/i }).focus();
    await page.keyboard.press('Home');
    await waitFor(() => page.url().includes('at='), { what: 'a moment in the address' });
    await page.getByText(/as of/i).first().waitFor();
    await page.keyboard.press('l');
    await isLive(page);
  });

  it('keeps what was decided while it is looked at as of another moment, for when it is live again', async () => {
    const moving = link(4);
    const before = moving.row.server_id ?? '';
    const at = new Date(Date.now() - 1_000).toISOString();
    const page = await suite.open(`/#/connections?at=${at}`);
    await rowOf(page, moving.id).getByText(before).waitFor();
    suite.stage.operations.move(moving, 'peer-reset');
    await suite.stage.settled();
    expect(await rowOf(page, moving.id).textContent()).toContain(before);
    await page.keyboard.press('l');
    await rowOf(page, moving.id)
      .getByText(moving.row.server_id ?? '')
      .waitFor();
  });
});

const TOO_MANY = JSON.stringify({
  type: 'urn:trunkline:problem:too-many-readers',
  title: 'Too many readers',
  status: 503,
  code: 'too-many-readers',
  retriable: true,
});
