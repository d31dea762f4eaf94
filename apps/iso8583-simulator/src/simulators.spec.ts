import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '#libs/platform';
import { waitFor } from '../../../test/support/wait-for.ts';
import type { IsoMessage } from './codec.ts';
import { FateLog } from './fate-log.ts';
import { IsoClient, type IsoClientOptions } from './iso-client.ts';
import { IsoServer } from './iso-server.ts';
import { networkRequest, purchaseRequest, reversalRequest } from './messages.ts';
import { IsoWire } from './wire.ts';

const log = createLogger({ name: 'test', level: 'silent' });
const PAN = '4000000000000002';

describe('the simulators', () => {
  let dir: string;
  let endings: (() => void)[];
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'trunkline-iso-'));
    endings = [];
  });
  afterEach(() => {
    for (const end of endings.reverse()) end();
    rmSync(dir, { recursive: true, force: true });
  });

  const fatesOf = (name: string): FateLog => new FateLog(join(dir, `${name}.ndjson`));
  const linesOf = (name: string): string[] =>
    readFileSync(join(dir, `${name}.ndjson`), 'utf8')
      .trim()
      .split('\n');

  async function serve(name: string): Promise<{ server: IsoServer; port: number }> {
    const server = new IsoServer({ name, latencyMs: 0 }, fatesOf(name), log);
    await server.listen(0, '127.0.0.1');
    endings.push(() => server.close());
    return { server, port: server.port };
  }

  function client(port: number, members: Partial<IsoClientOptions> = {}): IsoClient {
    const options = {
      name: 'client',
      host: '127.0.0.1',
      pan: PAN,
      rate: 200,
      timeoutMs: 150,
      echoMs: 50,
      active: true,
    };
    const running = new IsoClient({ ...options, port, ...members }, fatesOf('client'), log);
    endings.push(() => running.stop());
    running.start();
    return running;
  }

  it('sign on, and every purchase is approved by the server that is named', async () => {
    const { server, port } = await serve('server-a');
    const bank = client(port);
    await waitFor(() => bank.tally.counts.approved >= 20);
    bank.drain();
    await waitFor(() => bank.openCount === 0);
    const { sent, approved, timed_out, by_server } = bank.tally.counts;
    expect(approved).toBe(sent);
    expect(timed_out).toBe(0);
    expect(by_server).toEqual({ 'server-a': approved });
    expect(server.tally.counts.approved).toBe(approved);
  });

  it('reverse what was swallowed, while echoes and sign-ons are answered', async () => {
    const { server, port } = await serve('server-a');
    const bank = client(port);
    await waitFor(() => bank.tally.counts.approved > 0);
    server.swallowsPurchases = true;
    await waitFor(() => bank.tally.counts.reversed >= 5);
    expect(bank.signedOn).toBe(true);
    server.swallowsPurchases = false;
    bank.drain();
    await waitFor(() => bank.openCount === 0);
    const { sent, approved, timed_out, reversed } = bank.tally.counts;
    expect(approved + reversed).toBe(sent);
    expect(reversed).toBe(timed_out);
    expect(server.tally.counts).toMatchObject({ approved, reversed, swallowed: timed_out });
  });

  it('come back after a lost connection, sign on again and finish what was open', async () => {
    const { port } = await serve('server-a');
    const sockets: [Socket, Socket][] = [];
    const relay: Server = createServer((near) => {
      const far = connect({ port, host: '127.0.0.1' });
      for (const socket of [near, far]) socket.on('error', () => {});
      near.pipe(far).pipe(near);
      sockets.push([near, far]);
    });
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
    endings.push(() => relay.close());
    const bank = client((relay.address() as { port: number }).port);
    await waitFor(() => bank.tally.counts.approved > 5);
    for (const socket of sockets.flat()) socket.destroy();
    const before = bank.tally.counts.approved;
    await waitFor(() => bank.tally.counts.approved > before + 5);
    bank.drain();
    await waitFor(() => bank.openCount === 0);
    const { sent, approved, reversed } = bank.tally.counts;
    expect(approved + reversed).toBe(sent);
  });

  it('reverse in a later life what a killed one left open', async () => {
    const { server, port } = await serve('server-a');
    const line = (rrn: string, fate: string) =>
      `${JSON.stringify({ time: '2026-11-21T07:00:00.000Z', rrn, mti: '0200', fate })}\n`;
    appendFileSync(join(dir, 'client.ndjson'), line('OPEN00000001', 'sent'));
    appendFileSync(
      join(dir, 'client.ndjson'),
      line('LATE00000002', 'sent') + line('LATE00000002', 'timed_out'),
    );
    appendFileSync(
      join(dir, 'client.ndjson'),
      line('DONE00000003', 'sent') + line('DONE00000003', 'approved'),
    );
    const bank = client(port, { rate: 0 });
    await waitFor(() => bank.openCount === 0);
    expect(bank.tally.counts).toMatchObject({ sent: 3, approved: 1, timed_out: 2, reversed: 2 });
    expect(server.tally.counts.reversed).toBe(2);
  });

  it('do nothing before they are activated, nothing new while they drain, nothing once deactivated', async () => {
    const { server, port } = await serve('server-a');
    const bank = client(port, { active: false });
    expect(bank.isActive).toBe(false);
    bank.activate();
    await waitFor(() => bank.tally.counts.approved > 0);
    expect(server.connections).toBe(1);
    bank.drain();
    await waitFor(() => bank.openCount === 0);
    const { sent } = bank.tally.counts;
    bank.deactivate();
    await waitFor(() => server.connections === 0);
    expect(bank.tally.counts.sent).toBe(sent);
  });

  it('come again once they are activated again, sign on, and count on', async () => {
    const { server, port } = await serve('server-a');
    const bank = client(port);
    await waitFor(() => bank.tally.counts.approved > 5);
    bank.drain();
    await waitFor(() => bank.openCount === 0);
    bank.deactivate();
    expect([bank.isActive, bank.signedOn]).toEqual([false, false]);
    await waitFor(() => server.connections === 0);
    const { sent } = bank.tally.counts;
    bank.activate();
    expect(bank.isActive).toBe(true);
    await waitFor(() => bank.tally.counts.approved > sent + 5);
    expect([bank.signedOn, server.connections]).toEqual([true, 1]);
    expect(bank.tally.counts.timed_out).toBe(0);
  });

  it('time out what was open when they were deactivated, and reverse it once they are active again', async () => {
    const { server, port } = await serve('server-a');
    server.swallowsPurchases = true;
    const bank = client(port);
    await waitFor(() => bank.openCount >= 5);
    bank.deactivate();
    await waitFor(() => server.connections === 0);
    const { openCount } = bank;
    const { sent } = bank.tally.counts;
    await waitFor(() => bank.tally.counts.timed_out === sent);
    expect([bank.openCount, bank.tally.counts.reversed]).toEqual([openCount, sent - openCount]);
    bank.rate = 0;
    bank.activate();
    await waitFor(() => bank.openCount === 0);
    expect(bank.tally.counts).toMatchObject({ sent, reversed: sent });
  });

  it('write no card number into any file', async () => {
    const { port } = await serve('server-a');
    const bank = client(port);
    await waitFor(() => bank.tally.counts.approved > 5);
    expect([...linesOf('client'), ...linesOf('server-a')].join()).not.toContain(PAN);
  });

  describe('the server', () => {
    async function ask(port: number, messages: IsoMessage[], count = messages.length): Promise<string[]> {
      const answers: string[] = [];
      const socket = connect({ port, host: '127.0.0.1' });
      endings.push(() => socket.destroy());
      const wire = new IsoWire(socket, {
        message: ({ mti, fields }) => answers.push(`${mti} ${fields.get(39)}`),
        closed: (fault) => answers.push(`closed ${fault ?? ''}`),
      });
      for (const message of messages) wire.send(message);
      await waitFor(() => answers.length >= count);
      return answers;
    }
    const purchase = { rrn: 'RRN000000001', stan: '000001', amount: 1_000, atMs: 0 };

    it('knows a purchase again by its reference number, also after its restart', async () => {
      const { server, port } = await serve('server-a');
      expect(await ask(port, [purchaseRequest(purchase, PAN), purchaseRequest(purchase, PAN)])).toEqual([
        '0210 00',
        '0210 94',
      ]);
      expect(server.tally.counts).toMatchObject({ approved: 1, duplicated: 1 });
      server.close();
      const again = await serve('server-a');
      expect(await ask(again.port, [purchaseRequest(purchase, PAN)])).toEqual(['0210 94']);
    });

    it('knows a purchase without a reference number by its trace number, time and terminal', async () => {
      const { server, port } = await serve('server-a');
      const without = ({ mti, fields }: IsoMessage): IsoMessage => ({
        mti,
        fields: new Map([...fields].filter(([number]) => number !== 37)),
      });
      const other = { ...purchase, stan: '000002' };
      const purchases = [purchase, other, purchase].map((one) => without(purchaseRequest(one, PAN)));
      expect(await ask(port, purchases)).toEqual(['0210 00', '0210 00', '0210 94']);
      const reversals = [purchase, other].map((one, nowMs) =>
        reversalRequest(one, PAN, false, nowMs * 5_000),
      );
      const repeat = reversalRequest(purchase, PAN, true, 60_000);
      expect(await ask(port, [...reversals, repeat].map(without))).toEqual(['0410 00', '0410 00', '0410 00']);
      expect(server.tally.counts).toMatchObject({ approved: 2, duplicated: 1, reversed: 2 });
      const keys = (fate: string) =>
        linesOf('server-a')
          .map((line): { rrn: string; fate: string } => JSON.parse(line))
          .filter((line) => line.fate === fate)
          .map(({ rrn }) => rrn);
      expect(keys('reversed')).toEqual(keys('approved'));
    });

    it('reverses once and answers each repeat alike, also what it never saw', async () => {
      const { server, port } = await serve('server-a');
      const first = reversalRequest(purchase, PAN, false, 0);
      const repeat = reversalRequest(purchase, PAN, true, 0);
      expect([first.mti, repeat.mti]).toEqual(['0400', '0401']);
      expect(await ask(port, [first, repeat])).toEqual(['0410 00', '0410 00']);
      expect(server.tally.counts.reversed).toBe(1);
    });

    it('answers what it does not know as invalid, and no response', async () => {
      const { port } = await serve('server-a');
      const message = (mti: string): IsoMessage => ({ ...networkRequest('000001', '301', 0), mti });
      // The response is not answered; everything else is, in order.
      expect(await ask(port, [message('0210'), message('0220'), message('0800')], 2)).toEqual([
        '0230 12',
        '0810 00',
      ]);
    });

    it('closes a connection that sends what is no message', async () => {
      const { port } = await serve('server-a');
      const socket = connect({ port, host: '127.0.0.1' });
      let isClosed = false;
      socket.on('close', () => {
        isClosed = true;
      });
      socket.write(Buffer.from([0, 4, 0x30, 0x32, 0x30, 0x30]));
      await waitFor(() => isClosed);
    });
  });
});
