import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** What became of a message, at the side that says so. */
export const FATES = [
  'sent',
  'approved',
  'declined',
  'timed_out',
  'reversed',
  'duplicated',
  'swallowed',
] as const;
export type Fate = (typeof FATES)[number];

export interface FateLine {
  readonly time: string;
  readonly rrn: string;
  readonly mti: string;
  readonly fate: Fate;
  /** Which server answered, as its response names it. */
  readonly server?: string;
}

/**
 * One line of JSON for each step of each message, in the kernel's hands before the message goes on, so that
 * `kill -9` loses none. Holds reference numbers and types, nothing else of a message.
 */
export class FateLog {
  private readonly file: number;
  /** What an earlier life wrote. */
  readonly earlier: readonly FateLine[];

  constructor(path: string) {
    mkdirSync(dirname(path), { recursive: true });
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    this.earlier = text.split('\n').flatMap(parseLine);
    this.file = openSync(path, 'a');
    // A line that a kill cut in two is ended, so that the next one stands by itself.
    if (text !== '' && !text.endsWith('\n')) writeSync(this.file, '\n');
  }

  write(rrn: string, mti: string, fate: Fate, server?: string): void {
    const line: FateLine = {
      time: new Date().toISOString(),
      rrn,
      mti,
      fate,
      ...(server === undefined ? {} : { server }),
    };
    writeSync(this.file, `${JSON.stringify(line)}\n`);
  }

  close(): void {
    closeSync(this.file);
  }
}

function parseLine(text: string): FateLine[] {
  try {
    const line: FateLine = JSON.parse(text);
    return FATES.includes(line.fate) ? [line] : [];
  } catch {
    return [];
  }
}
