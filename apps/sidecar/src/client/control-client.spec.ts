import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLogger } from '#libs/platform';
import { waitFor } from '../../../../test/support/wait-for.ts';
import { ControlClient } from './control-client.ts';

const log = createLogger({ name: 'test', level: 'silent' });

describe('ControlClient', () => {
  let server: Server;
  let url: string;
  let told: { command: string; connection_id: string; epoch: number }[];
  let answers: number[];
  /** What a GET gives. */
  let state: string;
  /** The first answer waits for it. */
  let gate: Promise<void>;
  beforeEach(async () => {
    told = [];
    answers = [];
    gate = Promise.resolve();
    state = '{}';
    server = createServer((request, response) => {
      let body = '';
      if (request.method === 'GET') {
        response.writeHead(answers.shift() ?? 200).end(state);
        return;
      }
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        told.push(JSON.parse(body));
        void gate.then(() => response.writeHead(answers.shift() ?? 200).end());
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/control`;
  });
  afterEach(() => server.close());

  it('tells the application once and says what it answered', async () => {
    const client = new ControlClient(url, log);
    answers = [200, 409, 500];
    expect(await client.tell('activate', 'a:b', 3)).toBe('done');
    expect(await client.tell('activate', 'a:b', 2)).toBe('refused');
    expect(await client.tell('activate', 'a:b', 3)).toBe('unreachable');
    expect(told[0]).toEqual({ command: 'activate', connection_id: 'a:b', epoch: 3 });
  });

  it('has nobody to tell where no /control is offered', async () => {
    expect(await new ControlClient(undefined, log).tell('drain', 'a:b', 1)).toBe('not-offered');
  });

  it.each([
    ['aware', { active: true, connection_id: 'a:b', epoch: 3 }],
    ['aware', { active: false, connection_id: 'a:b', epoch: 4 }],
    ['unaware', { active: false, connection_id: 'a:b', epoch: 2 }],
    ['unaware', { active: true, connection_id: 'c:d', epoch: 3 }],
    ['unaware', { active: false }],
    ['aware', 'no state at all'],
    ['aware', null],
  ])('finds the application %s of an epoch when it says %j', async (awareness, said) => {
    state = JSON.stringify(said);
    expect(await new ControlClient(url, log).ask('a:b', 3)).toBe(awareness);
  });

  it('leaves an application alone whose /control answers and tells no state', async () => {
    const client = new ControlClient(url, log);
    answers = [405, 200];
    expect(await client.ask('a:b', 1)).toBe('aware');
    state = '<html>';
    expect(await client.ask('a:b', 1)).toBe('aware');
  });

  it('hears nothing of an application that is not there', async () => {
    server.close();
    server.closeAllConnections();
    expect(await new ControlClient(url, log).ask('a:b', 1)).toBe('unreachable');
  });

  it('tries again what is wanted until it is heard', async () => {
    answers = [503, 200];
    await new ControlClient(url, log).want('activate', 'a:b', 1);
    expect(told.map(({ command }) => command)).toEqual(['activate', 'activate']);
  });

  it('goes on slowly with what an application did not hear for long, until something else is wanted', async () => {
    const client = new ControlClient(url, log, { soonMs: 1, soonAttempts: 3, slowMs: 5 });
    answers = Array(60).fill(503);
    const deactivating = client.want('deactivate', 'a:b', 1);
    await waitFor(() => told.length > 30);
    await client.want('activate', 'a:b', 2);
    await deactivating;
    expect(new Set(told.map(({ command }) => command))).toEqual(new Set(['deactivate', 'activate']));
    expect(told.at(-1)).toMatchObject({ command: 'activate', epoch: 2 });
  });

  it('does not insist where the application knows better', async () => {
    answers = [409];
    await new ControlClient(url, log).want('activate', 'a:b', 1);
    expect(told).toHaveLength(1);
  });

  it('tells one connection one thing after the other, and leaves out what nobody wants any more', async () => {
    const client = new ControlClient(url, log);
    let open = (): void => {};
    gate = new Promise((resolve) => {
      open = resolve;
    });
    const wants = [client.want('activate', 'a:b', 1)];
    await waitFor(() => told.length === 1);
    wants.push(client.want('drain', 'a:b', 1), client.want('deactivate', 'a:b', 1));
    // Another connection's application does not wait for this one's.
    wants.push(client.want('activate', 'c:d', 1));
    await waitFor(() => told.length === 2);
    expect(told.map(({ connection_id }) => connection_id)).toEqual(['a:b', 'c:d']);
    open();
    await Promise.all(wants);
    expect(told.filter(({ connection_id }) => connection_id === 'a:b').map(({ command }) => command)).toEqual(
      ['activate', 'deactivate'],
    );
  });

  it('gives up what is not wanted any more', async () => {
    const client = new ControlClient(url, log);
    answers = [503, 200, 200];
    const first = client.want('activate', 'a:b', 1);
    await waitFor(() => told.length === 1);
    await client.want('deactivate', 'a:b', 2);
    await first;
    expect(told.map(({ command }) => command)).toEqual(['activate', 'deactivate']);
  });
});
