import type { BrokerCommandName, SidecarCommandName } from '#libs/contracts';

/** Ids are made from what they name, so that whoever writes a decision again writes the same ones. */

export const decisionId = (key: string, version: number): string => `${key}/${version}`;

/** A decision has at most one command of a name to one agent. */
export const commandId = (
  key: string,
  version: number,
  name: SidecarCommandName | BrokerCommandName,
  agentId: string,
): string => `${key}/${version}/${name}/${agentId}`;

/** The name of a command, out of its id; the caller has checked that it issued it. */
export const commandNameOf = (id: string): string => id.split('/')[2] ?? '';

/** A move is named after the epoch that it leads to, whether it gets there or not. */
export const failoverId = (connectionId: string, epoch: number): string => `${connectionId}~${epoch}`;

/** Texts of the seconds that were asked for lately: a decision tells several times of the same few seconds. */
const SECONDS_KEPT = 64;
const seconds = new Float64Array(SECONDS_KEPT).fill(Number.NaN);
const texts: string[] = new Array(SECONDS_KEPT).fill('');

/** RFC 3339 of milliseconds since 1970. */
export function iso(ms: number): string {
  const second = Math.floor(ms / 1000);
  const place = ((second % SECONDS_KEPT) + SECONDS_KEPT) % SECONDS_KEPT;
  if (seconds[place] !== second) {
    // The text up to the seconds and the point after them.
    texts[place] = new Date(second * 1000).toISOString().slice(0, -4);
    seconds[place] = second;
  }
  const rest = Math.floor(ms - second * 1000);
  return `${texts[place]}${rest < 10 ? '00' : rest < 100 ? '0' : ''}${rest}Z`;
}

export const msOf = (time: string): number => Date.parse(time);
