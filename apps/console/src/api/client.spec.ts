import { ApiClient, ApiError, searchOf } from './client.ts';

interface Call {
  readonly url: string;
  readonly init: RequestInit;
}

function clientWith(answer: () => Response | Promise<Response>, token?: string) {
  const calls: Call[] = [];
  const client = new ApiClient(
    () => token,
    async (url, init = {}) => {
      calls.push({ url: String(url), init });
      return answer();
    },
  );
  return { client, calls };
}

const json = (body: object, status = 200) => new Response(JSON.stringify(body), { status });
const problemOf = (call: Promise<unknown>) =>
  call.then(
    () => undefined,
    (error: unknown) => error as ApiError,
  );

describe('a call', () => {
  it('carries the token, if there is one', async () => {
    const open = clientWith(() => json({}));
    await open.client.get('/agents', { limit: 500, cursor: undefined, kind: '' });
    expect(open.calls[0]?.url).toBe('/api/v1/agents?limit=500');
    expect(open.calls[0]?.init.headers).not.toHaveProperty('authorization');
    const known = clientWith(() => json({}), 'secret');
    await known.client.get('/agents');
    expect(known.calls[0]?.init.headers).toMatchObject({ authorization: 'Bearer secret' });
  });

  it('that asks for a change has a key', async () => {
    const { client, calls } = clientWith(() => json({ event_id: 'e' }, 202), 'secret');
    expect(await client.post('/freeze', { reason: 'x' }, 'key-1')).toEqual({ event_id: 'e' });
    expect(calls[0]?.init).toMatchObject({
      method: 'POST',
      body: '{"reason":"x"}',
      headers: {
        'idempotency-key': 'key-1',
        'content-type': 'application/json',
        authorization: 'Bearer secret',
      },
    });
  });

  it('that is refused says why, by its stable code', async () => {
    const body = {
      type: 'x',
      title: 'The token has expired',
      status: 401,
      code: 'expired-token',
      retriable: false,
    };
    const error = await problemOf(
      clientWith(() => json({ ...body, detail: 'an hour ago' }, 401)).client.get('/x'),
    );
    expect(error).toBeInstanceOf(ApiError);
    expect([error?.status, error?.code, error?.message]).toEqual([
      401,
      'expired-token',
      'The token has expired: an hour ago',
    ]);
  });

  it('that somebody else answered is told by its status', async () => {
    const error = await problemOf(clientWith(() => new Response('<html>', { status: 502 })).client.get('/x'));
    expect([error?.code, error?.message]).toEqual(['http-502', 'HTTP 502']);
  });

  it('that nobody answers is told as that', async () => {
    const error = await problemOf(
      clientWith(() => Promise.reject(new TypeError('fetch failed'))).client.get('/x'),
    );
    expect([error?.status, error?.code]).toEqual([0, 'unreachable']);
  });

  it('that is given up stays given up, and is no failure of the controller', async () => {
    const given = new AbortController();
    given.abort();
    const client = new ApiClient(
      () => undefined,
      async (_url, init) => {
        init?.signal?.throwIfAborted();
        return json({});
      },
    );
    await expect(client.get('/x', {}, given.signal)).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('a query', () => {
  it('leaves out what is not given', () => {
    expect(searchOf({ a: 1, b: undefined, c: '', d: 'x y&z' })).toBe('?a=1&d=x+y%26z');
    expect(searchOf({})).toBe('');
  });
});
