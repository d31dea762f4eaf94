import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { refuseUnreadable } from './unreadable-request.ts';

describe('a request that is no HTTP', () => {
  let server: Server;
  beforeAll(async () => {
    server = createServer((request, response) => {
      response.write('begun');
      request.resume();
    });
    server.on('clientError', refuseUnreadable);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  /** All that is answered to these bytes, until the connection ends. */
  const answerTo = (text: string) =>
    new Promise<string>((resolve) => {
      let seen = '';
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1', () => socket.write(text));
      socket.on('data', (bytes) => {
        seen += bytes;
      });
      socket.on('close', () => resolve(seen));
    });

  it.each([
    ['words', 'good morning\r\n\r\n', 400, 'invalid-request'],
    ['a header that is none', 'GET / HTTP/1.1\r\nhost: x\r\nno header\r\n\r\n', 400, 'invalid-request'],
    ['the beginning of TLS', '\x16\x03\x01\x02\x00', 400, 'invalid-request'],
    [
      'a header as long as a book',
      `GET / HTTP/1.1\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`,
      431,
      'headers-too-large',
    ],
  ])('is answered with a problem, and the connection ends: %s', async (_what, text, status, code) => {
    const [head = '', body = ''] = (await answerTo(text)).split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} \\S.*\r\n`));
    expect(head).toContain('content-type: application/problem+json; charset=utf-8');
    expect(head).toContain(`content-length: ${Buffer.byteLength(body)}`);
    expect(JSON.parse(body)).toMatchObject({ status, code });
  });

  it('ends without a word where an answer had begun', async () => {
    const answer = await answerTo(
      'POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nno chunk\r\n',
    );
    expect(answer).not.toContain('problem+json');
  });
});
