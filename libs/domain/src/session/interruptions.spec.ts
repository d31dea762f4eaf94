import { SESSION_START_MS, SessionScenario, sessionLine } from '../../testing/session.ts';

const given = () => new SessionScenario();
const open = () => given().open('in-3');

describe('a session that is interrupted', () => {
  it('goes on at the broker that its target chose, whichever end comes first', () => {
    const target = open();
    expect([
      sessionLine(target.target('in-4', { resumed: true, consented: true })),
      sessionLine(target.controller('in-4')),
      sessionLine(target.opened()),
    ]).toEqual([
      'target-accepted → interrupted (target-attached) epoch 2 | hold-target in-4/2, redirect-controller in-3/2',
      'connection-assigned → interrupted (controller-attached) epoch 2 | open-relay in-4/2, close-relay in-3/1',
      'session-resumed → open (established) epoch 2',
    ]);
    const controller = open();
    expect([
      sessionLine(controller.controller('in-4')),
      sessionLine(controller.target('in-4', { resumed: true, consented: true })),
      sessionLine(controller.opened()),
    ]).toEqual([
      'session-interrupted → interrupted (controller-attached) epoch 1 | close-relay in-3/1',
      'target-accepted → interrupted (target-attached) epoch 2 | hold-target in-4/2, open-relay in-4/2',
      'session-resumed → open (established) epoch 2',
    ]);
  });

  it('sends the controller after its target when they came to different brokers', () => {
    const s = open();
    s.controller('us-2');
    expect(sessionLine(s.target('in-4', { resumed: true, consented: true }))).toBe(
      'target-accepted → interrupted (target-attached) epoch 2 | hold-target in-4/2, redirect-controller us-2/2',
    );
    s.answerAll();
    expect(sessionLine(s.controller('in-4'))).toContain('open-relay in-4/2');
  });

  it('tells when it was noticed, decided and over, from where and to where', () => {
    const s = open();
    s.closed('controller-lost');
    s.pass(700).target('in-4', { resumed: true, consented: true });
    s.pass(100).controller('in-4');
    s.pass(200).opened();
    expect(s.decisions.at(-1)?.data.failover).toEqual({
      failover_id: `${s.id}~2`,
      from: 'in-3',
      to: 'in-4',
      reason: 'controller-lost',
      detected_at: '2026-01-01T00:00:00.000Z',
      decided_at: '2026-01-01T00:00:00.700Z',
      commanded_at: '2026-01-01T00:00:00.700Z',
      active_at: '2026-01-01T00:00:01.000Z',
    });
    expect(s.state?.failover).toBeUndefined();
  });

  it('waits for its ends for a minute, or as long as its target asked, and tells who still waits', () => {
    const s = open();
    s.closed('target-lost');
    s.controller('in-4');
    s.answerAll();
    expect(sessionLine(s.due())).toBe('connection-ended → ended (window-over) epoch 1 | close-relay in-4/1');
    expect(s.nowMs - SESSION_START_MS).toBe(60_000);

    const patient = given();
    patient.request();
    patient.target('in-3', { survive_ms: 7_200_000 });
    patient.controller('in-3');
    patient.opened();
    patient.closed('target-lost');
    patient.due();
    expect(patient.nowMs - SESSION_START_MS).toBe(7_200_000);
    expect(patient.state?.phase).toBe('ended');
  });

  it('is over at once when an end hangs up, wherever, and closes what the other has elsewhere', () => {
    const waits = given();
    waits.request({ attachment_id: 'c-first' });
    expect(sessionLine(waits.say('relay-closed', 'us-1', bye('hung-up', 'controller', 'c-first')))).toBe(
      'connection-ended → ended (hung-up) epoch 1 | close-relay us-1/1',
    );

    const declines = given();
    declines.request();
    declines.target('in-3', { consented: false, attachment_id: 't-first' });
    expect(sessionLine(declines.say('relay-closed', 'in-3', bye('declined', 'target', 't-first')))).toBe(
      'connection-ended → ended (declined) epoch 1 | close-relay us-1/1, close-relay in-3/1',
    );
    expect(declines.pending('close-relay')).toMatchObject({ reason: 'declined' });

    const moving = open();
    moving.target('in-4', { resumed: true, consented: true });
    expect(
      sessionLine(moving.say('relay-closed', 'in-3', { ...bye('hung-up', 'controller'), epoch: 1 })),
    ).toBe('connection-ended → ended (hung-up) epoch 2 | close-relay in-4/2');
  });

  it('asks a target for its consent again that did not give it, and not one that did', () => {
    const s = given();
    s.request();
    s.target('in-3', { consented: false });
    expect(sessionLine(s.target('in-4', { resumed: true }))).toBe(
      'target-accepted → target-attached (target-attached) epoch 2 | hold-target in-4/2, close-relay in-3/1',
    );
    s.consent();
    expect(sessionLine(s.target('in-3', { resumed: true }))).toContain('redirecting');
  });

  it('starts anew with the next epoch when an end leaves between the command to open and the relay', () => {
    const s = given();
    s.request();
    s.target('in-3', { attachment_id: 't-first' });
    s.controller('in-3', { attachment_id: 'c-second' });
    expect(sessionLine(s.say('relay-closed', 'in-3', bye('controller-lost', 'controller', 'c-second')))).toBe(
      'session-interrupted → interrupted (controller-lost) epoch 1 | close-relay in-3/1',
    );
    expect(s.pending('close-relay')).toMatchObject({ attachment_id: 't-first', reason: 'superseded' });
    s.controller('in-3');
    expect(sessionLine(s.target('in-3', { resumed: true }))).toBe(
      'target-accepted → redirecting (target-attached) epoch 2 | hold-target in-3/2, open-relay in-3/2',
    );
  });

  it('keeps its target when the controller was gone before it could be spliced', () => {
    const s = given();
    s.request();
    s.target();
    s.controller('in-3');
    s.answer('open-relay', 'refused', 'controller-gone');
    expect(s.state).toMatchObject({ phase: 'interrupted', placement: { epoch: 1, broker_id: 'in-3' } });
    expect(sessionLine(s.controller('in-3'))).toBe(
      'connection-assigned → redirecting (controller-attached) epoch 1 | open-relay in-3/1',
    );
  });
});

describe('a broker that is gone, or seems so', () => {
  it('is silent: its relay may stand still, and does when the same life is heard again', () => {
    const s = open();
    expect(sessionLine(s.agent('agent-silent', 'in-3'))).toBe(
      'session-interrupted → interrupted (broker-lost) epoch 1',
    );
    expect(sessionLine(s.agent('agent-silent', 'in-3'))).toBe('ignored: no-change');
    expect(sessionLine(s.agent('agent-returned', 'in-3'))).toBe(
      'session-resumed → open (agent-returned) epoch 1',
    );
    expect(s.state).toMatchObject({ phase: 'open', pending: [] });
  });

  it('is silent for longer than the session waits: should it come back, it is told', () => {
    const s = open();
    s.agent('agent-silent', 'in-3');
    expect(sessionLine(s.due())).toBe('connection-ended → ended (window-over) epoch 1');
    expect(sessionLine(s.agent('agent-returned', 'in-3'))).toBe(
      'connection-ended → ended (agent-returned) epoch 1 | close-relay in-3/1',
    );
    expect(sessionLine(s.agent('agent-returned', 'in-3'))).toBe('ignored: not-concerned');
  });

  it('is silent while the target waits there, or the controller', () => {
    const s = given();
    s.request();
    s.answerAll();
    expect(sessionLine(s.agent('agent-silent', 'us-1'))).toBe(
      'connection-code-issued → code-issued (broker-lost) epoch 1',
    );
    s.target();
    expect(sessionLine(s.agent('agent-silent', 'in-3', 'another-life'))).toBe('ignored: stale-incarnation');
    expect(sessionLine(s.agent('agent-silent', 'in-3'))).toBe(
      'session-interrupted → interrupted (broker-lost) epoch 1',
    );
    expect(s.state?.placement).toBeUndefined();
  });

  it('drains: one command for a relay that stands there, and both ends move while it stands', () => {
    const s = open();
    expect(sessionLine(s.agent('agent-drain-requested', 'in-3'))).toBe(
      'session-interrupted → draining (agent-draining) epoch 1 | drain in-3/1',
    );
    expect(s.pending('drain')).toMatchObject({ limit_ms: 30_000 });
    s.answerAll().broker('in-3', { draining: true });
    expect(sessionLine(s.controller('in-4'))).toBe(
      'session-interrupted → draining (controller-attached) epoch 1',
    );
    expect(sessionLine(s.target('in-4', { resumed: true, consented: true }))).toBe(
      'target-accepted → interrupted (target-attached) epoch 2 | hold-target in-4/2, open-relay in-4/2, close-relay in-3/1',
    );
    s.opened();
    expect(s.state).toMatchObject({ phase: 'open', placement: { broker_id: 'in-4' } });
  });

  it('drains by its own report, and is left at once by a session that opens there', () => {
    const s = open().broker('in-3', { draining: true });
    expect(sessionLine(s.look())).toBe(
      'session-interrupted → draining (agent-draining) epoch 1 | drain in-3/1',
    );
    const late = given();
    late.request();
    late.target();
    late.controller('in-3');
    late.broker('in-3', { draining: true }).opened();
    expect(sessionLine(late.due())).toContain('| drain in-3/1');
  });

  it('drains and does not close in time: it is held to be over', () => {
    const s = open();
    s.agent('agent-drain-requested', 'in-3');
    s.answerAll();
    expect(sessionLine(s.due())).toBe(
      'session-interrupted → interrupted (command-timeout) epoch 1 | close-relay in-3/1',
    );
    expect(s.nowMs - SESSION_START_MS).toBe(35_000);
  });

  it('moves when an operator wants it, if that is the session’s epoch', () => {
    const s = open();
    const wish = { connection_id: s.id, reason: 'why not', requested_by: 'operator' };
    expect(sessionLine(s.tell('failover-requested', { ...wish, epoch: 2 }))).toBe('ignored: future-epoch');
    expect(sessionLine(s.tell('failover-requested', wish))).toContain(
      '(operator-request) epoch 1 | drain in-3/1',
    );
    expect(sessionLine(s.tell('failover-requested', wish))).toBe('ignored: no-change');
  });
});

describe('commands that nobody answers', () => {
  it('are issued three times; then their broker is taken to be gone', () => {
    const s = given();
    s.request();
    expect([sessionLine(s.due()), sessionLine(s.due()), sessionLine(s.due())]).toEqual([
      'connection-code-issued → code-issued (command-timeout) epoch 1 | issue-code us-1/1',
      'connection-code-issued → code-issued (command-timeout) epoch 1 | issue-code us-1/1',
      'connection-ended → ended (command-timeout) epoch 1 | close-relay us-1/1',
    ]);
    expect(s.nowMs - SESSION_START_MS).toBe(15_000);
    expect(
      new Set(s.decisions.flatMap(({ data }) => data.commands.map((each) => each.command_id))).size,
    ).toBe(4);
  });

  it('leave a session that waits for its ends, when they were for one of them', () => {
    for (const [name, reason] of [
      ['hold-target', 'command-timeout'],
      ['redirect-controller', 'command-timeout'],
    ] as const) {
      const s = given();
      s.request();
      s.answerAll();
      s.target();
      for (const each of ['hold-target', 'redirect-controller']) if (each !== name) s.answer(each);
      while (s.state?.phase === 'redirecting') s.due();
      expect(s.decisions.at(-1)?.data).toMatchObject({ phase: 'interrupted', reason });
      s.untilQuiet();
      expect(s.state).toMatchObject({ phase: 'ended', pending: [] });
    }
  });

  it('are tried again at once where they came too late, and not where they were refused for another cause', () => {
    const s = given();
    s.request();
    expect(sessionLine(s.answer('issue-code', 'refused', 'expired'))).toContain('| issue-code us-1/1');
    expect(sessionLine(s.answer('issue-code', 'refused', 'controller-gone'))).toBe(
      'connection-ended → ended (controller-lost) epoch 1 | close-relay us-1/1',
    );
  });

  it('send a target elsewhere whose broker has no room for it', () => {
    const s = given();
    s.request();
    s.target();
    expect(sessionLine(s.answer('hold-target', 'refused', 'full'))).toBe(
      'session-interrupted → interrupted (command-refused) epoch 1 | reject-target in-3/1',
    );
    expect(s.pending('reject-target')).toMatchObject({ reason: 'other-broker', broker_id: 'in-4' });
  });

  it('that only free something are dropped where nobody hears them', () => {
    const s = open();
    s.controller('in-4');
    s.target('in-4', { resumed: true, consented: true });
    s.opened();
    expect(s.state?.pending.map(({ command }) => command.name)).toContain('close-relay');
    s.answer('hold-target');
    s.without('in-3').due();
    expect(s.state).toMatchObject({ phase: 'open', pending: [] });
  });
});

describe('what nobody does in time', () => {
  it('the target does not say whether it agrees', () => {
    const s = given();
    s.request();
    s.answerAll();
    s.target('in-3', { consented: false });
    s.answerAll();
    expect(sessionLine(s.due())).toBe(
      'connection-ended → ended (no-consent) epoch 1 | close-relay us-1/1, close-relay in-3/1',
    );
    expect(s.nowMs - SESSION_START_MS).toBe(120_000);
  });

  it('the controller does not follow: the target waits for it for as long as the session does', () => {
    const s = given();
    s.request();
    s.answerAll();
    s.target();
    s.answerAll();
    expect(sessionLine(s.due())).toBe('session-interrupted → interrupted (not-redirected) epoch 1');
    expect(s.nowMs - SESSION_START_MS).toBe(15_000);
    expect(sessionLine(s.due())).toBe('connection-ended → ended (window-over) epoch 1 | close-relay in-3/1');
  });
});

const bye = (reason: string, closed_by: string, attachment_id?: string) => ({
  epoch: 1,
  reason,
  closed_by,
  ...(attachment_id === undefined ? {} : { attachment_id }),
});
