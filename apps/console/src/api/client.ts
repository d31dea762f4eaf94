/** Of a call, in milliseconds: an explanation reads the log. */
const TIMEOUT_MS = 30_000;
const BASE = '/api/v1';

/** RFC 9457. */
export interface ProblemDetails {
  type: string;
  title: string;
  status: number;
  /** Stable; the texts are not. */
  code: string;
  retriable: boolean;
  detail?: string;
  [more: string]: unknown;
}

/** What the controller, or the way to it, answered instead of what was asked for. */
export class ApiError extends Error {
  /**
   * @param status 0: nothing answered
   * @param problem absent: it was no problem details
   */
  constructor(
    readonly status: number,
    readonly problem: ProblemDetails | undefined,
    message: string,
  ) {
    super(message);
    this.name = 'ApiError';
  }

  /** Stable, unlike the texts. */
  get code(): string {
    return this.problem?.code ?? (this.status === 0 ? 'unreachable' : `http-${this.status}`);
  }
}

export type Query = Readonly<Record<string, string | number | undefined>>;

/** The REST interface of the controller that served the page. */
export class ApiClient {
  /** @param bearer the token to send, if there is one, asked before each call */
  constructor(
    private readonly bearer: () => string | undefined,
    private readonly request: typeof fetch = (...args) => fetch(...args),
  ) {}

  /** @throws ApiError, or AbortError by `signal` */
  async get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
    const answer = await this.call(`${path}${searchOf(query)}`, { method: 'GET' }, signal);
    return (await answer.json()) as T;
  }

  /**
   * Asks for a change.
   * @param key of this one wish: sent again under the same key, nothing more is asked for
   * @throws ApiError
   */
  async post<T>(path: string, body: object, key: string): Promise<T> {
    const headers = { 'content-type': 'application/json', 'idempotency-key': key };
    const answer = await this.call(path, { method: 'POST', headers, body: JSON.stringify(body) });
    return (await answer.json()) as T;
  }

  /**
   * Opens the live stream.
   * @throws ApiError, or AbortError
   */
  async open(path: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
    const given = { accept: 'text/event-stream', ...headers, ...this.authorization() };
    return checked(await this.fetched(path, { headers: given, signal, cache: 'no-store' }));
  }

  private async call(path: string, init: RequestInit, signal?: AbortSignal): Promise<Response> {
    const limit = AbortSignal.timeout(TIMEOUT_MS);
    const headers = { accept: 'application/json', ...init.headers, ...this.authorization() };
    const either = signal === undefined ? limit : AbortSignal.any([signal, limit]);
    return checked(await this.fetched(path, { ...init, headers, signal: either, cache: 'no-store' }));
  }

  private async fetched(path: string, init: RequestInit): Promise<Response> {
    try {
      return await this.request(`${BASE}${path}`, init);
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') throw error;
      const late = error instanceof DOMException && error.name === 'TimeoutError';
      throw new ApiError(
        0,
        undefined,
        late ? 'The controller took too long to answer.' : 'The controller cannot be reached.',
      );
    }
  }

  private authorization(): Record<string, string> {
    const token = this.bearer();
    return token === undefined ? {} : { authorization: `Bearer ${token}` };
  }
}

async function checked(answer: Response): Promise<Response> {
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => undefined);
  const told = typeof problem?.code === 'string' ? (problem as ProblemDetails) : undefined;
  const text = told ? [told.title, told.detail].filter(Boolean).join(': ') : `HTTP ${answer.status}`;
  throw new ApiError(answer.status, told, text);
}

export function searchOf(query: Query): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, String(value)]],
  );
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
}
