import { ControlServer } from './control-server.ts';

describe('/control', () => {
  const done: string[] = [];
  let isActive = false;
  const control = new ControlServer({
    activate: () => {
      isActive = true;
      done.push('activate');
    },
    deactivate: () => done.push('deactivate'),
    drain: () => done.push('drain'),
    get isActive() {
      return isActive;
    },
    tallies: () => ({ sent: 3, by_server: { a: 3 } }),
    extra: (command, body) => {
      if (command !== 'rate') return 'unknown';
      return typeof body.rate === 'number' ? undefined : 'rate: a number';
    },
  });
  beforeAll(() => control.listen(0, '127.0.0.1'));
  afterAll(() => control.close());

  const url = (path: string): string => `http://127.0.0.1:${control.port}${path}`;
  const post = async (body: unknown): Promise<number> => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return (await fetch(url('/control'), { method: 'POST', body: text })).status;
  };

  it('obeys, remembers connection and epoch, and refuses a lower epoch', async () => {
    expect(await post({ command: 'activate', connection_id: 'a:b', epoch: 2 })).toBe(200);
    expect(await post({ command: 'deactivate', connection_id: 'a:b', epoch: 1 })).toBe(409);
    expect(await post({ command: 'drain', connection_id: 'a:b', epoch: 2 })).toBe(200);
    expect(done).toEqual(['activate', 'drain']);
    const state = await (await fetch(url('/control'))).json();
    expect(state).toEqual({ active: true, connection_id: 'a:b', epoch: 2, sent: 3, by_server: { a: 3 } });
  });

  it.each([
    ['no JSON', '{'],
    ['no object', '[]'],
    ['no epoch', { command: 'activate', connection_id: 'a:b' }],
    ['an epoch that is no whole number', { command: 'activate', connection_id: 'a:b', epoch: 1.5 }],
    ['no such command', { command: 'explode', connection_id: 'a:b', epoch: 9 }],
    ['wrong arguments', { command: 'rate', rate: 'fast' }],
    ['too much', JSON.stringify({ command: 'x'.repeat(20_000) })],
  ])('answers 400 to %s', async (_what, body) => {
    expect(await post(body)).toBe(400);
  });

  it('has commands of its own simulator', async () => {
    expect(await post({ command: 'rate', rate: 5 })).toBe(200);
  });

  it('is healthy, and is nothing else', async () => {
    expect((await fetch(url('/health/ready'))).status).toBe(200);
    expect((await fetch(url('/health/live'))).status).toBe(200);
    expect((await fetch(url('/'))).status).toBe(404);
    expect((await fetch(url('/control'), { method: 'PUT' })).status).toBe(405);
  });
});
