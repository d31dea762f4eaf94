import { SIDECAR_COMMANDS, type SidecarCommand } from '#libs/contracts';
import { createLogger, createRegistry } from '#libs/platform';
import { type AgentContext, type Carrier, CommandFailure, CommandRefusal } from './agent.ts';
import { CommandDesk } from './command-desk.ts';
import { FactOutbox } from './fact-outbox.ts';
import { AgentMetrics } from './metrics.ts';
import type { OutgoingRecord } from './ports.ts';
import { Vigil } from './vigil.ts';

const START_MS = Date.parse('2026-01-01T00:00:00Z');

function deskWith(run: (command: SidecarCommand) => Promise<void> = async () => {}) {
  const time = { ms: 0 };
  const clock = {
    bootMs: () => time.ms,
    monotonicMs: () => time.ms,
    wallMs: () => START_MS + time.ms,
  };
  const log = createLogger({ name: 'test', level: 'silent' });
  const vigil = new Vigil({ clock, leaseMs: 60_000, asleepMs: 1_500 });
  const published: OutgoingRecord[] = [];
  const sink = { publish: async (records: OutgoingRecord[]) => published.push(...records) };
  const facts = new FactOutbox(sink, clock, log, {
    topic: 't',
    source: 's',
    maxWaiting: 100,
    dropped: () => {},
  });
  const ran: string[] = [];
  const carrier: Carrier<SidecarCommand> = {
    run: async (command) => {
      ran.push(command.command_id);
      await run(command);
    },
    stopAll: () => {},
    tick: () => {},
    health: () => [],
    worstUnansweredRatio: 0,
    carrying: 0,
    capacity: 1,
  };
  const agent: AgentContext = {
    identity: { agentId: 'bank', kind: 'client-sidecar', region: 'east' },
    clock,
    log,
    vigil,
    facts,
    metrics: new AgentMetrics(createRegistry('test'), 'sidecar'),
    changed: () => {},
  };
  vigil.renew(0, vigil.incarnation);
  const desk = new CommandDesk(agent, carrier, {
    names: SIDECAR_COMMANDS,
    carrying: ['connect'],
  });
  const connect = (members: Record<string, unknown> = {}) => ({
    command_id: 'c-1',
    agent_id: 'bank',
    incarnation: vigil.incarnation,
    connection_id: 'bank:primary',
    epoch: 1,
    expires_at: new Date(START_MS + 3_000).toISOString(),
    decision_id: 'd-1',
    home_region: 'east',
    server_id: 'server',
    address: '127.0.0.1:1',
    ...members,
  });
  const give = async (data: unknown, name = 'connect'): Promise<string | undefined> => {
    await desk.handle({ name, data, time: new Date(START_MS).toISOString() });
    await facts.flush(1_000);
    const last = published.at(-1);
    const reason = (last?.data as { reason?: string } | undefined)?.reason;
    return last === undefined ? undefined : [last.type, reason].filter(Boolean).join(' ');
  };
  return { desk, give, connect, ran, published, time, vigil };
}

describe('CommandDesk', () => {
  it('runs a command and answers it with its id, epoch and home', async () => {
    const { give, connect, ran, published } = deskWith();
    expect(await give(connect())).toBe('command-succeeded');
    expect(ran).toEqual(['c-1']);
    expect(published[0]).toMatchObject({
      key: 'bank:primary',
      data: { command_id: 'c-1', command: 'connect', epoch: 1, home_region: 'east', agent_id: 'bank' },
    });
  });

  it('answers as part of the trace that the command is part of', async () => {
    const { desk, connect, published } = deskWith();
    await desk.handle({ name: 'connect', data: connect(), time: '', trace: { traceparent: '00-a' } });
    await desk.handle({ name: 'connect', data: connect(), time: '' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(published.map(({ headers }) => headers)).toEqual([{ traceparent: '00-a' }, undefined]);
  });

  it('runs a repeated command once and gives it its first answer, though it is expired by now', async () => {
    const { give, connect, ran, time, published } = deskWith();
    await give(connect());
    time.ms = 10_000;
    expect(await give(connect())).toBe('command-succeeded');
    expect(ran).toEqual(['c-1']);
    expect(published).toHaveLength(2);
    expect(published[1]?.id).not.toBe(published[0]?.id);
  });

  it('answers once what comes again while it runs', async () => {
    let finish = (): void => {};
    const { desk, connect, ran, published } = deskWith(() => new Promise((resolve) => (finish = resolve)));
    const first = desk.handle({ name: 'connect', data: connect(), time: '' });
    await desk.handle({ name: 'connect', data: connect(), time: '' });
    finish();
    await first;
    await new Promise((resolve) => setImmediate(resolve));
    expect(ran).toEqual(['c-1']);
    expect(published).toHaveLength(1);
  });

  it('refuses a command for another life before it looks at anything else', async () => {
    const { give, connect, ran } = deskWith();
    const expired = new Date(START_MS - 1).toISOString();
    expect(await give(connect({ incarnation: 'earlier', expires_at: expired }))).toBe(
      'command-refused other-incarnation',
    );
    expect(ran).toEqual([]);
  });

  it('refuses a command whose time is over', async () => {
    const { give, connect, time } = deskWith();
    time.ms = 3_000;
    expect(await give(connect())).toBe('command-refused expired');
  });

  it('refuses to carry without a lease, but still ends what it is told to end', async () => {
    const { give, connect, time, vigil } = deskWith();
    const life = vigil.incarnation;
    for (time.ms = 1_000; time.ms < 60_000; time.ms += 1_000) vigil.look();
    vigil.look();
    expect(vigil.incarnation).not.toBe(life);
    const later = { incarnation: vigil.incarnation, expires_at: new Date(START_MS + 99_000).toISOString() };
    expect(await give(connect(later))).toBe('command-refused lease-lapsed');
    expect(await give(connect({ ...later, command_id: 'c-2', requests: 'hold' }), 'disconnect')).toBe(
      'command-succeeded',
    );
  });

  it('takes nothing more on while it shuts down', async () => {
    const { desk, give, connect } = deskWith();
    desk.drain();
    expect(await give(connect())).toBe('command-refused draining');
  });

  it('says why a command was refused or failed', async () => {
    const refusing = deskWith(() => Promise.reject(new CommandRefusal('stale-epoch')));
    expect(await refusing.give(refusing.connect())).toBe('command-refused stale-epoch');
    const failing = deskWith(() => Promise.reject(new CommandFailure('dial-timeout')));
    expect(await failing.give(failing.connect())).toBe('command-failed dial-timeout');
    const broken = deskWith(() => Promise.reject(new TypeError('bug')));
    expect(await broken.give(broken.connect())).toBe('command-failed internal-error');
  });

  it('leaves commands to others alone', async () => {
    const { give, connect, ran } = deskWith();
    expect(await give(connect({ agent_id: 'other' }))).toBeUndefined();
    expect(ran).toEqual([]);
  });

  it('skips what is no command: unknown names, wrong types, missing fields', async () => {
    const { give, connect, ran } = deskWith();
    expect(await give(connect(), 'issue-code')).toBeUndefined();
    expect(await give(connect({ epoch: 'one' }))).toBeUndefined();
    expect(await give({ command_id: 'c-1' })).toBeUndefined();
    expect(await give(null)).toBeUndefined();
    expect(ran).toEqual([]);
  });
});
