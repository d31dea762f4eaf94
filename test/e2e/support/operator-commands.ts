import { LINK } from './spine.ts';

/** An operator's commands, and how each is called; apps/cli/src/help.spec.ts goes through the flags that they refuse. */
export const COMMANDS: readonly string[] = [
  ...['ls', 'get', 'explain', 'events', 'failover'].map((name) => `connections ${name}`),
  ...['ls', 'get', 'drain'].map((name) => `agents ${name}`),
  ...['ls', 'get', 'approve'].map((name) => `failovers ${name}`),
  ...['top', 'tail', 'check', 'topics verify', 'topics create', 'replay', 'export'],
];

export function nameOf([first = '', second = '']: readonly string[]): string {
  return COMMANDS.find((name) => name === first || name === `${first} ${second}`) ?? '';
}

const WHY = ['--reason', 'x'];

/** One call of each that needs a controller. */
export const TO_CONTROLLER: readonly (readonly string[])[] = [
  ['connections', 'ls'],
  ['connections', 'get', LINK],
  ['connections', 'explain', LINK],
  ['connections', 'events', LINK],
  ['connections', 'failover', LINK, ...WHY],
  ['agents', 'ls'],
  ['agents', 'get', 'x'],
  ['agents', 'drain', 'x', ...WHY],
  ['failovers', 'ls'],
  ['failovers', 'get', 'x~1'],
  ['failovers', 'approve', 'x~1', ...WHY],
  ['top', '--once'],
  ['tail'],
];

/** Nobody listens there. */
const NOWHERE = ['--brokers', '127.0.0.1:1'];

/** One call of each that needs Kafka, where none is. */
export const TO_KAFKA: readonly (readonly string[])[] = [
  ['topics', 'verify', ...NOWHERE],
  ['topics', 'create', ...NOWHERE],
  ['export', '-', ...NOWHERE],
];

/** What a terminal alone is given: colours, and progress that is drawn over. */
export const isDrawn = (text: string): boolean => ['\x1b', '\r', '\b'].some((sign) => text.includes(sign));
