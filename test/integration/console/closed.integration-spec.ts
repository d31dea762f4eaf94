import { useConsole } from '../../support/console/suite.ts';

describe('the console, where reads need a token', () => {
  const suite = useConsole({ links: 20, closed: true });
  const REFUSED = /status of 401/;

  it('asks for one, says what is wrong with a bad one, keeps a good one for its tab, and shows whose it is', async () => {
    const page = await suite.open('/#/connections', { expected: REFUSED });
    const dialog = page.getByRole('dialog');
    const token = dialog.getByLabel(/bearer token/i);
    await token.fill('no-token-at-all');
    await dialog.getByRole('button', { name: /use this token/i }).click();
    await dialog
      .getByRole('alert')
      .getByText(/not valid/i)
      .waitFor();
    expect(await page.getByRole('row').filter({ hasText: 'bank-client' }).count()).toBe(0);
    await token.fill(await suite.stage.token('viewer', 'ben'));
    await dialog.getByRole('button', { name: /use this token/i }).click();
    await dialog.waitFor({ state: 'hidden' });
    await page.getByRole('row').filter({ hasText: 'bank-client-01:primary' }).first().waitFor();
    await page.getByRole('banner').getByText('ben').waitFor();
    await page.getByRole('banner').getByText('viewer').waitFor();
    await page.reload();
    await page.getByRole('row').filter({ hasText: 'bank-client-01:primary' }).first().waitFor();
    expect(await page.evaluate('JSON.stringify(localStorage)')).not.toContain('ey');
  });

  it('says of nothing that it is well before it was allowed to read it', async () => {
    const page = await suite.open('/', { expected: REFUSED });
    await page
      .getByRole('dialog')
      .getByLabel(/bearer token/i)
      .waitFor();
    await page.getByText('Reading …').first().waitFor();
    expect(
      await page.getByText(/all that should stand stands|nothing has happened|all is well/i).count(),
    ).toBe(0);
  });

  it('shows no row any more, and asks again, when whoever looked has signed out', async () => {
    const page = await suite.open('/#/connections', { as: 'viewer', expected: REFUSED });
    await page.getByRole('row').filter({ hasText: 'bank-client-01:primary' }).first().waitFor();
    await page
      .getByRole('banner')
      .getByRole('button', { name: /viewer-ann/ })
      .click();
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /sign out/i })
      .click();
    await page
      .getByRole('dialog')
      .getByLabel(/bearer token/i)
      .waitFor();
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
    expect(await page.getByRole('row').filter({ hasText: 'bank-client' }).count()).toBe(0);
  });
});
