import { randomUUID } from 'node:crypto';
import { LIMITS } from '#libs/contracts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';

/** Whoever waits for an answer is a person. */
const ANSWER_MS = 15_000;
const PREFIX = '/api/v1';

export type Query = Readonly<Record<string, string | number | undefined>>;

export interface ApiGiven {
  readonly url: string;
  readonly token: string | undefined;
  readonly agent: string;
}

/** Problem details as a controller tells them; `code` is stable. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly title?: string;
  readonly detail?: string;
  readonly control_region?: string;
  readonly progress?: unknown;
}

/** What a controller answered that is no success; its message says what to do. */
export class ApiError extends CliError {
  constructor(
    exitCode: ExitCode,
    message: string,
    readonly problem: Problem,
  ) {
    super(exitCode, message);
  }
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly next_cursor?: string;
}

/** REST of one central controller. */
export class Api {
  constructor(private readonly given: ApiGiven) {}

  get url(): string {
    return this.given.url;
  }

  /** @throws CliError when there is no answer; ApiError when it is no success */
  async get<T>(path: string, query: Query = {}): Promise<T> {
    return this.json(await this.call('GET', PREFIX + path, { query }));
  }

  /** As get, of a path that is not under `/api/v1`. Any status is an answer. */
  async plain(path: string): Promise<Response> {
    return this.fetched('GET', path, {});
  }

  async post<T>(path: string, body: object): Promise<T> {
    return this.json(await this.call('POST', PREFIX + path, { body }));
  }

  /** Walks the pages of a list up to `limit` items. */
  async *items<T>(path: string, query: Query, limit: number): AsyncGenerator<T> {
    let cursor: string | undefined;
    let left = limit;
    do {
      const page: Page<T> = await this.get(path, {
        ...query,
        limit: Math.min(left, LIMITS.pageSize),
        cursor,
      });
      if (!Array.isArray(page.items)) throw notOne(this.url, 'a list without items');
      yield* page.items;
      left -= page.items.length;
      cursor = page.next_cursor;
    } while (cursor !== undefined && left > 0);
  }

  async list<T>(path: string, query: Query, limit: number): Promise<T[]> {
    const found: T[] = [];
    for await (const item of this.items<T>(path, query, limit)) found.push(item);
    return found;
  }

  /** Server-sent events; the answer comes at once and its body goes on. */
  async stream(
    path: string,
    query: Query,
    lastEventId: string | undefined,
    signal: AbortSignal,
  ): Promise<Response> {
    const headers: Record<string, string> = { accept: 'text/event-stream' };
    if (lastEventId !== undefined) headers['last-event-id'] = lastEventId;
    const answer = await this.call('GET', PREFIX + path, { query, headers, signal });
    const type = answer.headers.get('content-type') ?? 'no type';
    if (type.startsWith('text/event-stream')) return answer;
    await answer.body?.cancel();
    throw notOne(this.url, `${type} for a stream`);
  }

  private async json<T>(answer: Response): Promise<T> {
    const text = await answer.text().catch((error: unknown) => {
      throw unreachable(this.url, error);
    });
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      throw notOne(this.url, 'no JSON');
    }
    if (typeof parsed !== 'object' || parsed === null) throw notOne(this.url, 'no JSON object');
    return parsed as T;
  }

  private async call(method: string, path: string, more: More): Promise<Response> {
    const answer = await this.fetched(method, path, more);
    if (answer.ok) return answer;
    throw failureOf(this.given, await problemOf(answer), answer.headers);
  }

  private async fetched(method: string, path: string, { query, body, headers, signal }: More) {
    const { url, token, agent } = this.given;
    const target = new URL(url + path);
    for (const [name, value] of Object.entries(query ?? {})) {
      if (value !== undefined) target.searchParams.set(name, String(value));
    }
    try {
      return await fetch(target, {
        method,
        redirect: 'error',
        signal: signal ?? AbortSignal.timeout(ANSWER_MS),
        headers: {
          accept: 'application/json',
          'user-agent': agent,
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          // Whoever asks again after an answer that was lost has not asked twice.
          ...(body !== undefined && { 'content-type': 'application/json', 'idempotency-key': randomUUID() }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw unreachable(url, error);
    }
  }
}

interface More {
  readonly query?: Query;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Somebody answers, and it is no controller, or one of another kind. */
function notOne(url: string, what: string): CliError {
  return new CliError(
    EXIT.unreadable,
    `${url} answers with ${what}: is it a central controller? --url, or TRUNKLINE_URL, names one`,
  );
}

/** What to do, by the code of what went wrong on the way; anything else: nobody is there. */
const HINTS: readonly (readonly [codes: RegExp, hint: string])[] = [
  [/^ERR_SSL_/, 'it does not speak TLS there; is --url, or TRUNKLINE_URL, an http:// one?'],
  [
    /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+)$/,
    'its certificate is of an authority that is not known here; NODE_EXTRA_CA_CERTS names a PEM file of it',
  ],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$/, 'its certificate is for another name; --url must be one of its names'],
  [
    /^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/,
    'its certificate is not valid now; have it made anew, and look at the clocks',
  ],
  [
    /^(HPE_\w+|UND_ERR_SOCKET|ECONNRESET)$/,
    'it hung up, or speaks no HTTP; is --url, or TRUNKLINE_URL, an https:// one?',
  ],
];
const NOBODY_THERE =
  'is the central controller running? npm start runs the local stack; --url, or TRUNKLINE_URL, names another';

/** Nobody answers as a controller does; its message is what and hint. */
export class Unreachable extends CliError {
  constructor(
    readonly what: string,
    readonly hint: string,
  ) {
    super(EXIT.unreadable, `${what}: ${hint}`);
  }
}

export function unreachable(url: string, error: unknown): Unreachable {
  const { name, cause } = error as Error & { cause?: { code?: string; message?: string } };
  const why =
    name === 'TimeoutError' ? `none within ${ANSWER_MS / 1_000} s` : (cause?.code ?? cause?.message);
  const hint = HINTS.find(([codes]) => codes.test(cause?.code ?? ''))?.[1] ?? NOBODY_THERE;
  return new Unreachable(`no answer from ${url} (${why ?? String(error)})`, hint);
}

async function problemOf(answer: Response): Promise<Problem> {
  const text = await answer.text().catch(() => '');
  try {
    const parsed = JSON.parse(text) as Problem;
    if (typeof parsed.code === 'string') return { ...parsed, status: answer.status };
  } catch {
    // Whoever stands in between answers in its own way.
  }
  return { status: answer.status, code: 'no-problem-details', title: answer.statusText || 'no JSON' };
}

/** What to do about it, by the code where one is known, else by the status. */
function failureOf({ url, token }: ApiGiven, problem: Problem, headers: Headers): ApiError {
  const { status, code, title, detail } = problem;
  const told = `${detail ?? title ?? code} (${status} ${code})`;
  const fail = (exit: ExitCode, hint: string) =>
    new ApiError(exit, hint === '' ? told : `${told}: ${hint}`, problem);
  if (status === 401) {
    const hint =
      token === undefined
        ? '--token, TRUNKLINE_TOKEN or token_file in the file of settings gives one; trunkline token makes one for the local stack'
        : 'get a new token (local stack: trunkline token --role operator), and see that --url is the controller it is for';
    return fail(EXIT.refused, hint);
  }
  if (status === 403)
    return fail(
      EXIT.refused,
      'ask for a token with that role (local stack: trunkline token --role operator)',
    );
  if (code === 'other-control-region') {
    return fail(EXIT.violated, `ask a controller of ${problem.control_region ?? 'that region'} with --url`);
  }
  if (code === 'before-retention')
    return fail(EXIT.unreadable, 'the log no longer has it; take a later time');
  if (status === 429 || status === 503) {
    const after = headers.get('retry-after');
    return fail(EXIT.later, after === null ? 'try again later' : `try again in ${after} s`);
  }
  if (status === 404 && code === 'no-problem-details') {
    return fail(EXIT.unreadable, `${url} has no such call; is it a central controller, of this version?`);
  }
  if (status === 404 && code === 'route-not-found') {
    return fail(EXIT.unreadable, 'this controller does not know the call; is it of this version?');
  }
  if (status === 404 || status === 410) return fail(EXIT.unreadable, '');
  if (status === 409) return fail(EXIT.violated, '');
  if (status >= 500) return fail(EXIT.later, 'the log of the central controller says more');
  return fail(EXIT.usage, '');
}
