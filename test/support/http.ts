import { existsSync, readFileSync } from 'node:fs';

const TIMEOUT_MS = 30_000;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The body as JSON when it is that, else as text. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any;
}

export function getJson(url: string, headers: Record<string, string> = {}): Promise<Answer> {
  return request(url, { headers });
}

/** POST with a JSON body, and the bearer token when one is given. */
export function postJson(
  url: string,
  body: unknown,
  token?: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return sendJson('POST', url, body, token, headers);
}

/** As postJson, with PUT. */
export function putJson(url: string, body: unknown, token?: string): Promise<Answer> {
  return sendJson('PUT', url, body, token, {});
}

function sendJson(
  method: string,
  url: string,
  body: unknown,
  token: string | undefined,
  headers: Record<string, string>,
): Promise<Answer> {
  return request(url, {
    method,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: {
      'content-type': 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
  });
}

async function request(url: string, init: RequestInit): Promise<Answer> {
  const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The lines of a file of JSON lines; a last line that is still being written is left out. */
// biome-ignore lint/suspicious/noExplicitAny: as above
export function readNdjson(file: string): any[] {
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8');
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}
