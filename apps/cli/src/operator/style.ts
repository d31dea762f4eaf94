import { styleText } from 'node:util';
import type { OperatorContext } from './context.ts';

export type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold';
export type Style = (colour: Colour | undefined, text: string) => string;

/** Nothing is coloured. */
export const PLAIN: Style = (_colour, text) => text;
const COLOURED: Style = (colour, text) =>
  colour === undefined || text === '' ? text : styleText(colour, text, { validateStream: false });

/**
 * Colours only where a person looks: `NO_COLOR` (not empty) takes them away, else `FORCE_COLOR` (not `0` and not
 * `false`) brings them into a pipe, as no-color.org and Node have it.
 */
export function styleFor({ screen, env }: Pick<OperatorContext, 'screen' | 'env'>): Style {
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return PLAIN;
  if (env.FORCE_COLOR !== undefined) return /^(0|false)$/i.test(env.FORCE_COLOR) ? PLAIN : COLOURED;
  return screen.isTerminal && env.TERM !== 'dumb' ? COLOURED : PLAIN;
}

/** Of statuses of connections and agents, of phases, and of what a check found. */
const COLOURS: Readonly<Record<string, Colour>> = {
  active: 'green',
  alive: 'green',
  ok: 'green',
  same: 'green',
  migrating: 'yellow',
  requested: 'cyan',
  degraded: 'yellow',
  suspect: 'yellow',
  draining: 'yellow',
  warn: 'yellow',
  held: 'yellow',
  failed: 'red',
  lost: 'red',
  fail: 'red',
  different: 'red',
  closed: 'dim',
};

export const colourOf = (word: string): Colour | undefined => COLOURS[word];
