import { line, Scenario } from '../../testing/scenario.ts';
import { nextDueMs, unansweredCommands } from './index.ts';

const WITH_DR = { dr_client_id: 'dr-1' };

/** A link of client-1 on server-1, with a DR client that is well and server-2 to go to. */
function active(): Scenario {
  const given = new Scenario().dr().server('server-1').server('server-2', { carried: 5 });
  given.request(WITH_DR);
  given.established();
  return given;
}

/** Its client was shut down, and the DR client carries it. */
function carriedByDr(given = active()): Scenario {
  given.lost('client', 'shutdown');
  given.established();
  return given;
}

describe('the client that is back while its DR client carries the link', () => {
  const restarted = { ...WITH_DR, incarnation: 'c2' };

  it('is told to stand by, with the epoch that it must refuse; the link stays where it is', () => {
    const given = carriedByDr().client({ incarnation: 'c2' });
    expect(line(given.request(restarted))).toBe(
      'connection-activated v5 e2 active (standby) on server-1 then server-2; disconnect client-1 e2 close',
    );
    expect(given.known()).toMatchObject({
      standby: { agent_id: 'client-1', incarnation: 'c2' },
      client: { incarnation: 'c2', gone: false, retired: ['c1'] },
      placement: { client_id: 'dr-1', epoch: 2 },
      carrier: 'dr-1',
    });
  });

  it('is told once in each of its lives', () => {
    const given = carriedByDr().client({ incarnation: 'c2' });
    given.request(restarted);
    expect(line(given.request(restarted))).toBe('ignore duplicate');
    expect(line(given.tell('agent-returned', { agent_id: 'client-1', incarnation: 'c2' }))).toBe(
      'ignore no-change',
    );
    expect(line(given.request({ ...WITH_DR, incarnation: 'c1' }))).toBe('ignore stale-incarnation');
    expect(line(given.request({ ...WITH_DR, incarnation: 'c3' }))).toContain('disconnect client-1 e2 close');
  });

  it('ends nothing by its answer, which is known as one', () => {
    const given = carriedByDr();
    given.request(restarted);
    const [command] = unansweredCommands(given.known(), given.nowMs);
    expect(command).toMatchObject({ name: 'disconnect', agent_id: 'client-1', incarnation: 'c2', epoch: 2 });
    expect(line(given.answer('disconnect', 'succeeded'))).toBe('ignore no-change');
    expect(given.known().placement?.epoch).toBe(2);
    // The next decision has it behind it.
    given.pass(5_000).lost('server', 'peer-reset');
    expect(given.decisions.at(-1)?.data.ended_commands).toContainEqual({
      command_id: command?.command_id,
      how: 'given-up',
    });
    expect(unansweredCommands(given.known(), given.nowMs).map(({ name }) => name)).not.toContain(
      'disconnect',
    );
  });

  it.each([
    ['connection-lost', { reason: 'asleep', epoch: 1, observed_by: 'client-sidecar' }],
    ['new-connection-established', { client_id: 'client-1', server_id: 'server-1', epoch: 1 }],
    ['command-refused', { command_id: 'client-1:primary/3/connect/client-1', epoch: 1, reason: 'expired' }],
    ['agent-returned', {}],
  ] as const)('is told when it says %s of an epoch long over', (name, over) => {
    // It slept while its server lost it.
    const given = active();
    given.lost('server', 'keepalive-timeout');
    given.without('client-1').due();
    given.answer('stop-sending-to-client', 'succeeded');
    given.established();
    const word = { agent_id: 'client-1', incarnation: 'c1', ...over };
    expect(line(given.tell(name, word))).toBe(
      'connection-activated v7 e3 active (standby) on server-2 then server-1; disconnect client-1 e3 close',
    );
    expect(line(given.tell(name, word))).toMatch(/^ignore/);
  });

  it('is told again when it says that it was told too late', () => {
    const given = carriedByDr();
    given.request(restarted);
    given.pass(20_000);
    expect(line(given.answer('disconnect', 'refused', { reason: 'expired' }))).toContain(
      '(standby) on server-1 then server-2; disconnect client-1 e2 close',
    );
    expect(given.decisions.at(-1)?.data.ended_commands).toEqual([
      { command_id: 'client-1:primary/5/disconnect/client-1', how: 'answered' },
    ]);
  });

  it('is told in the middle of a move too, and what was commanded stays commanded', () => {
    const given = active();
    given.lost('client', 'shutdown');
    expect(line(given.request(restarted))).toBe(
      'failover-started v4 e2 activating (standby) on server-1 then server-2; disconnect client-1 e2 close',
    );
    expect(given.known().pending.map(({ command }) => command.name)).toEqual([
      'accept-client',
      'activate-dr-client',
      'disconnect',
    ]);
    expect(nextDueMs(given.known())).toBe(given.nowMs + 5_000);
    expect(line(given.established())).toContain('failover-completed v5 e2 active');
  });

  it('is not told by nonsense: another epoch to come, a life that is over, its own shutdown', () => {
    const given = carriedByDr();
    const lost = { agent_id: 'client-1', incarnation: 'c1', observed_by: 'client-sidecar', epoch: 1 };
    expect(line(given.tell('connection-lost', { ...lost, reason: 'asleep' }))).toBe('ignore stale-epoch');
    expect(line(given.tell('connection-lost', { ...lost, reason: 'asleep', epoch: 9 }))).toBe(
      'ignore future-epoch',
    );
    expect(line(given.tell('connection-lost', { ...lost, reason: 'shutdown', incarnation: 'c2' }))).toBe(
      'ignore stale-epoch',
    );
  });

  it('does not get the link when the server dies: that moves with the client that carries it', () => {
    const given = carriedByDr().client({ incarnation: 'c2' });
    given.request(restarted);
    expect(line(given.lost('client', 'peer-reset'))).toContain('activate-dr-client dr-1 e3');
  });

  it('gets the link when its DR client is gone', () => {
    const given = carriedByDr().client({ incarnation: 'c2' });
    given.request(restarted);
    expect(line(given.lost('client', 'shutdown'))).toContain('connect client-1 e3');
    expect(given.known().standby).toBeUndefined();
  });

  it('may give the link up, whoever carries it', () => {
    const given = carriedByDr().client({ incarnation: 'c2' });
    given.request(restarted);
    const self = { agent_id: 'client-1', incarnation: 'c2' };
    expect(line(given.tell('connection-closed', { epoch: 2, reason: 'r', ...self }))).toContain(
      'stopping (closed-by-client) on server-1 then server-2; disconnect dr-1 e2 close, stop-sending-to-client server-1 e2',
    );
    expect(line(given.request(restarted))).toContain('failover-started v7 e2 stopping (requested)');
    expect(line(given.answer('stop-sending-to-client', 'succeeded'))).toContain('connect client-1 e3');
  });
});
