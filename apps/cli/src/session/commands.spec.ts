import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { EndpointError } from '#libs/endpoint';
import { waitFor } from '../../../../test/support/wait-for.ts';
import { FakeSession, FakeTerminal } from '../../testing/fakes.ts';
import { CODE, Rig } from '../../testing/rig.ts';

/** As long as it takes, within the limit of a test. */
const until = (what: string, look: () => unknown): Promise<unknown> => waitFor(look, { what });

/** Time itself is faked, and what goes by intervals; everything that waits for the programs is not. */
const REAL_BUT_INTERVALS = [
  ...(['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'nextTick', 'hrtime'] as const),
  ...(['queueMicrotask', 'performance'] as const),
];

describe('the two ends of a session', () => {
  const rig = new Rig();
  beforeAll(() => rig.prepare());
  afterAll(() => rig.clear());
  beforeEach(() => rig.begin());
  afterEach(() => expect(rig.terminal.isWatched).toBe(false));

  describe('trunkline controller', () => {
    it('prints the code with its expiry and what the other side needs, listens, and ends when it is asked to', async () => {
      const done = rig.trunkline('controller', '--listen', '127.0.0.1:2222');
      await until('the code', () => rig.written.stdout.includes(CODE));
      expect(rig.written.stdout).toMatch(/works once, until 2026-11-21T16:10:00Z/);
      expect(rig.written.stdout).toMatch(
        new RegExp(
          `npx trunkline target ${CODE} --brokers brokers.json --ca ca.crt --ca-pin sha256:[0-9a-f]{64} `,
        ),
      );
      expect(rig.session.listens).toEqual([{ host: '127.0.0.1', port: 2222 }]);
      expect(rig.asked.controller).toMatchObject({
        brokers: rig.brokers,
        agent: 'trunkline/1.2.3',
        probe: true,
      });
      expect(rig.asked.controller?.identity).toMatchObject({ id: 'controller', guest: false });
      rig.terminal.signal('SIGINT');
      expect(await done).toBe(0);
      expect(rig.written.stdout).toMatch(/over: hung-up; 1.5 KiB sent, 7 B received/);
    });

    it('tells programs every step, one JSON object a line', async () => {
      const done = rig.trunkline('controller', '--listen', '2222', '--json');
      await until('the code', () => rig.written.stdout.includes(CODE));
      rig.session.emit('open', { brokerId: 'broker-in-3', epoch: 1 });
      rig.session.emit('interrupted', { reason: 'leg-lost' });
      rig.session.emit('resumed', { brokerId: 'broker-in-4', epoch: 2, pauseMs: 812.4 });
      rig.session.end({ reason: 'hung-up' });
      expect(await done).toBe(0);
      expect(rig.written.events.map(({ event }) => event)).toEqual([
        ...['probe', 'code', 'open', 'interrupted', 'resumed', 'closed'],
      ]);
      expect(rig.written.events[1]).toMatchObject({
        code: CODE,
        connection_id: 'ses_1',
        home_region: 'east',
      });
      expect(rig.written.events[4]).toEqual({
        ...{ event: 'resumed', broker_id: 'broker-in-4', epoch: 2, pause_ms: 812 },
      });
      expect(rig.written.events[5]).toMatchObject({ reason: 'hung-up', bytes_sent: 1_536, resumes: 0 });
    });

    it('hangs up when its port is taken, and says so', async () => {
      rig.session.listenError = Object.assign(new Error('in use'), { code: 'EADDRINUSE' });
      expect(await rig.trunkline('controller', '--listen', '127.0.0.1:22')).toBe(2);
      expect(rig.written.stderr).toMatch(/--listen 127.0.0.1:22 cannot be listened on \(EADDRINUSE\)/);
      expect(rig.session.phase).toBe('closed');
      expect(rig.written.stdout).not.toContain(CODE);
    });

    it('ends with the code of a session that was lost', async () => {
      const done = rig.trunkline('controller', '--listen', '2222');
      await until('the code', () => rig.written.stdout.includes(CODE));
      rig.session.end({ reason: 'window-over', error: new EndpointError('window-over') });
      expect(await done).toBe(9);
      expect(rig.written.stderr).toMatch(/could not be resumed in time/);
    });
  });

  describe('trunkline target', () => {
    it('shows who will control what, asks, and one key ends it', async () => {
      const done = rig.trunkline('target', CODE, '--forward', '127.0.0.1:22');
      await until('the question', () => rig.written.stdout.includes('[y/N]'));
      expect(rig.written.stdout).toMatch(
        /alice wants to reach 127.0.0.1:22 from this machine, through broker-in-3/,
      );
      expect(rig.written.stdout).toMatch(/> {2}broker-in-3 +west +15.3 ms +±0.3$/m);
      expect(rig.written.stdout).toMatch(/broker-us-1 +east +- +no-broker: ECONNREFUSED$/m);
      expect(rig.answer).toBeUndefined();
      rig.terminal.press('y');
      await until('the session', () => rig.answer === true && rig.terminal.isWatched);
      expect(rig.asked.target).toMatchObject({ code: CODE, forward: { host: '127.0.0.1', port: 22 } });
      expect(rig.asked.target?.surviveMs).toBeUndefined();
      await until('a key', () => {
        rig.terminal.press('q');
        return rig.session.phase === 'closed';
      });
      expect(await done).toBe(0);
    });

    it.each(['n', '\r', ' ', '\x03'])('takes %j for no', async (key) => {
      const done = rig.trunkline('target', CODE, '--forward', '22');
      await until('the question', () => rig.written.stdout.includes('[y/N]'));
      rig.terminal.press(key);
      expect(await done).toBe(5);
      expect(rig.answer).toBe(false);
    });

    it('takes being asked to end for no', async () => {
      const done = rig.trunkline('target', CODE, '--forward', '22');
      await until('the question', () => rig.written.stdout.includes('[y/N]'));
      rig.terminal.signal('SIGTERM');
      expect(await done).toBe(5);
    });

    it('asks nobody where nobody is, unless consent was given beforehand', async () => {
      rig.terminal = new FakeTerminal(false);
      expect(await rig.trunkline('target', CODE, '--forward', '22')).toBe(2);
      expect(rig.written.stderr).toMatch(/nobody can be asked here: .*--yes/);
      expect(rig.asked.target).toBeUndefined();
      const done = rig.trunkline('target', CODE, '--forward', '22', '--yes');
      await until('the session', () => rig.answer === true && rig.terminal.isWatched);
      rig.session.end({ reason: 'hung-up' });
      expect(await done).toBe(0);
      expect(rig.written.stdout).toMatch(/alice wants to reach/);
    });

    it('comes as a guest when it is told to, with a key of its own', async () => {
      const done = rig.trunkline('target', CODE, '--forward', '22', '--yes', '--guest');
      await until('the session', () => rig.answer === true && rig.terminal.isWatched);
      expect(rig.asked.target?.identity).toMatchObject({
        guest: true,
        id: expect.stringMatching(/^guest-[0-9a-f]{32}$/),
      });
      rig.session.end({ reason: 'hung-up' });
      expect(await done).toBe(0);
    });

    it('keeps session and key over a restart, goes on with them, and forgets them when it is over', async () => {
      const file = join(rig.home, 'state/target-session.json');
      const done = rig.trunkline(
        'target',
        CODE,
        '--forward',
        '22',
        '--yes',
        '--guest',
        '--survive-reboot',
        '2h',
      );
      await until('the kept session', () => statSync(file));
      expect(statSync(file).mode & 0o077).toBe(0);
      expect(rig.asked.target?.surviveMs).toBe(7_200_000);
      // The machine goes down: the session is left as it is.
      rig.terminal.signal('SIGTERM');
      expect([rig.terminal.left, rig.session.phase]).toEqual([[0], 'waiting']);
      const kept = readFileSync(file, 'utf8');
      rig.session.end({ reason: 'hung-up' });
      await done;
      expect(() => statSync(file)).toThrow(/ENOENT/);
      writeFileSync(file, kept);
      rig.session = new FakeSession();
      const again = rig.trunkline('target', '--resume', '--forward', '22');
      await until('the session again', () => rig.asked.resume);
      expect(rig.asked.resume?.saved).toEqual(rig.session.saved);
      expect(rig.asked.resume?.identity.id).toBe(rig.asked.target?.identity.id);
      // From the moment that it went down, however long it had been on.
      expect(rig.asked.resume?.surviveMs).toBe(7_200_000);
      await until('the end', () => {
        rig.terminal.press('q');
        return rig.session.phase === 'closed';
      });
      expect(await again).toBe(0);
      expect(() => statSync(file)).toThrow(/ENOENT/);
    });

    it('keeps it anew while the session goes on, so that the time counts from when the machine goes down', async () => {
      jest.useFakeTimers({ doNotFake: REAL_BUT_INTERVALS });
      try {
        const file = join(rig.home, 'state/target-session.json');
        const done = rig.trunkline('target', CODE, '--forward', '22', '--yes', '--survive-reboot', '2h');
        const first = await until('the kept session', () => readFileSync(file, 'utf8'));
        jest.setSystemTime(Date.now() + 3 * 3_600_000);
        jest.advanceTimersByTime(60_000);
        const next = JSON.parse(readFileSync(file, 'utf8'));
        expect(next).toEqual({ ...JSON.parse(String(first)), until: next.until });
        expect(Date.parse(next.until) - Date.now()).toBeGreaterThan(7_200_000 - 60_000);
        rig.session.end({ reason: 'hung-up' });
        expect(await done).toBe(0);
        jest.advanceTimersByTime(60_000);
        expect(() => statSync(file)).toThrow(/ENOENT/);
      } finally {
        jest.useRealTimers();
      }
    });

    it.each<[string, string, string, number]>([
      ['none is kept', '', 'no session was kept here', 3],
      ['what is kept is damaged', '{"version":1}', 'is damaged', 3],
      [
        'it is too late',
        JSON.stringify({
          version: 1,
          until: '2026-01-01T00:00:00Z',
          session: { connectionId: 'ses_1', homeRegion: 'east', epoch: 1 },
        }),
        'ask for a new code',
        9,
      ],
    ])('does not resume when %s', async (_what, kept, says, exit) => {
      const file = join(rig.home, 'state/target-session.json');
      if (kept === '') rmSync(file, { force: true });
      else writeFileSync(file, kept);
      expect(await rig.trunkline('target', '--resume', '--forward', '22')).toBe(exit);
      expect(rig.written.stderr).toContain(says);
    });
  });
});
