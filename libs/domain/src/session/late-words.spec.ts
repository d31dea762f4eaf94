import { SESSION_START_MS, SessionScenario, sessionLine } from '../../testing/session.ts';

const closed = (epoch: number, reason: string, over: object = {}) => ({
  ...{ epoch, reason, closed_by: 'controller', bytes_up: 10, bytes_down: 20, duration_ms: 1_000 },
  ...over,
});

describe('the last word of a relay that is no longer the present one', () => {
  it('ends the session when an end hung up, though the target had come again at the same broker', () => {
    const s = new SessionScenario().open('in-3');
    s.target('in-3', { resumed: true, consented: true });
    expect(sessionLine(s.say('relay-closed', 'in-3', closed(1, 'hung-up')))).toBe(
      'connection-ended → ended (hung-up) epoch 2',
    );
    expect(s.state).toMatchObject({ traffic: { bytes_up: 10 }, closed: { reason: 'hung-up' } });
  });

  it('ends the session as well when it is said on a leg that was told to come again, and on no other', () => {
    const s = new SessionScenario().open('in-3');
    s.closed('shutdown');
    s.target('in-4', { resumed: true, consented: true, attachment_id: 't-last' });
    s.controller('in-4');
    s.answer('hold-target');
    s.answer('open-relay', 'refused', 'stale-epoch');
    expect(s.pending('close-relay')).toMatchObject({ attachment_id: 't-last', reason: 'superseded' });
    const bye = { ...closed(2, 'hung-up'), closed_by: 'target' };
    // A stranger that showed the id was refused, and says the same.
    s.controller('in-4', { identity: 'somebody', attachment_id: 'c-strange' });
    expect(s.say('relay-closed', 'in-4', { ...bye, attachment_id: 'c-strange' }).kind).toBe('ignore');
    expect(s.say('relay-closed', 'us-1', { ...bye, attachment_id: 't-last' }).kind).toBe('ignore');
    expect(s.say('relay-closed', 'in-4', { ...bye, attachment_id: 't-last' }).kind).toBe('append');
    expect(s.state).toMatchObject({ phase: 'ended', closed: { reason: 'hung-up' } });
  });

  it('ends the session as well when it is said on a leg that was sent to another broker', () => {
    const s = new SessionScenario().open('in-3');
    s.closed('controller-lost');
    s.broker('in-3', { draining: true });
    s.target('in-3', { resumed: true, consented: true, attachment_id: 't-last' });
    expect(s.pending('reject-target')).toMatchObject({ reason: 'other-broker' });
    const bye = { ...closed(1, 'hung-up'), closed_by: 'target' };
    s.target('in-3', { resumed: true, identity: 'till-5', attachment_id: 't-strange' });
    expect(s.say('relay-closed', 'in-3', { ...bye, attachment_id: 't-strange' }).kind).toBe('ignore');
    s.say('relay-closed', 'in-3', { ...bye, attachment_id: 't-last' });
    expect(s.state).toMatchObject({ phase: 'ended', closed: { reason: 'hung-up' } });
  });

  it.each([
    ['its target came again at the same broker', (s: SessionScenario) => anew(s, 'in-3'), 'moved'],
    ['its controller came elsewhere', controllerFirst, 'controller-lost'],
    ['its controller came elsewhere, and then its target at the same broker', inTurn, 'closed-by-command'],
    ['its ends did not leave in time', notDrained, 'closed-by-command'],
  ])('counts once in what the session carried: %s', (_what, happens, reason) => {
    const s = new SessionScenario().open('in-3');
    happens(s);
    expect(s.state?.superseded).toMatchObject({ broker_id: 'in-3', epoch: 1 });
    expect(s.say('relay-closed', 'in-3', closed(1, reason)).kind).toBe('append');
    expect(s.state?.superseded).toBeUndefined();
    // Facts may repeat.
    expect(s.say('relay-closed', 'in-3', closed(1, reason)).kind).toBe('ignore');
    s.controller('us-2');
    anew(s, 'us-2');
    s.answerAll().opened();
    s.answerAll().closed('hung-up');
    expect(s.state).toMatchObject({ phase: 'ended', traffic: { bytes_up: 20, bytes_down: 40 } });
  });

  it('is not asked for again while its broker was told to end it, nor waited for once that answered', () => {
    const s = new SessionScenario().open('in-3');
    controllerFirst(s);
    anew(s, 'in-4');
    s.answer('hold-target');
    expect(sessionLine(s.opened())).toBe('session-resumed → open (established) epoch 2');
    expect(s.state?.superseded).toMatchObject({ broker_id: 'in-3', epoch: 1 });
    s.answer('close-relay');
    expect(s.state?.superseded).toBeUndefined();
  });
});

describe('a controller of which two brokers tell at nearly the same time', () => {
  it('comes again from the one that is not believed, and is not waited for in vain', () => {
    const s = new SessionScenario().open('in-3');
    s.closed('shutdown');
    const earlyMs = s.nowMs;
    s.pass(300).controller('us-2', { attachment_id: 'c-stays' });
    expect(sessionLine(late(s, earlyMs))).toBe(
      'session-interrupted → interrupted (controller-attached) epoch 1 | close-relay us-2/1',
    );
    expect(s.pending('close-relay')).toMatchObject({ attachment_id: 'c-stays', reason: 'superseded' });
    s.say('relay-closed', 'us-1', { ...closed(1, 'controller-lost'), attachment_id: 'c-late' });
    s.controller('us-2');
    anew(s, 'in-4');
    expect(s.pending('redirect-controller')).toMatchObject({ agent_id: 'us-2' });
  });

  it('comes again from the other one where the relay stands, or is about to, with the leg that is known', () => {
    for (const isOpen of [false, true]) {
      const s = new SessionScenario().open('in-3');
      s.closed('shutdown');
      const earlyMs = s.nowMs;
      s.pass(300).controller('in-4', { attachment_id: 'c-stays' });
      anew(s, 'in-4');
      if (isOpen) s.opened();
      expect(sessionLine(late(s, earlyMs))).toMatch(/\(moved\) epoch 2 \| close-relay us-1\/2$/);
      expect(s.pending('close-relay')).toMatchObject({ attachment_id: 'c-late' });
      expect(s.state?.controller).toMatchObject({ attachment_id: 'c-stays' });
      // It was right: it is there, and says so later.
      expect(sessionLine(s.pass(1).controller('us-1'))).toContain('close-relay in-4/2');
    }
  });

  it('is believed at once where the words come in their order, and closed where it is clearly late', () => {
    const s = new SessionScenario().open('in-3');
    s.closed('shutdown');
    const earlyMs = s.nowMs;
    s.pass(2_000).controller('us-2');
    expect(sessionLine(s.pass(10).controller('us-1'))).not.toContain('close-relay');
    expect(sessionLine(late(s, earlyMs))).toBe(
      'session-interrupted → interrupted (moved) epoch 1 | close-relay us-1/1',
    );
    expect(s.pending('close-relay')).toMatchObject({ attachment_id: 'c-late' });
  });
});

describe('a broker whose clock is ahead', () => {
  it('does not make everybody late who comes after, for as long as it is ahead', () => {
    const s = new SessionScenario();
    s.request();
    const { state } = s;
    expect(state?.controller).toBeDefined();
    late(s, s.nowMs + 3_600_000);
    expect(s.state?.controller).toMatchObject({ attachment_id: 'c-late' });
    expect(Date.parse(s.state?.controller?.attached_at ?? '')).toBe(SESSION_START_MS);
    s.pass(10).controller('us-2', { attachment_id: 'c-next' });
    expect(s.state?.controller).toMatchObject({ attachment_id: 'c-next', broker_id: 'us-2' });
  });
});

const anew = (s: SessionScenario, broker: string) => s.target(broker, { resumed: true, consented: true });

function controllerFirst(s: SessionScenario): void {
  expect(sessionLine(s.controller('in-4'))).toBe(
    'session-interrupted → interrupted (controller-attached) epoch 1 | close-relay in-3/1',
  );
}

function inTurn(s: SessionScenario): void {
  controllerFirst(s);
  anew(s, 'in-3');
}

function notDrained(s: SessionScenario): void {
  s.agent('agent-drain-requested', 'in-3');
  s.answerAll().due();
}

/** Of the broker us-1, with its own time. */
function late(s: SessionScenario, timeMs: number) {
  const leg = { broker_id: 'us-1', agent_id: 'us-1', incarnation: 'us-1-a', attachment_id: 'c-late' };
  const about = { connection_id: s.id, home_region: 'east', identity: 'technician' };
  return s.tell('controller-attached', { ...about, ...leg }, 'east', timeMs);
}
