import type { ExitCode, Output } from '../exit.ts';
import type { Terminal } from '../terminal.ts';

/** What standard output is. */
export interface Screen {
  /** A person looks at it. */
  readonly isTerminal: boolean;
  /** Columns now; undefined: as wide as it gets. */
  columns(): number | undefined;
  /** Rows now; undefined: not known. */
  rows(): number | undefined;
}

/** What an operator's command works with; a test gives others. */
export interface OperatorContext {
  readonly output: Output;
  readonly screen: Screen;
  readonly terminal: Terminal;
  readonly env: NodeJS.ProcessEnv;
  /** Folder of the clone's local stack, where a token and certificates are looked for. */
  readonly stackHome: string;
  /** The file of settings that is read when none is named; it need not be there. */
  readonly configFile: string;
  /** As the controller's log names this program. */
  readonly agent: string;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  /** Is told the exit code. */
  readonly end: (code: ExitCode) => void;
}

/** Standard output of this process. */
export function processScreen(): Screen {
  const { stdout } = process;
  return {
    isTerminal: stdout.isTTY === true,
    columns: () => (stdout.isTTY === true ? stdout.columns : undefined),
    rows: () => (stdout.isTTY === true ? stdout.rows : undefined),
  };
}
