import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { jest } from '@jest/globals';
import { SESSION_POLICY } from '#libs/contracts';
import { byLength, itLong } from '../support/length.ts';
import { PlainKafka } from '../support/plain-kafka.ts';
import { redisCommand } from '../support/redis.ts';
import type { Name, Stack } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';
import { brokerLost, causeOf } from './support/explained.ts';
import { putPolicy } from './support/operator.ts';
import { redisClient } from './support/redis-client.ts';
import { transferBothWays } from './support/session-transfer.ts';
import {
  askOnce,
  flagsOf,
  hangUp,
  openSession,
  reviveBrokers,
  sessionEvents,
  sessionRow,
  startEcho,
  startSessionStack,
  trunkline,
  untilPhase,
} from './support/sessions.ts';
import { type SshServer, startSshServer } from './support/ssh-server.ts';

jest.setTimeout(300_000);

const command = promisify(execFile);
const COMMAND_LIMIT_MS = 120_000;
const TRANSFER_BYTES = 20_000_000;

/** From the USA to India and back, on real processes and through the WAN simulators. */
describe('a session', () => {
  let stack: Stack;
  let folder: string;
  let ssh: SshServer;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'trunkline-ssh-'));
    ssh = await startSshServer(folder);
    stack = await startSessionStack();
  });
  afterAll(async () => {
    await stack?.stop();
    ssh?.close();
    if (folder) rmSync(folder, { recursive: true });
  });
  /** Whatever broker a test ended is there for the next one. */
  afterEach(() => stack && reviveBrokers(stack));

  const run = async (program: string, args: readonly string[], input?: string): Promise<string> => {
    const running = command(program, [...args], { timeout: COMMAND_LIMIT_MS, encoding: 'utf8' });
    running.child.stdin?.end(input);
    return (await running).stdout;
  };
  const hashOf = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');

  it('goes to the broker nearest to the target, carries ssh and sftp, and stands in the log as it was', async () => {
    const session = await openSession(stack, ssh.port);
    const { controller, target, id, port, brokerId } = session;
    // The controller began at home; the target chose its own, and the controller was sent there.
    expect(controller.events('code')[0]?.broker_id).toMatch(/^broker-us-[12]$/);
    expect(brokerId).toMatch(/^broker-in-[34]$/);
    expect(controller.events('open')[0]).toMatchObject({ broker_id: brokerId, epoch: 1 });
    const [table] = target.events('probe');
    const roundTrips = Object.fromEntries(
      table?.brokers.map((row: { broker_id: string; rtt_ms: number }) => [row.broker_id, row.rtt_ms]),
    );
    expect(roundTrips['broker-us-1']).toBeGreaterThanOrEqual(169);
    expect(roundTrips[brokerId]).toBeLessThan(roundTrips['broker-us-1']);

    const to = [...ssh.clientOptions, '-p', String(port), `${ssh.user}@127.0.0.1`];
    expect(await run('ssh', [...to, 'echo "through a code" && exit 0'])).toBe('through a code\n');
    expect(await run('ssh', [...to, 'wc -c'], 'x'.repeat(100_000))).toMatch(/^ *100000\n$/);
    await expect(run('ssh', [...to, 'exit 7'])).rejects.toMatchObject({ code: 7 });
    const [sent, kept, back] = [join(folder, 'sent'), join(folder, 'kept'), join(folder, 'back')];
    writeFileSync(sent, randomBytes(2_000_000));
    await run(
      'sftp',
      ['-b', '-', ...ssh.clientOptions, '-P', String(port), `${ssh.user}@127.0.0.1`],
      `put ${sent} ${kept}\nget ${kept} ${back}\n`,
    );
    expect(hashOf(back)).toBe(hashOf(sent));
    await hangUp(stack, session);
    await expectFlow(id, brokerId);
    await expectCodeNowhere(controller.events('code')[0]?.code);
  });

  /** The log, read back: the steps of the flow in their order, each with its reason, and the end with its bytes. */
  async function expectFlow(id: string, brokerId: string): Promise<void> {
    const events = await sessionEvents(stack, id);
    expect(events.map(({ data }) => data.version)).toEqual(events.map((_, index) => index + 1));
    const named = events.map(({ type }) => type).filter((type, index, all) => type !== all[index - 1]);
    expect(named).toEqual([
      'connection-code-issued',
      'target-accepted',
      'controller-redirected',
      'connection-assigned',
      'connection-activated',
      'connection-ended',
    ]);
    const commands = events.flatMap(({ data }) => data.commands ?? []);
    expect(commands.map(({ name }) => name)).toEqual([
      ...['issue-code', 'hold-target', 'redirect-controller', 'open-relay'],
    ]);
    expect(commands.map(({ agent_id }) => agent_id)).toEqual([
      expect.stringMatching(/^broker-us-/),
      brokerId,
      expect.stringMatching(/^broker-us-/),
      brokerId,
    ]);
    const ended = events.find(({ type }) => type === 'connection-ended')?.data;
    expect(ended).toMatchObject({ phase: 'ended', reason: 'hung-up', epoch: 1 });
    expect(await causeOf(stack, id)).toMatchObject({
      reason: 'hung-up',
      detail: 'target',
      said_by: brokerId,
    });
    const facts = await new PlainKafka(stack.kafkaBrokers).readAll(
      `${stack.regions.scheme}.connection-status`,
    );
    const closed = facts
      .filter(({ key, headers }) => String(key) === id && /relay-closed/.test(String(headers?.ce_type)))
      .map(({ value }) => JSON.parse(String(value)));
    expect(closed).toHaveLength(1);
    expect(closed[0]).toMatchObject({
      broker_id: brokerId,
      epoch: 1,
      reason: 'hung-up',
      closed_by: 'target',
    });
    // 2 MB went there and came back.
    expect(closed[0].bytes_up).toBeGreaterThan(2_000_000);
    expect(closed[0].bytes_down).toBeGreaterThan(2_000_000);
    expect(await sessionRow(stack, id)).toMatchObject({ kind: 'session', status: 'closed', phase: 'ended' });
  }

  /** A code is a secret: it is on no topic, in no log and not in the registry. */
  async function expectCodeNowhere(code: string): Promise<void> {
    const words = [code, code.replaceAll('-', '')];
    const kafka = new PlainKafka(stack.kafkaBrokers);
    const bases = [
      'connection-status',
      'controller-events',
      'connection-state',
      'relay-commands',
      'health-reports',
    ];
    let records = 0;
    for (const region of Object.values(stack.regions)) {
      for (const base of bases) {
        const texts = (await kafka.readAll(`${region}.${base}`)).map(({ key, value }) => `${key} ${value}`);
        records += texts.length;
        expect(texts.filter((text) => words.some((word) => text.includes(word)))).toEqual([]);
      }
    }
    expect(records).toBeGreaterThan(20);
    const logs = readdirSync(stack.layout.log).filter((file) => !file.startsWith('cli-'));
    expect(logs.length).toBeGreaterThan(5);
    for (const file of logs) {
      const text = readFileSync(join(stack.layout.log, file), 'utf8');
      expect([file, words.filter((word) => text.includes(word))]).toEqual([file, []]);
    }
  }

  itLong(
    'goes to the broker with the shortest whole way where policy wants that, and says how it weighed them',
    async () => {
      const rows = (file: string): { id: string }[] =>
        JSON.parse(readFileSync(join(stack.layout.home, file), 'utf8'));
      const row = (file: string, id: string) => rows(file).find((each) => each.id === id);
      // The target stands beside broker-in-3; broker-us-1, which is near to the controller, is not far from it either.
      const list = join(stack.layout.home, 'brokers-between.json');
      const seen = [
        ...[row('brokers.json', 'broker-in-3'), row('brokers-usa.json', 'broker-us-1')],
        ...[row('brokers-usa.json', 'broker-in-4'), row('brokers-india.json', 'broker-us-2')],
      ];
      writeFileSync(list, JSON.stringify(seen));
      const flags = [...flagsOf(stack, 'target', ''), '--brokers', list];
      const nearest = await openSession(stack, ssh.port, flags);
      expect(nearest.brokerId).toBe('broker-in-3');
      await hangUp(stack, nearest);
      const placement = (broker_placement: string) =>
        putPolicy(stack, SESSION_POLICY, { settings: { broker_placement }, reason: 'the whole way counts' });
      await placement('least-total');
      const session = await openSession(stack, ssh.port, flags);
      await placement('nearest-target');
      expect(session.brokerId).toBe('broker-us-1');
      expect((await session.controller.until('open')).broker_id).toBe('broker-us-1');
      await hangUp(stack, session);
      const sent = (await sessionEvents(stack, session.id)).find(
        ({ type }) => type === 'target-rejected',
      )?.data;
      expect(sent).toMatchObject({ reason: 'other-broker', rejected: { broker_id: 'broker-in-3' } });
      const scores = new Map<string, number>(
        sent.candidates.map((each: { agent_id: string; score: number }) => [each.agent_id, each.score]),
      );
      const best = Math.max(...scores.values());
      expect([scores.size, scores.get('broker-us-1')]).toEqual([4, best]);
    },
  );

  it('carries Redis to a guest with an empty home directory, several connections at once', async () => {
    const redis = new URL(stack.redisUrl);
    const person = mkdtempSync(join(tmpdir(), 'trunkline-guest-'));
    const session = await openSession(stack, Number(redis.port), [
      ...['--guest', '--json', '--ca', join(stack.layout.pki, 'ca.crt')],
      ...['--brokers', join(stack.layout.home, 'brokers-india.json')],
    ]);
    const client = redisClient();
    console.log(`the client of Redis is ${client.name}`);
    const through = `redis://127.0.0.1:${session.port}${redis.pathname}`;
    const value = 'x'.repeat(300_000);
    await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        expect(await client.set(through, `session-test:${index}`, value)).toBe('OK');
        expect(await client.get(through, `session-test:${index}`)).toBe(value);
      }),
    );
    // What went through is in the Redis itself.
    expect(await redisCommand(stack.redisUrl, 'STRLEN', 'session-test:7')).toBe(value.length);
    expect(session.controller.events('peer')[0]?.id).toMatch(/^guest-[0-9a-f]{32}$/);
    rmSync(person, { recursive: true });
    await hangUp(stack, session);
  });

  // As a machine that goes down ends its programs, and as one that lost its power does.
  it.each(byLength<readonly NodeJS.Signals[]>(['SIGTERM'], ['SIGTERM', 'SIGKILL']))(
    "outlives a restart of a guest's machine (%s): the key and the session were kept",
    async (end) => {
      const echo = await startEcho();
      const flags = [
        ...['--json', '--ca', join(stack.layout.pki, 'ca.crt')],
        ...['--brokers', join(stack.layout.home, 'brokers-india.json')],
      ];
      const session = await openSession(stack, echo.port, ['--guest', '--survive-reboot', '2h', ...flags]);
      const { controller, id, port } = session;
      expect(await askOnce(port, 'before')).toBe('before');
      session.target.signal(end);
      expect(await session.target.ended()).toBe(end === 'SIGTERM' ? 0 : end);
      await controller.until('interrupted');
      const target = trunkline(stack, [
        'target',
        '--resume',
        '--forward',
        `127.0.0.1:${echo.port}`,
        ...flags,
      ]);
      const { epoch } = await controller.until('resumed');
      expect(epoch).toBeGreaterThan(1);
      await untilPhase(stack, id, 'open', epoch);
      expect(await causeOf(stack, id)).toMatchObject({ reason: 'target-lost', detail: 'target' });
      expect(await askOnce(port, 'after')).toBe('after');
      await hangUp(stack, { controller, target, id });
      echo.close();
    },
  );

  it('survives kill -9 of its broker in the middle of two transfers: nothing lost, nothing twice', async () => {
    const session = await openSession(stack, ssh.port);
    const { controller, target, id, port, brokerId } = session;
    const before = ssh.connections();
    const transfer = transferBothWays(ssh, {
      ...{ port, folder, bytes: TRANSFER_BYTES, limitMs: COMMAND_LIMIT_MS },
    });
    const isUnderWay = (): boolean => {
      const { up, down } = transfer.arrived();
      return Math.min(up, down) > 0 && up + down > TRANSFER_BYTES / 4;
    };
    await waitFor(isUnderWay, { what: 'a part of the files', withinMs: 60_000 });
    expect(Math.min(...Object.values(transfer.arrived()))).toBeLessThan(TRANSFER_BYTES);
    await stack.program(brokerId as Name).kill('SIGKILL');
    const { up, down } = await transfer.done;
    expect([up.came, down.came]).toEqual([up.sent, down.sent]);
    // One TCP connection for each, from beginning to end.
    expect(ssh.connections()).toBe(before + 2);
    const resumed = await controller.until('resumed');
    expect(resumed).toMatchObject({ epoch: 2, broker_id: expect.stringMatching(/^broker-/) });
    expect(resumed.broker_id).not.toBe(brokerId);
    expect((await target.until('resumed')).broker_id).toBe(resumed.broker_id);
    const row = await untilPhase(stack, id, 'open', 2);
    expect(row).toMatchObject({ status: 'active', epoch: 2, broker_id: resumed.broker_id });
    expect(await causeOf(stack, id)).toMatchObject(brokerLost(brokerId));
    console.log(`pause of the controller: ${resumed.pause_ms} ms`);
    await hangUp(stack, session);
    const types = (await sessionEvents(stack, id)).map(({ type }) => type);
    expect(types).toEqual(expect.arrayContaining(['session-resumed', 'connection-ended']));
  });
});
