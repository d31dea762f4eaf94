import { type ExecFileException, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { ROOT } from '../../deploy/local/paths.mjs';
import { byLength } from '../support/length.ts';
import { type Name, type Stack, startStack } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';
import { COMMANDS, isDrawn, nameOf, TO_CONTROLLER, TO_KAFKA } from './support/operator-commands.ts';
import { LINK, rowOf, untilActive } from './support/spine.ts';

jest.setTimeout(300_000);

const HOME = 'central-controller-east';
const PROGRAMS: readonly Name[] = [
  ...([HOME, 'central-controller-west', 'client-sidecar-1', 'iso-client-1'] as const),
  ...(['server-sidecar-1', 'server-sidecar-2'] as const),
  ...(['iso-server-1', 'iso-server-1b', 'iso-server-2'] as const),
];
const BIN = join(ROOT, 'bin/trunkline.mjs');
/** A command that hangs is ended before its test is, so that it is named; on a machine that is busy with others one may take a minute. */
const LIMIT_MS = 240_000;

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command line as an operator runs it, on a stack of processes. */
describe("the operator's command line", () => {
  let stack: Stack;
  let folder: string;
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'trunkline-operator-'));
    stack = await startStack({
      programs: PROGRAMS,
      env: { 'iso-client-1': { TRUNKLINE_SIMULATOR_RATE: '2' } },
    });
    env = {
      PATH: process.env.PATH,
      HOME: folder,
      TRUNKLINE_URL: stack.url(HOME, ''),
      TRUNKLINE_TOKEN: stack.token,
      TRUNKLINE_KAFKA_BROKERS: stack.kafkaBrokers,
      TRUNKLINE_REGIONS: `${stack.regions.bank},${stack.regions.scheme}`,
    };
    await untilActive(stack);
  });
  afterAll(async () => {
    await stack?.stop();
    if (folder) rmSync(folder, { recursive: true });
  });

  function ran(command: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Ran> {
    return new Promise((resolve) => {
      const options = { env: { ...env, ...more }, timeout: LIMIT_MS, maxBuffer: 64 << 20 };
      execFile(command, [...args], options, (error: ExecFileException | null, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr }),
      );
    });
  }
  /** Commands that did what they are for, in a pipe. */
  const done = new Set<string>();
  /** In a pipe: whatever it says is without colours and progress. */
  async function trunkline(...args: string[]): Promise<Ran> {
    const found = await ran(process.execPath, [BIN, ...args]);
    expect({ args, ...found, drawn: isDrawn(found.stdout + found.stderr) }).toEqual({
      args,
      ...found,
      drawn: false,
    });
    if (found.code === 0) done.add(nameOf(args));
    return found;
  }
  /** Through a pseudo terminal of 100 columns; both outputs come as one. */
  const atTerminal = (line: string, more: NodeJS.ProcessEnv = {}) =>
    ran('script', ['-qec', `stty cols 100 rows 20; '${process.execPath}' '${BIN}' ${line}`, '/dev/null'], {
      TERM: 'xterm',
      ...more,
    });
  async function json<T>(...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await trunkline(...args, '--output', 'json');
    expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
    return JSON.parse(stdout) as T;
  }

  it('shows connections, agents and why, piped and at a terminal', async () => {
    const { stdout } = await trunkline('connections', 'ls');
    expect(stdout.split('\n')[1]).toMatch(/^bank-client-1:primary {2}link {2}active {2}active +\d+ /);
    expect(stdout).not.toContain('\x1b');
    const shown = await atTerminal('connections ls');
    expect(shown.stdout).toContain('\x1b[32mactive\x1b[39m');
    expect((await atTerminal('connections ls', { NO_COLOR: '1' })).stdout).not.toContain('\x1b');
    const row = await json<{ server_id: string; version: number }>('connections', 'get', LINK);
    expect(row).toMatchObject({ status: 'active', client_id: 'bank-client-1' });
    const events = await json<{ type: string }[]>('connections', 'events', LINK);
    expect(events.length).toBe(row.version);
    const agents = await json<{ agent_id: string; status: string }[]>('agents', 'ls', '--status', 'alive');
    expect(agents.map(({ agent_id }) => agent_id)).toContain(row.server_id);
    expect(await json('agents', 'get', row.server_id)).toMatchObject({ kind: 'server-sidecar' });
    const explained = await trunkline('connections', 'explain', LINK);
    expect(explained).toMatchObject({ code: 0, stderr: '' });
    expect(explained.stdout).toContain(row.server_id);
  });

  it('asks for a move and tells its ledger, and follows it live', async () => {
    const tail = spawn(
      process.execPath,
      [BIN, 'tail', '--connection', LINK, '-o', 'json', '--count', '1', '--type', 'failover-completed'],
      { env },
    );
    let seen = '';
    tail.stdout.on('data', (text) => {
      seen += text;
    });
    const { epoch } = await rowOf(stack);
    // The stream may be joined only now: what is asked for until then is no part of it.
    await waitFor(
      async () => {
        await trunkline('connections', 'failover', LINK, '--reason', 'rack 4', '--planned', '--wait', '30');
        return seen !== '';
      },
      { what: 'a move in the live stream', withinMs: 120_000 },
    );
    done.add('tail');
    expect(JSON.parse(seen)).toMatchObject({
      type: 'failover-completed',
      connection_id: LINK,
      id: expect.any(String),
    });
    const now = await rowOf(stack);
    expect(now.epoch).toBeGreaterThan(epoch);
    const moves = await json<{ failover_id: string; reason: string }[]>(
      'failovers',
      'ls',
      '--connection',
      LINK,
      '--since',
      '1h',
    );
    expect(moves[0]).toMatchObject({ failover_id: `${LINK}~${now.epoch}`, reason: 'operator-request' });
    const { stdout } = await trunkline('failovers', 'get', `${LINK}~${now.epoch}`);
    expect(stdout).toMatch(/active +\S+Z {2}\+\d/);
    expect(await trunkline('failovers', 'approve', `${LINK}~${now.epoch}`, '--reason', 'go')).toMatchObject({
      code: 1,
    });
    // As of the decision that made it the first time, its first epoch: a machine that is busy may have made it anew since.
    const [first] = await json<{ data: { decided_at: string } }[]>('connections', 'events', LINK);
    const decidedAt = first?.data.decided_at ?? '';
    expect(await json('connections', 'get', LINK, '--at', decidedAt)).toMatchObject({
      epoch: 1,
      version: 1,
      updated_at: decidedAt,
    });
  });

  it('counts on a line where it is piped, and draws at a terminal', async () => {
    expect((await trunkline('top', '--once')).stdout).toMatch(
      /^\S+Z connections: total=1 active=1 agents: total=\d.*\n$/,
    );
    const once = await atTerminal('top --once');
    expect(once.stdout).toContain('\x1b[1mCONNECTION');
    const live = spawn(
      'script',
      ['-qec', `stty cols 100 rows 20; '${process.execPath}' '${BIN}' top --interval 1`, '/dev/null'],
      { env: { ...env, TERM: 'xterm' } },
    );
    let drawn = '';
    live.stdout.on('data', (text) => {
      drawn += text;
    });
    const ended = new Promise((resolve) => live.on('exit', resolve));
    await waitFor(() => drawn.split('\x1b[H').length > 3, { what: 'three pictures' });
    live.stdin.write('q');
    expect(await ended).toBe(0);
    expect(drawn).toContain('\x1b[?1049h');
    expect(drawn.trimEnd().endsWith('\x1b[?1049l')).toBe(true);
  });

  it('checks what is there, and tells what is not', async () => {
    interface Found {
      findings: { check: string; status: string }[];
    }
    const { code, stdout } = await trunkline('check', '-o', 'json');
    const { findings } = JSON.parse(stdout) as Found;
    expect(findings.filter(({ status }) => status === 'fail')).toEqual([]);
    expect(code).toBe(0);
    expect(findings.map(({ check }) => check.split(' ')[0])).toEqual(
      expect.arrayContaining(['kafka', 'topics', 'controller', 'registry', 'lag', 'clocks', 'agents']),
    );
    expect(await trunkline('topics', 'verify')).toMatchObject({ code: 0, stderr: '' });
    const other = await trunkline('topics', 'verify', '--partitions', '7');
    expect(other.code).toBe(1);
    expect(other.stdout).toContain('the number of partitions');
    const region = `${stack.regions.bank}-new`;
    expect((await trunkline('topics', 'verify', '--regions', region)).stdout).toContain('missing');
    expect((await trunkline('topics', 'create', '--regions', region, '--partitions', '2')).stdout).toContain(
      `made  ${region}.controller-events`,
    );
    expect((await trunkline('topics', 'verify', '--regions', region, '--partitions', '2')).code).toBe(0);
  });

  it('keeps a slice, whole or of one connection, and its replay decides the same', async () => {
    for (const flags of [[], ['--connection', LINK]]) {
      const file = join(folder, `${flags.length}.ndjson`);
      const exported = await trunkline('export', ...flags, file);
      expect(exported).toMatchObject({ code: 0, stderr: expect.stringMatching(/^wrote \d+ decisions/) });
      const replayed = await trunkline('replay', file, '--only-different');
      expect(replayed).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^\d+ judged: \d+ the same, 0 different/),
        stderr: '',
      });
      expect((await trunkline('export', file)).code).toBe(2);
    }
    expect((await trunkline('verify', '--log', join(folder, '0.ndjson'))).code).toBe(0);
  });

  it('says what is wrong with what was asked, and who may not ask', async () => {
    expect((await trunkline('connections', 'ls', '--limit', 'many')).code).toBe(2);
    const missed = await trunkline('connections', 'get', 'bank-client-1:primry');
    expect(missed.code).toBe(3);
    expect(missed.stderr).toContain('did you mean bank-client-1:primary?');
    const ask = ['connections', 'failover', LINK, '--reason', 'x'];
    expect(await trunkline(...ask, '--token', 'nobody-gave-this-token')).toMatchObject({ code: 5 });
    const drained = await trunkline('agents', 'drain', 'scheme-server-1', '--reason', 'x');
    expect(drained.code).toBe(1);
    expect(drained.stderr).toContain(`ask a controller of ${stack.regions.scheme}`);
    const there = ['--url', stack.url('central-controller-west', '')];
    expect(await trunkline('agents', 'drain', 'scheme-server-1', '--reason', 'x', ...there)).toMatchObject({
      code: 0,
    });
    await waitFor(
      async () => (await json<{ draining: boolean }>('agents', 'get', 'scheme-server-1')).draining,
      { what: 'an agent that drains' },
    );
  });

  it('ends quietly where nobody reads on, and says it where nothing can be written', async () => {
    const piped = (line: string) =>
      ran('bash', ['-c', `set -o pipefail; '${process.execPath}' '${BIN}' ${line}`]);
    const events = `connections events ${LINK} -o json`;
    expect(await piped(`${events} | head -n 1`)).toEqual({ code: 0, stdout: '[\n', stderr: '' });
    expect(await piped(`${events} > /dev/full`)).toEqual({
      code: 3,
      stdout: '',
      stderr: 'trunkline: standard output cannot be written (ENOSPC)\n',
    });
    // Nobody reads what was wrong; the exit code still tells it.
    expect(await piped('connections get nobody:at-all 2> >(exec 0<&-)')).toMatchObject({ code: 3 });
  });

  it('has each of its commands done in a pipe, but for the approval, which nothing waits for here', () => {
    expect(COMMANDS.filter((name) => !done.has(name))).toEqual(['failovers approve']);
  });

  it('says what to do when the controller is down, or Kafka', async () => {
    await stack.program(HOME).kill('SIGKILL');
    // `check` tells what is down, and `replay` needs nobody.
    const calls = [...TO_CONTROLLER, ...TO_KAFKA].map(nameOf);
    expect([...calls, 'check', 'replay'].sort()).toEqual([...COMMANDS].sort());
    const says = async (calls: readonly (readonly string[])[], words: RegExp) => {
      for (const args of byLength(
        calls.filter((_, index) => index % 4 === 0),
        calls,
      )) {
        const { code, stdout, stderr } = await trunkline(...args);
        expect({ args, code, stdout }).toEqual({ args, code: 3, stdout: '' });
        expect(stderr).toMatch(words);
      }
    };
    await says(
      TO_CONTROLLER,
      /^trunkline: no answer from \S+ \(ECONNREFUSED\): is the central controller running\?.*\n$/,
    );
    await says(TO_KAFKA, /^trunkline: .*: is Kafka there\? --brokers host:port.*\n$/);
    const { code, stdout } = await trunkline('check');
    expect(code).toBe(3);
    expect(stdout).toMatch(/^fail {2}controller /m);
    expect(stdout).toMatch(/^ok {4}kafka: /m);
  });
});
