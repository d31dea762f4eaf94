import type { Session, SessionEnd } from '#libs/endpoint';
import { EXIT, type ExitCode } from '../exit.ts';
import { isEndKey } from '../terminal.ts';
import type { SessionContext } from './context.ts';
import { exitOf, messageOf } from './failures.ts';
import type { Reporter } from './reporter.ts';

/** Ends of a session that are as they should be. */
const GOOD_ENDS: ReadonlySet<string> = new Set(['hung-up']);

export interface SessionRun<S extends Session> {
  /** How a person ends it, at the end of the live line. */
  readonly hint: string;
  /** Whether one key ends it, without a question. */
  readonly endsByKey?: boolean;
  /** Whether the session is to outlive a machine that goes down: then SIGTERM and SIGHUP leave it without a goodbye. */
  readonly outlives?: boolean;
  /** Opens the session; its signal is aborted when the person gives up first. */
  readonly open: (signal: AbortSignal) => Promise<S>;
  /** Called once it is open. */
  readonly onOpen?: (session: S) => void;
  readonly onClosed?: (end: SessionEnd) => void;
}

/** Runs one session from its opening to its end, and hangs up when it is asked to stop. */
export async function runSession<S extends Session>(
  context: SessionContext,
  reporter: Reporter,
  run: SessionRun<S>,
): Promise<void> {
  const { terminal } = context;
  const givenUp = new AbortController();
  let session: S | undefined;
  const stop = (): void => {
    if (session === undefined) givenUp.abort();
    else void session.close();
  };
  const offStop = terminal.onStop((signal) => {
    if (run.outlives && session !== undefined && signal !== 'SIGINT') terminal.leave(EXIT.ok);
    else stop();
  });
  let offKey = (): void => {};
  try {
    session = await run.open(givenUp.signal);
    if (run.endsByKey) {
      offKey = terminal.onKey((key) => {
        if (isEndKey(key)) stop();
      });
    }
    run.onOpen?.(session);
    const end = await reporter.follow(session, run.hint);
    reporter.closed(end, session.status);
    run.onClosed?.(end);
    if (end.error !== undefined) context.output.err(`trunkline: ${messageOf(end.error)}\n`);
    context.end(exitOfEnd(end));
  } finally {
    offKey();
    offStop();
    terminal.live('');
  }
}

function exitOfEnd({ reason, error }: SessionEnd): ExitCode {
  if (error !== undefined) return exitOf(error);
  return GOOD_ENDS.has(reason) ? EXIT.ok : reason === 'declined' ? EXIT.refused : EXIT.lost;
}
