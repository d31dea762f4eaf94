import { CommandFailure } from '#libs/agent';
import type { FailureReason } from '#libs/contracts';
import {
  DialError,
  type DialOptions,
  dialLink,
  LinkPath,
  type PathEnd,
  type PathOptions,
  type RefuseCode,
} from '#libs/relay';

export interface PathUser {
  permit(): boolean;
  messages(path: LinkPath, messages: Buffer[]): void;
  /** The server's end stands; called before anything else is handled. */
  stands(path: LinkPath): void;
  /** Not the first `ready`: the server's end has another backend. */
  backendReplaced(): void;
  drained(): void;
  /** Only of a path that stood. */
  ended(end: PathEnd): void;
}

export interface StandOptions {
  readonly dial: Omit<DialOptions, 'timeoutMs' | 'signal'>;
  readonly path: PathOptions;
  /** From the dial to the server's `ready`. */
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

/**
 * Dials a server sidecar and resolves once its end stands.
 * @throws CommandFailure when it does not, in time; the path is closed then.
 */
export async function standPath(options: StandOptions, user: PathUser): Promise<void> {
  const until = performance.now() + options.limitMs;
  try {
    const stream = await dialLink({ ...options.dial, timeoutMs: options.limitMs, signal: options.signal });
    await awaitReady(stream, until - performance.now(), options, user);
  } catch (error) {
    throw error instanceof DialError ? failureOf(error) : error;
  }
}

function awaitReady(
  stream: Awaited<ReturnType<typeof dialLink>>,
  limitMs: number,
  { path: pathOptions, signal }: StandOptions,
  user: PathUser,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let stands = false;
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    };
    const fail = (reason: FailureReason): void => {
      settle();
      path.close();
      reject(new CommandFailure(reason));
    };
    const onAbort = (): void => fail('dial-failed');
    const timer = setTimeout(() => fail('dial-timeout'), Math.max(0, limitMs));
    signal.addEventListener('abort', onAbort);
    const path: LinkPath = new LinkPath(
      stream,
      {
        permit: () => user.permit(),
        messages: (messages) => {
          if (stands) user.messages(path, messages);
          else fail('handshake-refused');
        },
        ready: () => {
          if (stands) {
            user.backendReplaced();
            return;
          }
          stands = true;
          settle();
          user.stands(path);
          resolve();
        },
        refused: (code) => {
          if (stands) user.ended('peer-closed');
          else fail(failureOfRefusal(code));
        },
        drained: () => user.drained(),
        ended: (end) => {
          if (stands) user.ended(end);
          else fail('handshake-refused');
        },
      },
      pathOptions,
    );
    path.start();
    if (signal.aborted) onAbort();
  });
}

function failureOf(error: DialError): CommandFailure {
  switch (error.fault) {
    case 'dial-failed':
    case 'dial-timeout':
      return new CommandFailure(error.fault);
    case 'wrong-identity':
    case 'wrong-protocol':
      return new CommandFailure('handshake-refused');
    default:
      return error.fault satisfies never;
  }
}

function failureOfRefusal(code: RefuseCode): FailureReason {
  return code === 'no-backend' ? 'no-backend' : 'handshake-refused';
}
