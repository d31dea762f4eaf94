import type { Logger } from '#libs/platform';

export type ControlCommand = 'activate' | 'deactivate' | 'drain';

const CONTROL_TIMEOUT_MS = 1_000;
/** How what is wanted is tried again: so often so soon, then slowly until something else is wanted. Milliseconds. */
const RETRIES = { soonMs: 500, soonAttempts: 20, slowMs: 5_000 };

export type ControlAnswer = 'done' | 'refused' | 'unreachable' | 'not-offered';
/** `unaware`: it answers and knows of no such epoch of this connection, as after its restart. */
export type Awareness = 'aware' | 'unaware' | 'unreachable';

/** The application's `/control`, where it offers one. An application that is told nothing carries on as it is. */
export class ControlClient {
  /** The last thing wanted of each connection's application; a later one ends the tries of an earlier one. */
  private readonly wanted = new Map<string, symbol>();
  /** The last post of each connection: the next one waits for its end, as it must not arrive before it. */
  private readonly posts = new Map<string, Promise<ControlAnswer>>();

  constructor(
    private readonly url: string | undefined,
    private readonly log: Logger,
    private readonly retries = RETRIES,
  ) {}

  get isOffered(): boolean {
    return this.url !== undefined;
  }

  /** What the application knows of this epoch. One that answers anything else than its state is aware. Never rejects. */
  async ask(connectionId: string, epoch: number): Promise<Awareness> {
    if (this.url === undefined) return 'unreachable';
    try {
      const response = await fetch(this.url, { signal: AbortSignal.timeout(CONTROL_TIMEOUT_MS) });
      const state: unknown = response.ok ? await response.json().catch(() => undefined) : undefined;
      if (!response.bodyUsed) await response.body?.cancel();
      if (typeof state !== 'object' || state === null || !('active' in state)) return 'aware';
      const known = state as { connection_id?: unknown; epoch?: unknown };
      return known.connection_id === connectionId && Number(known.epoch) >= epoch ? 'aware' : 'unaware';
    } catch {
      return 'unreachable';
    }
  }

  /** `refused`: the application knows a higher epoch (409). Never rejects. */
  async tell(command: ControlCommand, connectionId: string, epoch: number): Promise<ControlAnswer> {
    this.wanted.delete(connectionId);
    return this.post(command, connectionId, epoch);
  }

  /**
   * As `tell`, for what nobody waits for: tried again while the application does not answer. One that was frozen may
   * come back after any time, and must not act for a link that is carried elsewhere.
   */
  async want(command: ControlCommand, connectionId: string, epoch: number): Promise<void> {
    const mark = Symbol(command);
    this.wanted.set(connectionId, mark);
    const { soonMs, soonAttempts, slowMs } = this.retries;
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.post(command, connectionId, epoch, { mark, quiet: attempt > soonAttempts });
      if (this.wanted.get(connectionId) !== mark) return;
      if (answer !== 'unreachable') break;
      await new Promise((resolve) => setTimeout(resolve, attempt < soonAttempts ? soonMs : slowMs).unref());
      if (this.wanted.get(connectionId) !== mark) return;
    }
    this.wanted.delete(connectionId);
  }

  /** @param wanted `mark`: it is not sent any more once something else is wanted; `quiet`: its failure was told before. */
  private async post(
    command: ControlCommand,
    connectionId: string,
    epoch: number,
    wanted?: { readonly mark: symbol; readonly quiet: boolean },
  ): Promise<ControlAnswer> {
    const before = this.posts.get(connectionId) ?? Promise.resolve();
    const post = before.then((): ControlAnswer | Promise<ControlAnswer> => {
      const isOver = wanted !== undefined && this.wanted.get(connectionId) !== wanted.mark;
      return isOver ? 'unreachable' : this.send(command, connectionId, epoch, wanted?.quiet);
    });
    this.posts.set(connectionId, post);
    const answer = await post;
    if (this.posts.get(connectionId) === post) this.posts.delete(connectionId);
    return answer;
  }

  private async send(
    command: ControlCommand,
    connectionId: string,
    epoch: number,
    quiet = false,
  ): Promise<ControlAnswer> {
    if (this.url === undefined) return 'not-offered';
    try {
      const response = await fetch(this.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ command, connection_id: connectionId, epoch }),
        signal: AbortSignal.timeout(CONTROL_TIMEOUT_MS),
      });
      await response.body?.cancel();
      if (response.ok) return 'done';
      const level = quiet ? 'debug' : 'warn';
      this.log[level](
        { command, epoch, status: response.status },
        'the application refused a control command',
      );
      return response.status === 409 ? 'refused' : 'unreachable';
    } catch (error) {
      this.log.debug({ err: error, command }, "the application's control did not answer");
      return 'unreachable';
    }
  }
}
