import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { EndpointError } from './errors.ts';
import type { ProxyOptions } from './options.ts';

export interface TunnelOptions {
  readonly proxy: ProxyOptions;
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * A TCP connection through an HTTP proxy (CONNECT, basic authentication from the URL).
 * @throws EndpointError `proxy-auth`, `proxy-failed`, `aborted`, `bad-options`
 */
export function openTunnel(options: TunnelOptions): Promise<Socket> {
  const url = readProxyUrl(options.proxy.url);
  const authority = options.host.includes(':')
    ? `[${options.host}]:${options.port}`
    : `${options.host}:${options.port}`;
  const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)({
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port),
    method: 'CONNECT',
    path: authority,
    headers: { host: authority, ...authorization(url) },
    agent: false,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => request.destroy(new Error(`no answer in ${options.timeoutMs} ms`)),
      options.timeoutMs,
    );
    const fail = (error: EndpointError): void => {
      clearTimeout(timer);
      reject(error);
    };
    request.on('connect', (response, socket, head) => {
      if (response.statusCode !== 200) {
        socket.destroy();
        return fail(refusal(response.statusCode));
      }
      clearTimeout(timer);
      if (head.length > 0) socket.unshift(head);
      resolve(socket as Socket);
    });
    // A proxy that answers CONNECT as it would a GET.
    request.on('response', (response) => {
      response.resume();
      request.destroy();
      fail(refusal(response.statusCode));
    });
    request.on('error', (error) =>
      fail(
        options.signal?.aborted === true
          ? new EndpointError('aborted')
          : new EndpointError('proxy-failed', error.message),
      ),
    );
    request.end();
  });
}

/** @throws EndpointError `bad-options` */
export function readProxyUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.hostname === '') {
    // The text may hold a password, so it is not repeated.
    throw new EndpointError('bad-options', 'the proxy must be http://[user:password@]host[:port]');
  }
  return url;
}

function authorization(url: URL): Record<string, string> {
  if (url.username === '' && url.password === '') return {};
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` };
}

function refusal(status: number | undefined): EndpointError {
  return status === 407
    ? new EndpointError('proxy-auth')
    : new EndpointError('proxy-failed', `it answered ${status ?? 'nothing'}`);
}
