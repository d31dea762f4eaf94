import type { Page } from 'playwright-core';
import { useConsole } from '../../support/console/suite.ts';
import { waitFor } from '../../support/wait-for.ts';

/** Chrome says in its console that an answer was a problem. */
const PROBLEM = /Failed to load resource/;
const HOSTILE = '<img src=x onerror="document.title=\'broken\'">';

describe('the console, as somebody acts with it', () => {
  const suite = useConsole({ links: 60 });
  const facts = (type: string) => suite.stage.facts.filter((each) => each.type === type);
  const standing = (n: number) => {
    const found = suite.stage.world.standing()[n];
    if (!found) throw new Error('no link stands');
    return found;
  };
  const pathOf = (id: string) => `/#/connections/${encodeURIComponent(id)}`;
  /** The failover of a connection that only an operator lets go on. */
  const heldMoveOf = (id: string | undefined) =>
    suite.stage.world.connections
      .get(id ?? '')
      ?.failovers()
      .find(({ suppressed, active_at }) => suppressed?.cause !== undefined && active_at === undefined)
      ?.failover_id;
  const move = (page: Page) => page.getByRole('main').getByRole('button', { name: /^move/i });

  it('asks for a move once more and why, sends who and why and a key, and shows what comes of it', async () => {
    const link = standing(0);
    const before = link.row.server_id ?? '';
    const page = await suite.open(pathOf(link.id), { as: 'operator' });
    const keys: (string | undefined)[] = [];
    page.on('request', (request) => {
      if (request.method() === 'POST') keys.push(request.headers()['idempotency-key']);
    });
    await move(page).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(before).waitFor();
    await dialog.getByRole('button', { name: /ask for the move/i }).click();
    await dialog.getByText(/say why/i).waitFor();
    expect(facts('failover-requested')).toEqual([]);
    await dialog.getByRole('textbox', { name: /reason/i }).fill(HOSTILE);
    await dialog.getByRole('button', { name: /ask for the move/i }).click();
    await dialog.waitFor({ state: 'hidden' });
    expect(facts('failover-requested')).toHaveLength(1);
    expect(facts('failover-requested')[0]?.data).toMatchObject({
      connection_id: link.id,
      reason: HOSTILE,
      requested_by: 'operator-ann',
      planned: true,
      epoch: 1,
    });
    expect(keys).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/)]);
    // The reason is shown as what it is, a text.
    await page.getByRole('main').getByText(HOSTILE).first().waitFor();
    await page
      .getByRole('main')
      .getByText(link.row.server_id ?? '')
      .first()
      .waitFor();
    expect(await page.title()).toContain(link.id);
    expect(await page.locator('img').count()).toBe(0);
  });

  it('leaves everything as it is when whoever asked thinks better of it', async () => {
    const page = await suite.open(pathOf(standing(1).id), { as: 'operator' });
    const before = suite.stage.facts.length;
    await move(page).click();
    await page
      .getByRole('dialog')
      .getByRole('textbox', { name: /reason/i })
      .fill('by mistake');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await move(page).click();
    expect(
      await page
        .getByRole('dialog')
        .getByRole('textbox', { name: /reason/i })
        .inputValue(),
    ).toBe('');
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /cancel/i })
      .click();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    expect(suite.stage.facts.length).toBe(before);
  });

  it('lets viewers, and whoever did not say who they are, look at everything and act on nothing', async () => {
    const held = [...suite.stage.world.connections.values()].find(({ row }) => row.phase === 'suppressed');
    for (const role of ['viewer', undefined] as const) {
      for (const path of [
        pathOf(standing(2).id),
        pathOf(held?.id ?? ''),
        '/#/agents/bank-client-01',
        '/#/health',
      ]) {
        const page = await suite.open(path, role ? { as: role } : {});
        await page.getByRole('heading', { level: 1 }).waitFor();
        for (const name of [/^move/i, /drain/i, /approve/i, /freeze/i]) {
          for (const button of await page.getByRole('main').getByRole('button', { name }).all()) {
            const label = await button.textContent();
            expect([path, role, label, await button.isDisabled()]).toEqual([path, role, label, true]);
          }
        }
      }
    }
  });

  it('shows why a drain is refused, leaves the dialog open, and drains an agent of its own region', async () => {
    const page = await suite.open('/#/agents/scheme-server-03', { as: 'operator', expected: PROBLEM });
    const drain = page.getByRole('main').getByRole('button', { name: /^drain/i });
    const dialog = page.getByRole('dialog');
    const isRefusedHere = await drain.isDisabled().catch(() => false);
    if (!isRefusedHere) {
      await drain.click();
      await dialog.getByRole('textbox', { name: /reason/i }).fill('patch day');
      await dialog.getByRole('button', { name: /^drain/i }).click();
      await dialog
        .getByRole('alert')
        .getByText(/another control region|west/i)
        .waitFor();
      await page.keyboard.press('Escape');
    }
    await page.goto(`${suite.stage.url}/#/agents/us-1`);
    await page.getByRole('heading', { level: 1, name: /us-1/ }).waitFor();
    await drain.click();
    await dialog.getByRole('textbox', { name: /reason/i }).fill('patch day');
    await dialog.getByRole('button', { name: /^drain/i }).click();
    await dialog.waitFor({ state: 'hidden' });
    expect(facts('agent-drain-requested')[0]?.data).toMatchObject({ agent_id: 'us-1', reason: 'patch day' });
    await page
      .getByRole('main')
      .getByText(/draining/i)
      .first()
      .waitFor();
  });

  it('says for how long a held connection has had no path, approves it there, and it goes on', async () => {
    const held = [...suite.stage.world.connections.values()].find(({ row }) => {
      return row.phase === 'suppressed' && heldMoveOf(row.connection_id) !== undefined;
    });
    const page = await suite.open(`/#/failovers/${encodeURIComponent(heldMoveOf(held?.id) ?? '')}`, {
      as: 'operator',
    });
    const approve = page.getByRole('main').getByRole('button', { name: /approve/i });
    await approve.waitFor();
    await page.goto(`${suite.stage.url}${pathOf(held?.id ?? '')}`);
    const waitsFor = page.getByRole('region', { name: /what it waits for/i });
    await waitsFor.getByText(/no path for \d+ (s|min)/i).waitFor();
    await waitsFor.getByText(/until an operator approves/i).waitFor();
    await approve.click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox', { name: /reason/i }).fill('the data centre is gone');
    await dialog.getByRole('button', { name: /approve/i }).click();
    await dialog.waitFor({ state: 'hidden' });
    await waitFor(() => held?.row.phase === 'active', { what: 'the link to go on' });
    await waitsFor.waitFor({ state: 'hidden' });
    await page
      .getByRole('main')
      .getByText(held?.row.server_id ?? '')
      .first()
      .waitFor();
  });

  it('shows which freeze holds a connection: that of its home, wherever the page comes from', async () => {
    const { registry } = suite.stage;
    const set = {
      until: '2099-01-01T00:00:00.000Z',
      requested_by: 'bob',
      updated_at: new Date().toISOString(),
    };
    registry.frozen = { ...set, control_region: 'west', reason: 'month end' };
    const page = await suite.open(pathOf(standing(3).id), { as: 'operator' });
    const facts = page.getByRole('main').getByText('Home region').locator('..');
    const end = page.getByRole('button', { name: /^end the freeze$/i });
    await page.getByText(/frozen in west until/i).waitFor();
    expect(await facts.getByText(/frozen until/i).count()).toBe(0);
    // Only a controller there can be asked.
    expect(await end.count()).toBe(0);
    registry.frozen = { ...set, control_region: 'east' };
    await facts.getByText(/frozen until/i).waitFor();
    await end.waitFor();
    registry.frozen = undefined;
  });

  it('keeps a request that failed under its key, so that it is asked for once', async () => {
    const link = standing(5);
    const page = await suite.open(pathOf(link.id), { as: 'operator', expected: PROBLEM });
    const keys: (string | undefined)[] = [];
    await page.route('**/failover', async (route) => {
      keys.push(route.request().headers()['idempotency-key']);
      if (keys.length === 1)
        await route.fulfill({ status: 503, contentType: 'application/problem+json', body: UNAVAILABLE });
      else await route.continue();
    });
    await move(page).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox', { name: /reason/i }).fill('once');
    await dialog.getByRole('button', { name: /ask for the move/i }).click();
    await dialog
      .getByRole('alert')
      .getByText(/Kafka did not take the record/i)
      .waitFor();
    await dialog.getByRole('button', { name: /ask for the move/i }).click();
    await dialog.waitFor({ state: 'hidden' });
    expect(keys).toHaveLength(2);
    expect(keys[0]).toBe(keys[1]);
  });

  it('shows hostile texts of others as texts: keys and values of dead letters', async () => {
    const page = await suite.open('/#/dead-letters', { as: 'operator' });
    await page.getByText('<img src=x onerror=alert(1)>').first().waitFor();
    expect(await page.locator('img').count()).toBe(0);
  });
});

const UNAVAILABLE = JSON.stringify({
  type: 'urn:trunkline:problem:log-unavailable',
  title: 'Kafka did not take the record in time',
  status: 503,
  code: 'log-unavailable',
  retriable: true,
});
