import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { ALPN_SESSION, formatConnectionCode, SESSION_POLICY, spiffeId } from '#libs/contracts';
import { createAuthority, createSelfSigned, issueLeaf, type KeyPairPem } from '#libs/pki';
import { tlsServer } from '../../libs/endpoint/testing/impostors.ts';
import { itLong } from '../support/length.ts';
import type { Name, Stack } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';
import { audit } from './support/audit.ts';
import { causeOf } from './support/explained.ts';
import { putPolicy } from './support/operator.ts';
import {
  Conversation,
  guess,
  guessed,
  guessOnce,
  guessUntilSlowed,
  issue,
  listOf,
  rawEndpoint,
  refusalsIn,
} from './support/session-guards.ts';
import { expectNothingLeft } from './support/session-remains.ts';
import {
  askOnce,
  flagsOf,
  hangUp,
  openSession,
  sessionEvents,
  sessionRow,
  startController,
  startEcho,
  startSessionStack,
  trunkline,
  untilDecided,
  untilPhase,
} from './support/sessions.ts';

jest.setTimeout(300_000);

const BROKER = 'broker-us-1';
/** Short, as the tests wait for its end. */
const WINDOW_MS = 6_000;
const FREE_PER_IDENTITY = 5;
const FREE_PER_ADDRESS = 20;
const LONGEST_ADDRESS_DELAY_MS = 10_000;
const EXIT = { unreadable: 3, refused: 5, intercepted: 6, later: 8, lost: 9 };

describe('a session whose code, name or ends are in doubt', () => {
  let stack: Stack;
  let echo: Awaited<ReturnType<typeof startEcho>>;

  beforeAll(async () => {
    echo = await startEcho();
    stack = await startSessionStack();
    await putPolicy(stack, SESSION_POLICY, { settings: { session_window_ms: WINDOW_MS } });
  });
  afterAll(async () => {
    await stack?.stop();
    echo?.close();
  });

  const attach = (code: string, ...who: string[]) =>
    trunkline(stack, ['target', code, '--forward', `127.0.0.1:${echo.port}`, '--yes', '--json', ...who]);
  const ofTarget = () => [...flagsOf(stack, 'target', ''), '--brokers', listOf(stack, BROKER)];

  describe('when somebody guesses codes', () => {
    it('makes that identity wait, longer each time, and the log names it', async () => {
      const eve = await issue(stack, 'eve');
      const shot = () => guess(stack, BROKER, eve);
      for (let count = 0; count < FREE_PER_IDENTITY; count += 1)
        expect(await shot()).toEqual({ reason: 'unknown-code' });
      await guessOnce(shot);
      const waits = [await guessUntilSlowed(shot)];
      for (let count = 0; count < 2; count += 1) {
        await guessOnce(shot);
        waits.push(await guessUntilSlowed(shot));
      }
      console.log(`told to wait ${waits.join(', ')} ms`);
      const [first = 0, second = 0, third = 0] = waits;
      expect(first).toBeGreaterThan(0);
      expect(second).toBeGreaterThan(first);
      expect(third).toBeGreaterThan(second);
      // Whoever comes after its wait guesses once more, and makes the next one longer.
      const last = await waitFor(
        async () => {
          const run = attach(formatConnectionCode(guessed()), ...ofTarget(), ...eve.files);
          return (await run.ended()) === EXIT.later && run;
        },
        { what: 'a run that is told to wait', withinMs: 100_000 },
      );
      expect(last.events('error')[0]).toMatchObject({ code: 'rate-limited', retriable: true });
      expect(last.output()).toMatch(/too many attempts; try again in \d+ s/);

      const told = await refusalsIn(stack, stack.regions.bank);
      const ofEve = told.filter(({ identity, reason }) => identity === 'eve' && reason === 'unknown-code');
      expect(ofEve.length).toBeGreaterThanOrEqual(FREE_PER_IDENTITY + 3);
      // Another broker has limits of its own; whoever tries there too stands in the same log under the same name.
      const elsewhere = async () => (await guess(stack, 'broker-us-2', eve)).reason;
      expect(await elsewhere()).toBe('unknown-code');
      const places = await waitFor(
        async () => {
          const all = await refusalsIn(stack, stack.regions.bank);
          const brokers = new Set(
            all.flatMap(({ identity, broker }) => (identity === 'eve' ? [broker] : [])),
          );
          return brokers.size > 1 && [...brokers];
        },
        { what: 'both brokers in the log' },
      );
      expect(places.sort()).toEqual([BROKER, 'broker-us-2'].sort());
      // Each is a session that nobody asked for, and no code is in it.
      expect(new Set(ofEve.map(({ key }) => key)).size).toBe(ofEve.length);
      expect(await sessionRow(stack, ofEve[0]?.key ?? '')).toMatchObject({
        status: 'closed',
        phase: 'rejected',
      });
    });

    itLong('makes an address wait, whoever comes from it, and serves who sits behind it too', async () => {
      const pairs: KeyPairPem[] = [];
      const shot = async () => {
        pairs.push(await createSelfSigned('guest', Date.now()));
        return guess(stack, BROKER, pairs.at(-1) as KeyPairPem, true);
      };
      const waits = [await guessUntilSlowed(shot)];
      expect(pairs.length).toBeGreaterThan(FREE_PER_ADDRESS);
      await guessOnce(shot);
      waits.push(await guessUntilSlowed(shot));
      expect(waits[1]).toBeGreaterThan(waits[0] ?? 0);
      expect(Math.max(...waits)).toBeLessThanOrEqual(LONGEST_ADDRESS_DELAY_MS);
      // The same address, the same broker, while its guests wait.
      const session = await openSession(stack, echo.port, ofTarget());
      expect(session.brokerId).toBe(BROKER);
      expect((await shot()).reason).toMatch(/rate-limited|unknown-code/);
      expect(await askOnce(session.port, 'served')).toBe('served');
      await hangUp(stack, session);
    });
  });

  it('takes no guest while policy allows none, says so, and takes one when it is lifted', async () => {
    const controller = await startController(stack);
    const at = [
      '--guest',
      '--ca',
      join(stack.layout.pki, 'ca.crt'),
      '--brokers',
      listOf(stack, 'broker-us-2'),
    ];
    await putPolicy(stack, SESSION_POLICY, {
      settings: { session_window_ms: WINDOW_MS, guest_targets: false },
    });
    const guest = attach(controller.code, ...at);
    expect([await guest.ended(), guest.output()]).toEqual([
      EXIT.refused,
      expect.stringMatching(/policy does not allow it: .*come with a certificate/),
    ]);
    expect(guest.events('error')[0]).toMatchObject({ code: 'not-allowed', retriable: false });
    const [refused] = await untilDecided(stack, controller.id, ['target-rejected not-allowed']);
    expect(refused).toMatchObject({
      reason: 'not-allowed',
      policy: 'sessions',
      rejected: { identity: expect.stringMatching(/^guest-[0-9a-f]{32}$/) },
    });
    expect((await causeOf(stack, controller.id)).why_not).toEqual(['not-allowed']);
    // The code is as good as before.
    await putPolicy(stack, SESSION_POLICY, {
      settings: { session_window_ms: WINDOW_MS, guest_targets: true },
    });
    const target = attach(controller.code, ...at);
    await target.until('open');
    await controller.run.until('open');
    expect(await askOnce(controller.port, 'come in')).toBe('come in');
    await hangUp(stack, { controller: controller.run, target, id: controller.id });
  });

  it("is not given to another certificate that shows the session's id, and goes on untouched", async () => {
    const mallory = await issue(stack, 'mallory');
    const session = await openSession(stack, echo.port);
    const { id } = session;
    const talk = new Conversation(session.port);
    await talk.asks('before');
    const before = await sessionRow(stack, id);
    for (const broker of [session.brokerId as Name, BROKER] as const) {
      for (const role of ['target', 'controller'] as const) {
        const thief = await rawEndpoint(stack, broker, role, mallory);
        thief.say('resume', { connection_id: id, home_region: stack.regions.bank, role, epoch: 1 });
        expect([broker, role, await thief.got('refused')]).toEqual([
          ...[broker, role, expect.objectContaining({ reason: 'wrong-identity' })],
        ]);
        await thief.closed();
      }
    }
    await talk.asks('after');
    talk.close();
    const { epoch, phase, broker_id } = await sessionRow(stack, id);
    expect({ epoch, phase, broker_id }).toEqual({
      ...{ epoch: before.epoch, phase: 'open', broker_id: before.broker_id },
    });
    expect(session.controller.events('interrupted')).toEqual([]);
    const reasons = async () => (await sessionEvents(stack, id)).map(({ data }) => data.reason);
    await waitFor(async () => (await reasons()).filter((reason) => reason === 'wrong-identity').length === 4);
    expect(await causeOf(stack, id)).toMatchObject({ reason: 'requested', why_not: [] });
    await hangUp(stack, session);
  });

  describe('when an end is gone before it was ever open', () => {
    async function underWay(event: 'probe' | 'consent') {
      const controller = await startController(stack);
      const target = trunkline(stack, [
        ...['target', controller.code, '--forward', `127.0.0.1:${echo.port}`, '--yes'],
        ...flagsOf(stack, 'target', '-india'),
      ]);
      await target.until(event);
      return { ...controller, target };
    }

    itLong('tells the one that is left, and ends', async () => {
      // The controller is gone while the target attaches; the target while the controller reconnects, which takes it a second.
      const lonelyTarget = await underWay('probe');
      lonelyTarget.run.signal('SIGKILL');
      const lonelyController = await underWay('consent');
      await waitFor(async () => (await sessionRow(stack, lonelyController.id)).phase !== 'target-attached');
      lonelyController.target.signal('SIGKILL');
      for (const [session, left, gone] of [
        [lonelyTarget, lonelyTarget.target, 'controller-lost'],
        [lonelyController, lonelyController.run, 'target-lost'],
      ] as const) {
        expect([await left.ended(), left.output()]).toEqual([
          EXIT.lost,
          expect.stringMatching(/could not be resumed in time/),
        ]);
        expect((await untilPhase(stack, session.id, 'ended')).status).toBe('closed');
        const events = await sessionEvents(stack, session.id);
        const ended = events.find(({ type }) => type === 'connection-ended');
        expect(ended?.data.reason).toBe('window-over');
        expect(events.map(({ type }) => type)).not.toContain('connection-activated');
        expect(await causeOf(stack, session.id)).toMatchObject({ reason: gone });
      }
    });
  });

  describe('when something else answers for its broker', () => {
    /** Both sides, with a list that leads to an impostor. @returns how each ended, and what it said */
    async function bothBehind(pair: KeyPairPem): Promise<[number | NodeJS.Signals, string, string][]> {
      const impostor = await tlsServer({ ...pair, ALPNProtocols: [ALPN_SESSION] });
      const list = listOf(stack, BROKER);
      const rows = JSON.parse(readFileSync(list, 'utf8'));
      const file = join(stack.layout.home, `intercepted-${impostor.port}.json`);
      writeFileSync(file, JSON.stringify([{ ...rows[0], address: `127.0.0.1:${impostor.port}` }]));
      const runs = [
        trunkline(stack, [
          ...['controller', '--listen', '127.0.0.1:0', ...flagsOf(stack, 'controller', '')],
          ...['--brokers', file],
        ]),
        attach(formatConnectionCode(guessed()), ...flagsOf(stack, 'target', ''), '--brokers', file),
      ];
      try {
        return await Promise.all(
          runs.map(async (run) => [await run.ended(), run.output(), run.events('error')[0]?.code] as const),
        ).then((ends) => ends.map(([exit, output, code]) => [exit, code, output]));
      } finally {
        await impostor.close();
      }
    }

    it('names an intercepting proxy, on both sides', async () => {
      const company = await createAuthority('Company proxy CA', Date.now());
      const dnsNames = ['broker-us-1.company.com'];
      const member = { name: 'proxy', uri: 'https://proxy.example/', dnsNames };
      for (const [exit, code, output] of await bothBehind(await issueLeaf(company, member, Date.now()))) {
        expect([exit, code]).toEqual([EXIT.intercepted, 'intercepted']);
        expect(output).toMatch(/intercepting proxy .*Company proxy CA.*nothing was sent to it/s);
      }
    });

    it('does not believe a broker of another authority', async () => {
      const other = await createAuthority('Another CA', Date.now());
      const uri = spiffeId(stack.regions.bank, 'broker', BROKER);
      const member = { name: BROKER, uri, dnsNames: ['broker-us-1.company.com'] };
      for (const [exit, code, output] of await bothBehind(await issueLeaf(other, member, Date.now()))) {
        expect([exit, code]).toEqual([EXIT.unreadable, 'untrusted-broker']);
        expect(output).toMatch(
          /does not prove who it is .*--ca must be the authority that signed the brokers/s,
        );
      }
    });
  });

  it('leaves nothing behind, whatever became of it', async () => {
    await expectNothingLeft(stack);
    await audit(stack, { requests: false });
    const log = readFileSync(stack.program(BROKER).logFile, 'utf8');
    expect(log).not.toContain('a frame was not handled');
  });
});
