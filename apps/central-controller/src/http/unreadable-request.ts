import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ProblemCode } from '#libs/contracts';
import { Problem } from './problem.ts';

/** By Node's codes; anything else is no HTTP. */
const PROBLEMS: Readonly<Record<string, ProblemCode>> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'body-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
};

/** What Node sees of the answer that is being given on a connection, if one is. */
interface Answering {
  readonly _httpMessage?: { readonly headersSent?: boolean };
}

/** For `clientError` of an HTTP server: what no route ever sees is told as a problem as well, and the connection ends. */
export function refuseUnreadable({ code = '' }: NodeJS.ErrnoException, socket: Duplex & Answering): void {
  if (!socket.writable || code === 'ECONNRESET' || socket._httpMessage?.headersSent) {
    socket.destroy();
    return;
  }
  const problem = new Problem(PROBLEMS[code] ?? 'invalid-request');
  const body = JSON.stringify(problem.body());
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    'connection: close',
    'content-type: application/problem+json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
