import { destination, type Logger, pino } from 'pino';

export type { Logger };

export interface LoggingOptions {
  /** Name of the program in every line. */
  readonly name: string;
  readonly level: string;
}

/** JSON lines on standard output: time in RFC 3339, level by name, one line an event, never a payload. */
export function createLogger(options: LoggingOptions): Logger {
  return pino(
    {
      name: options.name,
      level: options.level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination({ fd: 1, sync: false, minLength: 0 }),
  );
}
