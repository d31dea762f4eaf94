import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';

/**
 * The console's files as they are served: from memory, read once. They hold no data, so that they need no token; what the
 * page shows it asks for by REST, with the token of whoever looks.
 */

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};
/** The forms that files are kept in, the smallest first. */
const ENCODINGS = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const;

/** Nothing but the page's own files, no inline script or style, and no markup out of strings but Lit's templates. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types lit-html',
].join('; ');

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};
/** A hashed name never means anything else; one year, in seconds, is as good as for ever. */
const FOR_EVER = 'public, max-age=31536000, immutable';
const ASK_AGAIN = 'no-cache';

const PAGE = '/index.html';
const ASSETS = 'assets';

interface Served {
  readonly type: string;
  readonly cache: string;
  readonly etag: string;
  readonly plain: Buffer;
  /** By content coding, those that there are. */
  readonly coded: ReadonlyMap<string, Buffer>;
}

export class ConsoleSite {
  private constructor(private readonly files: ReadonlyMap<string, Served>) {}

  /**
   * @param folder where the build put the console
   * @returns undefined when there is none, as where the program runs from its sources
   */
  static open(folder: string): ConsoleSite | undefined {
    if (!existsSync(join(folder, 'index.html'))) return undefined;
    const files = new Map([[PAGE, fileOf(join(folder, 'index.html'), ASK_AGAIN)]]);
    for (const name of readdirSync(join(folder, ASSETS))) {
      if (ENCODINGS.some(([, ending]) => name.endsWith(ending))) continue;
      files.set(`/${ASSETS}/${name}`, fileOf(join(folder, ASSETS, name), FOR_EVER));
    }
    return new ConsoleSite(files);
  }

  /** Answers a GET or HEAD of one of its files. @returns false when it is none: then somebody else has to answer. */
  answer(request: IncomingMessage, response: ServerResponse): boolean {
    const { method, headers } = request;
    if (method !== 'GET' && method !== 'HEAD') return false;
    const path = (request.url ?? '').replace(/[?#].*$/s, '');
    const file = this.files.get(path === '/' ? PAGE : path);
    if (file === undefined) return false;
    const common = { ...HEADERS, 'cache-control': file.cache, etag: file.etag, vary: 'accept-encoding' };
    if (headers['if-none-match'] === file.etag) {
      response.writeHead(304, common).end();
      return true;
    }
    const [coding, body] = chosen(file, headers['accept-encoding']);
    response.writeHead(200, {
      ...common,
      'content-type': file.type,
      'content-length': body.length,
      ...(coding !== undefined && { 'content-encoding': coding }),
    });
    response.end(method === 'HEAD' ? undefined : body);
    return true;
  }
}

function fileOf(path: string, cache: string): Served {
  const plain = readFileSync(path);
  const hash = createHash('sha256').update(plain).digest('base64url').slice(0, 22);
  const coded = ENCODINGS.flatMap(([coding, ending]) =>
    existsSync(path + ending) ? [[coding, readFileSync(path + ending)] as const] : [],
  );
  return {
    type: TYPES[path.slice(path.lastIndexOf('.') + 1)] ?? 'application/octet-stream',
    cache,
    // Weak: one for all codings of the same bytes.
    etag: `W/"${hash}"`,
    plain,
    coded: new Map(coded),
  };
}

function chosen(file: Served, accepted: string | string[] | undefined): [string | undefined, Buffer] {
  for (const [coding, body] of file.coded) {
    if (accepts(String(accepted ?? ''), coding)) return [coding, body];
  }
  return [undefined, file.plain];
}

/** `q=0` refuses a coding that is named. */
function accepts(header: string, coding: string): boolean {
  return header.split(',').some((part) => {
    const [name, ...parameters] = part.split(';').map((each) => each.trim().toLowerCase());
    return name === coding && !parameters.some((each) => /^q=0(\.0*)?$/.test(each));
  });
}
