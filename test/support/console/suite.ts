import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from './browser.ts';
import { openPage, type PageOptions, type Watched } from './page.ts';
import { Stage, type StageOptions } from './stage.ts';

export interface OpenOptions extends Omit<PageOptions, 'token'> {
  /** Whose token the page has; absent: none. */
  readonly as?: 'viewer' | 'operator';
  /** Lines of the browser's console that belong to the test: of answers that are problems. */
  readonly expected?: RegExp;
}

/** The stage and one browser for all tests of a file. Each test's pages are closed after it, and must not have complained. */
export class ConsoleSuite {
  stage!: Stage;
  private browser!: Browser;
  private readonly open_: { readonly watched: Watched; readonly expected: RegExp | undefined }[] = [];

  constructor(private readonly options: StageOptions) {}

  async start(): Promise<void> {
    [this.stage, this.browser] = await Promise.all([Stage.start(this.options), launchBrowser()]);
  }

  async stop(): Promise<void> {
    await this.browser?.close();
    await this.stage?.stop();
  }

  /** @param path behind the origin, e.g. `/#/connections` */
  async open(path: string, { as, expected, ...options }: OpenOptions = {}): Promise<Page> {
    const token = as && (await this.stage.token(as));
    const watched = await openPage(this.browser, this.stage.url, { ...options, ...(token && { token }) });
    this.open_.push({ watched, expected });
    await watched.page.goto(`${this.stage.url}${path}`);
    return watched.page;
  }

  /** Closes what the test opened. @returns what its pages complained of, and whom else than the controller they asked */
  async complaints(): Promise<string[]> {
    const told: string[] = [];
    for (const { watched, expected } of this.open_.splice(0)) {
      await watched.close();
      told.push(...watched.errors.filter((line) => expected === undefined || !expected.test(line)));
      told.push(...watched.strangers);
    }
    return told;
  }
}

/** A suite for all tests of a file. */
export function useConsole(options: StageOptions = {}): ConsoleSuite {
  const suite = new ConsoleSuite(options);
  beforeAll(() => suite.start());
  afterEach(async () => expect(await suite.complaints()).toEqual([]));
  afterAll(() => suite.stop());
  return suite;
}
