import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { makeConnectionCode } from '#libs/contracts';
import { splitAddress } from '#libs/relay';
import { itLong } from '../support/length.ts';
import { PlainKafka } from '../support/plain-kafka.ts';
import { freePort } from '../support/servers.mjs';
import type { Stack } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';
import { causeOf } from './support/explained.ts';
import {
  askOnce,
  BROKERS,
  flagsOf,
  hangUp,
  openSession,
  sessionEvents,
  startController,
  startEcho,
  startSessionStack,
  trunkline,
  untilPhase,
} from './support/sessions.ts';

jest.setTimeout(300_000);

const COMMAND_LIMIT_MS = 120_000;

describe('a session that is not to be', () => {
  let stack: Stack;
  let echo: Awaited<ReturnType<typeof startEcho>>;

  beforeAll(async () => {
    echo = await startEcho();
    stack = await startSessionStack();
  });
  afterAll(async () => {
    await stack?.stop();
    echo?.close();
  });

  describe('is refused, with a message and an exit code:', () => {
    const attach = (code: string, ...more: string[]) =>
      trunkline(stack, [
        ...['target', code, '--forward', `127.0.0.1:${echo.port}`, '--yes', ...more],
        ...flagsOf(stack, 'target', '-india'),
      ]);

    it('a mistyped code without asking a broker', async () => {
      const nowhere = join(stack.layout.home, 'nowhere.json');
      writeFileSync(
        nowhere,
        JSON.stringify([{ id: 'b', host: 'b.company.com', port: 1, region: 'x', address: '127.0.0.1:1' }]),
      );
      const target = trunkline(stack, [
        ...['target', 'E7F3-K9QX-M2B4-TS', '--forward', '1', '--yes', ...flagsOf(stack, 'target', '-india')],
        ...['--brokers', nowhere],
      ]);
      expect([await target.ended(), target.output()]).toEqual([
        4,
        expect.stringMatching(/this is no connection code/),
      ]);
      expect(target.events('error')[0]).toMatchObject({ code: 'bad-code' });
    });

    it('a code that nobody issued, and decides so in the log', async () => {
      const target = attach(makeConnectionCode('E', randomBytes(12)));
      expect([await target.ended(), target.output()]).toEqual([
        4,
        expect.stringMatching(/no session has this code/),
      ]);
      const events = await new PlainKafka(stack.kafkaBrokers).readAll(
        `${stack.regions.bank}.controller-events`,
      );
      const rejected = events.filter(({ headers }) => /target-rejected/.test(String(headers?.ce_type)));
      expect(rejected.map(({ value }) => JSON.parse(String(value)).reason)).toContain('unknown-code');
      const cause = await causeOf(stack, String(rejected.at(-1)?.key));
      expect(cause).toMatchObject({ reason: 'unknown-code', fact: 'target-attached' });
    });

    const guest = () => [
      ...['--guest', '--json', '--ca', join(stack.layout.pki, 'ca.crt')],
      ...['--brokers', join(stack.layout.home, 'brokers-india.json')],
    ];
    it.each([
      ['guests', guest],
      ['programs with one certificate', () => flagsOf(stack, 'target', '-india')],
    ])('the second of two %s that use one code at once: exactly one wins', async (_who, flags) => {
      const { run: controller, code, port, id } = await startController(stack);
      const attached = ['target', code, '--forward', `127.0.0.1:${echo.port}`, '--yes', ...flags()];
      const targets = [trunkline(stack, attached), trunkline(stack, attached)];
      await controller.until('open');
      const opened = await waitFor(
        () => {
          const winner = targets.find((target) => target.events('open').length > 0);
          const loser = targets.find((target) => target.events('error').length > 0);
          return winner && loser ? { winner, loser } : undefined;
        },
        { what: 'a winner and a loser', withinMs: 30_000 },
      );
      expect(await opened.loser.ended()).toBe(4);
      expect(opened.loser.events('error')[0]).toMatchObject({ code: 'used' });
      expect(await askOnce(port, 'hello')).toBe('hello');
      await hangUp(stack, { controller, target: opened.winner, id });
    });

    itLong('a code that was used, from another identity', async () => {
      const session = await openSession(stack, echo.port);
      const code = session.controller.events('code')[0]?.code;
      const again = trunkline(stack, [
        ...['target', code, '--forward', `127.0.0.1:${echo.port}`, '--yes', ...guest()],
      ]);
      expect([await again.ended(), again.events('error')[0]?.code]).toEqual([4, 'used']);
      expect(await askOnce(session.port, 'still here')).toBe('still here');
      // That somebody came with the code changes nothing of why it is open.
      expect(await causeOf(stack, session.id)).toMatchObject({ reason: 'requested', why_not: [] });
      await hangUp(stack, session);
    });

    it('a code that has expired', async () => {
      const broker = stack.program('broker-us-2');
      await broker.restart({ TRUNKLINE_CODE_LIFE_MS: '2000' });
      const list = JSON.parse(readFileSync(join(stack.layout.home, 'brokers.json'), 'utf8'));
      const only = join(stack.layout.home, 'only-us-2.json');
      writeFileSync(only, JSON.stringify(list.filter(({ id }: { id: string }) => id === 'broker-us-2')));
      const controller = trunkline(stack, [
        ...['controller', '--listen', '127.0.0.1:0', ...flagsOf(stack, 'controller', '')],
        ...['--brokers', only],
      ]);
      const { code, connection_id: id } = await controller.until('code');
      await untilPhase(stack, id, 'expired');
      expect(await causeOf(stack, id)).toMatchObject({ reason: 'expired', fact: 'timeout' });
      expect(await controller.ended()).toBe(4);
      expect(controller.output()).toMatch(/the code has expired/);
      const target = attach(code);
      expect([await target.ended(), target.events('error')[0]?.code]).toEqual([4, 'expired']);
      await broker.restart();
    });

    it('a controller whose certificate is from another authority', async () => {
      const other = join(stack.layout.home, 'other-pki');
      mkdirSync(other, { recursive: true });
      for (const args of [['init'], ['issue', 'controller']]) {
        expect(await trunkline(stack, ['pki', ...args, '--dir', other]).ended()).toBe(0);
      }
      const controller = trunkline(stack, [
        ...['controller', '--listen', '127.0.0.1:0', ...flagsOf(stack, 'controller', '')],
        ...['--cert', join(other, 'controller.crt'), '--key', join(other, 'controller.key')],
      ]);
      expect(await controller.ended()).not.toBe(0);
      expect(controller.events('error')[0]).toMatchObject({ code: 'identity-refused' });
    });
  });

  describe('behind an HTTP proxy', () => {
    let proxy: Server;
    let port: number;
    let wanted: string[];

    beforeAll(async () => {
      port = await freePort();
      proxy = createServer().on('connect', (request, near) => {
        near.on('error', () => {});
        if (
          request.headers['proxy-authorization'] !== `Basic ${Buffer.from('me:secret').toString('base64')}`
        ) {
          near.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
          return;
        }
        wanted.push(String(request.url));
        const far = connect(splitAddress(String(request.url)), () => {
          near.write('HTTP/1.1 200 Connection established\r\n\r\n');
          near.pipe(far).pipe(near);
        });
        far.on('error', () => near.destroy());
      });
      await new Promise<void>((done) => proxy.listen(port, '127.0.0.1', done));
    });
    beforeEach(() => {
      wanted = [];
    });
    afterAll(() => proxy.close());

    const probe = (password: string, more: Record<string, string> = {}) =>
      trunkline(stack, ['probe', ...flagsOf(stack, 'controller', '')], {
        HTTPS_PROXY: `http://me:${password}@127.0.0.1:${port}`,
        ...more,
      });

    it('reaches every broker through it, with user and password', async () => {
      expect(await probe('secret').ended()).toBe(0);
      const brokers = BROKERS.map((name) => `127.0.0.1:${stack.program(name).port('endpoint')}`);
      expect([...new Set(wanted)].sort()).toEqual([...brokers].sort());
    });

    itLong('carries a session through it, on both sides', async () => {
      const env = { HTTPS_PROXY: `http://me:secret@127.0.0.1:${port}` };
      const listen = await freePort();
      const controller = trunkline(
        stack,
        ['controller', '--listen', `127.0.0.1:${listen}`, ...flagsOf(stack, 'controller', '')],
        env,
      );
      const { code, connection_id: id } = await controller.until('code');
      const forward = ['--forward', `127.0.0.1:${echo.port}`, '--yes'];
      const target = trunkline(stack, ['target', code, ...forward, ...flagsOf(stack, 'target', '')], env);
      await Promise.all([controller.until('open'), target.until('open')]);
      const asked = 'through the proxy, there and back';
      expect(await askOnce(listen, asked)).toBe(asked);
      expect(wanted.length).toBeGreaterThan(2 * BROKERS.length);
      await hangUp(stack, { controller, target, id });
    });

    itLong('says so when the password is wrong, and goes around it where NO_PROXY names all', async () => {
      const refused = probe('other');
      expect([await refused.ended(), refused.output()]).toEqual([
        7,
        expect.stringMatching(/wants another user name or password/),
      ]);
      expect(refused.output()).not.toContain('other@');
      expect(await probe('other', { NO_PROXY: 'company.com' }).ended()).toBe(0);
      expect(wanted).toEqual([]);
    });
  });

  describe('with a person at the target', () => {
    /** The target at a terminal (a pseudo terminal by `script`), whose keys the test presses. */
    function atTerminal(code: string) {
      const { home, pki } = stack.layout;
      const line = [
        ...[process.execPath, 'bin/trunkline.mjs', 'target', code, '--forward', `127.0.0.1:${echo.port}`],
        ...['--brokers', join(home, 'brokers-india.json'), '--ca', join(pki, 'ca.crt')],
        ...['--cert', join(pki, 'target.crt'), '--key', join(pki, 'target.key')],
      ].join(' ');
      const child = execFile('script', ['-qefc', line, '/dev/null'], { timeout: COMMAND_LIMIT_MS });
      let output = '';
      child.stdout?.on('data', (text) => {
        output += String(text);
      });
      let exit: number | undefined;
      child.on('close', (code) => {
        exit = code ?? 1;
      });
      return {
        press: (key: string) => child.stdin?.write(key),
        says: (pattern: RegExp) =>
          waitFor(() => pattern.test(output), { what: `${pattern} of ${output}`, withinMs: 30_000 }),
        ended: () => waitFor(() => (exit === undefined ? undefined : { exit }), { withinMs: 30_000 }),
      };
    }

    it('asks, and one key ends it at once', async () => {
      const { run: controller, code, id, port } = await startController(stack);
      const person = atTerminal(code);
      await person.says(
        /controller wants to reach 127\.0\.0\.1:\d+ from this machine, through broker-in-[34]/,
      );
      expect(controller.events('open')).toEqual([]);
      person.press('y');
      await controller.until('open');
      expect(await askOnce(port, 'hello')).toBe('hello');
      await person.says(/open · broker-in-[34] · [\d.]+ ms · sent 5 B · received 5 B/);
      person.press('q');
      expect(await person.ended()).toEqual({ exit: 0 });
      expect(await controller.ended()).toBe(0);
      await untilPhase(stack, id, 'ended');
    });

    itLong('takes no for an answer', async () => {
      const { run: controller, code, id } = await startController(stack);
      const person = atTerminal(code);
      await person.says(/Allow it\? \[y\/N\]/);
      person.press('n');
      expect(await person.ended()).toEqual({ exit: 5 });
      expect(await controller.ended()).toBe(5);
      expect((await untilPhase(stack, id, 'ended')).status).toBe('closed');
      const ended = (await sessionEvents(stack, id)).find(({ type }) => type === 'connection-ended');
      expect(ended?.data.reason).toBe('declined');
      expect(await causeOf(stack, id)).toMatchObject({ reason: 'declined', fact: 'relay-closed' });
    });
  });
});
