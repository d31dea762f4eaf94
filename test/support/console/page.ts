import type { Browser, BrowserContext, Page } from 'playwright-core';

export interface PageOptions {
  /** CSS pixels. */
  readonly width?: number;
  readonly height?: number;
  readonly theme?: 'light' | 'dark';
  /** Who looks; absent: nobody who said who they are. */
  readonly token?: string;
  readonly reducedMotion?: boolean;
  /** The machine's, as `Europe/Berlin`; default UTC. */
  readonly timezone?: string;
}

export const PHONE = { width: 390, height: 844 } as const;
export const DESKTOP = { width: 1440, height: 900 } as const;
/** Where the console keeps the token of its tab. */
const TOKEN_KEY = 'trunkline.token';

/** A page of the console, and all that went wrong in it while it was open. */
export interface Watched {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors of scripts and of the console, and violations of the content security policy. */
  readonly errors: string[];
  /** Addresses that were asked for, and are not of the page's own origin. */
  readonly strangers: string[];
  close(): Promise<void>;
}

/** Runs in the page before its own scripts; as text, because the types of these sources know no browser. */
function beforeAll(token: string | undefined): string {
  return `
    const isReload = performance.getEntriesByType('navigation')[0]?.type === 'reload';
    ${token === undefined ? '' : `if (!isReload) sessionStorage.setItem(${JSON.stringify(TOKEN_KEY)}, ${JSON.stringify(token)});`}
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error('content security policy: ' + event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sourceFile);
    });`;
}

/** Opens a page of its own, with nothing kept of any other one. */
export async function openPage(
  browser: Browser,
  origin: string,
  options: PageOptions = {},
): Promise<Watched> {
  const { theme = 'light', width = DESKTOP.width, height = DESKTOP.height, token } = options;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    locale: 'en-GB',
    timezoneId: options.timezone ?? 'UTC',
    reducedMotion: options.reducedMotion === false ? 'no-preference' : 'reduce',
    hasTouch: width < 600,
  });
  const errors: string[] = [];
  const strangers: string[] = [];
  await context.addInitScript({ content: beforeAll(token) });
  const page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') errors.push(message.text());
  });
  page.on('pageerror', (error) => errors.push(String(error.stack ?? error)));
  page.on('request', (request) => {
    if (!request.url().startsWith(`${origin}/`) && !request.url().startsWith('data:'))
      strangers.push(request.url());
  });
  return { page, context, errors, strangers, close: () => context.close() };
}
