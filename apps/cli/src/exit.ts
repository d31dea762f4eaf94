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
  /** The connection code is none, is not known, has expired or was used. */
  code: 4,
  /** Policy, the other side or a broker does not allow it to this identity. */
  refused: 5,
  /** Something in between breaks the encryption open. */
  intercepted: 6,
  /** The proxy makes no connection. */
  proxy: 7,
  /** The same may succeed later. */
  later: 8,
  /** The session was open and could not be kept. */
  lost: 9,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What each number means, for the help of every command. */
export const EXIT_MEANINGS: Readonly<Record<ExitCode, string>> = {
  [EXIT.ok]: 'done; a session: somebody hung up',
  [EXIT.violated]: 'what was looked at is not as it must be',
  [EXIT.usage]: 'wrong usage',
  [EXIT.unreadable]: 'something cannot be read or reached',
  [EXIT.code]: 'the code is mistyped, unknown, expired or used',
  [EXIT.refused]: 'not allowed: by policy, by the other side, or to this identity',
  [EXIT.intercepted]: 'an intercepting proxy breaks the encryption open',
  [EXIT.proxy]: 'the proxy makes no connection',
  [EXIT.later]: 'try again later: too many attempts, no room, or no answer from the control plane',
  [EXIT.lost]: 'the session was lost and could not be resumed',
};

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

/** The exit codes of a command, as its help lists them. */
export function exitCodeHelp(codes: readonly ExitCode[]): string {
  return `\nExit code:\n${codes.map((code) => `  ${code}  ${EXIT_MEANINGS[code]}`).join('\n')}\n`;
}
