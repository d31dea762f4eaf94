import type { ServerResponse } from 'node:http';
import { waitFor } from '../../../../test/support/wait-for.ts';
import { OperatorRig } from '../../testing/operator.ts';
import { problem } from '../../testing/rest.ts';

const row = (id: string, status: string, health_score = 100) => ({
  ...{ connection_id: id, kind: 'link', status, phase: status, epoch: 1, version: 1, home_region: 'east' },
  ...{ server_id: 'scheme-server-1', health_score, updated_at: '2026-11-21T11:59:00Z' },
});

describe('trunkline top', () => {
  const rig = new OperatorRig();
  beforeAll(() => rig.start());
  beforeEach(() => {
    rig.begin();
    rig.rest.answer = ({ path }) => {
      if (path.endsWith('/connections'))
        return { items: [row('a:1', 'active'), row('b:1', 'failed'), row('c:1', 'closed')] };
      if (path.endsWith('/agents')) return { items: [{ agent_id: 's-1', status: 'lost', draining: false }] };
      return { items: [{ failover_id: 'a:1~2', suppressed: { reason: 'freeze' } }] };
    };
  });
  afterAll(() => rig.clear());

  const LINE =
    '2026-11-21T12:00:00.000Z connections: total=3 active=1 failed=1 closed=1 agents: total=1 lost=1 failovers: last_hour=1 held=1\n';

  it('says all of it on one line where no terminal is', async () => {
    expect(await rig.trunkline('top', '--once')).toBe(0);
    expect(rig.written.stdout).toBe(LINE);
  });

  it('looks again and again into a pipe, one line a look, until it is ended', async () => {
    const running = rig.trunkline('top', '--interval', '1');
    await waitFor(() => rig.written.stdout.split('\n').length > 2);
    rig.terminal.signal('SIGINT');
    expect(await running).toBe(0);
    expect(rig.written.stdout.split('\n')[1]).toBe(LINE.trimEnd());
    expect(rig.terminal.isWatched).toBe(false);
  });

  it('draws on a screen of its own at a terminal, what does not stand first, until q', async () => {
    rig.size = { columns: 80, rows: 12 };
    rig.env.NO_COLOR = '1';
    const running = rig.trunkline('top', '--interval', '1');
    await waitFor(() => rig.written.stdout.includes('b:1'));
    rig.terminal.press('q');
    expect(await running).toBe(0);
    const { stdout } = rig.written;
    expect(stdout.startsWith('\x1b[?1049h')).toBe(true);
    expect(stdout.endsWith('\x1b[?1049l')).toBe(true);
    expect(stdout.indexOf('b:1')).toBeLessThan(stdout.indexOf('a:1'));
    // Closed ones are counted, and take no row.
    expect(stdout).not.toContain('c:1');
    const [drawn = ''] = stdout.split('\x1b[H').slice(1);
    expect(drawn.split('\r\n').length).toBeLessThanOrEqual(12);
    expect(rig.terminal.isWatched).toBe(false);
  });

  it('goes on when the controller comes back, and ends at once when it was never there', async () => {
    const answers = rig.rest.answer;
    let looks = 0;
    rig.rest.answer = (asked, response) => {
      looks += 1;
      return looks > 3 && looks < 7 ? problem(503, 'registry-unavailable') : answers(asked, response);
    };
    const running = rig.trunkline('top', '--interval', '1');
    await waitFor(() => rig.written.stdout.split('\n').length > 2);
    rig.terminal.signal('SIGTERM');
    expect(await running).toBe(0);
    expect(rig.written.stderr).toContain('registry-unavailable');
    expect(await rig.trunkline('top', '--url', 'http://127.0.0.1:1')).toBe(3);
  });

  it('is one JSON object a look for programs', async () => {
    expect(await rig.trunkline('top', '--once', '-o', 'json')).toBe(0);
    expect(JSON.parse(rig.written.stdout)).toMatchObject({
      connections: { total: 3, active: 1, failed: 1 },
      agents: { lost: 1 },
      failovers: { held: 1 },
    });
  });
});

describe('trunkline tail', () => {
  const rig = new OperatorRig();
  beforeAll(() => rig.start());
  beforeEach(() => rig.begin());
  afterAll(() => rig.clear());

  const event = (version: number) => {
    const data = {
      version,
      status: 'active',
      phase: 'active',
      epoch: 1,
      reason: 'established',
      server_id: 's-1',
    };
    const item = {
      event_id: `a:1/${version}`,
      type: 'connection-activated',
      time: '2026-11-21T12:00:00Z',
      partition: 1,
      offset: version,
      region: 'east',
      connection_id: 'a:1',
      data,
    };
    return `id: place-${version}\nevent: connection-activated\ndata: ${JSON.stringify(item)}\n\n`;
  };
  const begin = (response: ServerResponse) =>
    response.writeHead(200, { 'content-type': 'text/event-stream' });
  const lines = () => rig.written.stdout.split('\n').filter((line) => line !== '');

  it('prints a line a decision, with the filters that were asked for', async () => {
    rig.rest.answer = (_asked, response) => {
      // Cut in the middle of a line, as networks do, with a heartbeat between.
      const text = `: heartbeat\n\n${event(1)}`;
      begin(response).write(text.slice(0, 40));
      response.write(text.slice(40));
      return undefined;
    };
    const filters = [
      '--type',
      'connection-activated,failover-decided',
      '--connection',
      'a:1',
      '--agent',
      's-1',
      '--kind',
      'link',
      '--region',
      'east',
    ];
    expect(await rig.trunkline('tail', '--count', '1', ...filters)).toBe(0);
    expect(rig.rest.asked[0]?.query).toEqual({
      ...{ type: 'connection-activated,failover-decided', connection_id: 'a:1', agent_id: 's-1' },
      ...{ kind: 'link', region: 'east' },
    });
    expect(lines()).toEqual([
      '2026-11-21T12:00:00Z  east  a:1  connection-activated  active / active  epoch 1  on s-1  established',
    ]);
  });

  it('goes on behind the last one, whatever ended the stream', async () => {
    let streams = 0;
    rig.rest.answer = (_asked, response) => {
      streams += 1;
      begin(response).write(event(streams));
      if (streams === 1) response.end('event: end\ndata: {}\n\n');
      else if (streams === 2) response.end('event: error\ndata: {"code":"slow-reader"}\n\n');
      else if (streams === 3) setTimeout(() => response.destroy(), 50);
      return undefined;
    };
    expect(await rig.trunkline('tail', '--count', '4', '-o', 'json', '--resume', 'place-0')).toBe(0);
    expect(rig.rest.asked.map(({ headers }) => headers['last-event-id'])).toEqual([
      'place-0',
      'place-1',
      'place-2',
      'place-3',
    ]);
    expect(lines().map((line) => JSON.parse(line).id)).toEqual(['place-1', 'place-2', 'place-3', 'place-4']);
  });

  it('goes on from where the stream was, though nothing that was asked for came before it ended', async () => {
    rig.rest.answer = (_asked, response) => {
      const streams = rig.rest.asked.length;
      begin(response).write(`retry: 2000\nid: begun-${streams}\n: live\n\n`);
      if (streams === 1) response.end('id: cut-');
      else if (streams === 2) response.end(': heartbeat\nid: later\n\n');
      else response.write(event(1));
      return undefined;
    };
    expect(await rig.trunkline('tail', '--count', '1', '--type', 'failover-decided')).toBe(0);
    expect(rig.rest.asked.map(({ headers }) => headers['last-event-id'])).toEqual([
      undefined,
      'begun-1',
      'later',
    ]);
  });

  it('ends when it is asked to, and nobody waits for a key or a signal after it', async () => {
    rig.rest.answer = (_asked, response) => {
      begin(response).write(event(1));
      return undefined;
    };
    const running = rig.trunkline('tail');
    await waitFor(() => lines().length === 1);
    rig.terminal.signal('SIGINT');
    expect(await running).toBe(0);
    expect(rig.terminal.isWatched).toBe(false);
  });

  it('says what to do when it cannot begin', async () => {
    rig.rest.answer = () => problem(410, 'before-retention');
    expect(await rig.trunkline('tail', '--resume', 'old')).toBe(3);
    rig.rest.answer = () => problem(503, 'too-many-readers', {}, { 'retry-after': '5' });
    expect(await rig.trunkline('tail')).toBe(8);
    expect(rig.written.stderr).toContain('try again in 5 s');
    expect(await rig.trunkline('tail', '--url', 'http://127.0.0.1:1')).toBe(3);
  });
});
