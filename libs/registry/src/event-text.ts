import type { EventView } from './connections.ts';

/** Digits of a time in milliseconds: they sort as text, until the year 2286. */
const TIME_DIGITS = 13;

/** An event stands in its list behind the time of its decision, so that Redis finds that without reading JSON. */
export function timePrefix(decidedMs: number): string {
  return String(Math.max(0, decidedMs)).padStart(TIME_DIGITS, '0');
}

export function eventOfText(text: string): EventView {
  return JSON.parse(text.slice(text.indexOf('{'))) as EventView;
}
