/** How a command ends; every command of `trunkline` uses the same numbers. */
export const EXIT = {
  /** Done, and all is well. */
  ok: 0,
  /** Done, and what was looked at is not as it must be. */
  violated: 1,
  /** It was called wrongly. */
  usage: 2,
  /** What it needs can't be read or reached. */
  unreadable: 3,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What a person has to mend: one message that says what is wrong and what to do. */
export class CliError extends Error {
  constructor(
    readonly exitCode: ExitCode,
    message: string,
  ) {
    super(message);
  }
}

/** Where a command writes. */
export interface Output {
  out(text: string): void;
  err(text: string): void;
}
