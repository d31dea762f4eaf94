/** The person at the terminal, if there is one. Everything that a command needs of a terminal, and no more. */
export interface Terminal {
  /** Whether somebody can press a key here. */
  readonly isInteractive: boolean;
  /** Tells of every key until the returned function is called. Ctrl-C is a key (`\x03`) in this time. */
  onKey(handler: (key: string) => void): () => void;
  /** Shows a line that the next one replaces; `''` takes it away. Does nothing where nobody looks. */
  live(line: string): void;
  /** Calls `handler` when the process is asked to end; the second time ends it at once. Returns how to stop. */
  onStop(handler: (signal: StopSignal) => void): () => void;
  /** Ends the process here and now, without a goodbye. */
  leave(code: number): void;
}

const CTRL_C = '\x03';
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
export type StopSignal = (typeof STOP_SIGNALS)[number];
const ENDED_AT_ONCE = 130;
const DEFAULT_COLUMNS = 80;

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const { stdin, stderr } = process;
  return {
    isInteractive: stdin.isTTY === true,
    onKey(handler) {
      if (stdin.isTTY !== true) return () => {};
      const onData = (bytes: Buffer): void => handler(bytes.toString('latin1'));
      stdin.setRawMode(true);
      stdin.on('data', onData).resume();
      return () => {
        stdin.off('data', onData).pause();
        stdin.setRawMode(false);
      };
    },
    live(line) {
      if (stderr.isTTY !== true) return;
      stderr.write(`\r\x1b[K${line.slice(0, (stderr.columns ?? DEFAULT_COLUMNS) - 1)}`);
    },
    onStop(handler) {
      let isAsked = false;
      const onSignal = (signal: NodeJS.Signals): void => {
        if (isAsked) process.exit(ENDED_AT_ONCE);
        isAsked = true;
        handler(signal as StopSignal);
      };
      for (const signal of STOP_SIGNALS) process.on(signal, onSignal);
      return () => {
        for (const signal of STOP_SIGNALS) process.off(signal, onSignal);
      };
    },
    leave: (code) => process.exit(code),
  };
}

/** Asks a question that one key answers. @returns true for `y`; false for every other key */
export function askYesNo(terminal: Terminal, isOver: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (answer: boolean): void => {
      stop();
      isOver.removeEventListener('abort', onOver);
      resolve(answer);
    };
    const onOver = (): void => settle(false);
    const stop = terminal.onKey((key) => settle(key === 'y' || key === 'Y'));
    isOver.addEventListener('abort', onOver);
  });
}

/** Whether a key means "end it": `q`, or Ctrl-C. */
export function isEndKey(key: string): boolean {
  return key === 'q' || key === 'Q' || key === CTRL_C;
}
