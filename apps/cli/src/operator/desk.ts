import { CliError, EXIT } from '../exit.ts';
import { Api, ApiError } from './api.ts';
import type { OperatorContext } from './context.ts';
import { nearMisses } from './near.ts';
import { type RestFlags, type Settings, settingsOf } from './settings.ts';
import { type Style, styleFor } from './style.ts';
import { type Column, printable, table } from './table.ts';

/** Names that are looked through for the one that was meant, at most. */
const NAMES_LOOKED_AT = 2_000;

/** How commands end that ask a controller for one thing, or for a change. */
export const REST_EXITS = [
  EXIT.ok,
  EXIT.violated,
  EXIT.usage,
  EXIT.unreadable,
  EXIT.refused,
  EXIT.later,
] as const;

/** One command's call: whom it asks, and how it shows what it was told. */
export class Desk {
  readonly settings: Settings;
  readonly api: Api;
  readonly style: Style;

  constructor(
    readonly context: OperatorContext,
    flags: RestFlags,
  ) {
    this.settings = settingsOf(context, flags);
    const { url, token } = this.settings;
    this.api = new Api({ url, token, agent: context.agent });
    this.style = styleFor(context);
    if (token !== undefined && isInTheClear(url)) {
      context.output.err(`trunkline: the token goes to ${url} unencrypted; use https\n`);
    }
  }

  get isJson(): boolean {
    return this.settings.output === 'json';
  }

  /** One value: as JSON, or as words. */
  show(value: unknown, words: () => string): void {
    this.context.output.out(this.isJson ? `${JSON.stringify(value, null, 2)}\n` : words());
  }

  /** A list: as one JSON array, or as a table, or what is said when there is nothing. */
  showList<T>(items: readonly T[], columns: readonly Column<T>[], nothing: string): void {
    this.show(items, () => (items.length === 0 ? `${nothing}\n` : this.table(columns, items)));
  }

  table<T>(columns: readonly Column<T>[], items: readonly T[]): string {
    return table(columns, items, { columns: this.context.screen.columns(), style: this.style });
  }

  /** Name and value, one a line; what has no value is left out. */
  facts(pairs: readonly (readonly [name: string, value: string | undefined])[]): string {
    const given = pairs.filter(([, value]) => value !== undefined && value !== '');
    const width = Math.max(0, ...given.map(([name]) => name.length));
    return given
      .map(([name, value]) => `${this.style('dim', name.padEnd(width))}  ${printable(value ?? '')}\n`)
      .join('');
  }

  /** Asks for one thing by its id; when there is none, says which may have been meant. */
  async found<T>(id: string, ask: () => Promise<T>, list: string, idOf: string): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ApiError) || error.problem.status !== 404) throw error;
      if (!error.problem.code.endsWith('-not-found') || error.problem.code === 'route-not-found') throw error;
      throw new CliError(error.exitCode, `${error.message}: ${id}${await this.hint(id, list, idOf)}`);
    }
  }

  private async hint(id: string, list: string, idOf: string): Promise<string> {
    const names = await this.api
      .list<Record<string, unknown>>(list, {}, NAMES_LOOKED_AT)
      .then((rows) => rows.map((row) => String(row[idOf])))
      .catch(() => []);
    const near = nearMisses(id, names);
    return near.length > 0
      ? `; did you mean ${near.join(' or ')}?`
      : `; trunkline${list.replace('/', ' ')} ls lists them`;
  }
}

function isInTheClear(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !/^(localhost|127\.|\[::1\])/.test(hostname);
}
