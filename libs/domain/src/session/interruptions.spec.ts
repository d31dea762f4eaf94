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
      'connection-assigned → interrupted (controller-attached) epoch 2 | open-relay in-4/2',
      'session-resumed → open (established) epoch 2 | close-relay in-3/1',
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

  it('goes on though an end found no broker when it measured, or not the one that it is at', () => {
    const nobody = open();
    nobody.closed('shutdown');
    nobody.controller('us-1', { probes: [] });
    expect(sessionLine(nobody.target('in-4', { resumed: true, consented: true, probes: [] }))).toBe(
      'target-accepted → interrupted (target-attached) epoch 2 | hold-target in-4/2, redirect-controller us-1/2',
    );
    const another = open();
    another.closed('shutdown');
    another.controller('us-1', { probes: [{ broker_id: 'in-4', rtt_ms: 170 }] });
    expect(sessionLine(another.target('us-1', { resumed: true, consented: true }))).toBe(
      'target-accepted → interrupted (target-attached) epoch 2 | hold-target us-1/2, open-relay us-1/2',
    );
    const elsewhere = open();
    elsewhere.closed('shutdown');
    elsewhere.controller('us-1', { probes: [{ broker_id: 'in-4', rtt_ms: 170 }] });
    expect(sessionLine(elsewhere.target('us-2', { resumed: true, consented: true }))).toContain(
      'target-rejected',
    );
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

  it('waits for its ends for two minutes, or as long as its target asked, and tells who still waits', () => {
    const s = given();
    s.request();
    s.target();
    s.controller('in-3');
    expect(s.pending('open-relay')).toMatchObject({ window_ms: 120_000 });
    s.answerAll().opened();
    s.closed('target-lost');
    s.controller('in-4');
    s.answerAll();
    expect(sessionLine(s.due())).toBe('connection-ended → ended (window-over) epoch 1 | close-relay in-4/1');
    expect(s.nowMs - SESSION_START_MS).toBe(120_000);

    const patient = given();
    patient.request();
    patient.target('in-3', { survive_ms: 7_200_000 });
    patient.controller('in-3');
    // Both ends are told, so that neither gives up before.
    expect(patient.pending('open-relay')).toMatchObject({ window_ms: 7_200_000 });
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

  it('ends what still stands when a late word on the target leads nowhere, so that both ends come again', () => {
    const s = given();
    s.request();
    s.target('us-2', { consented: false, attachment_id: 't-first' });
    s.target('in-3', { consented: false, resumed: true, attachment_id: 't-second' });
    // Its broker falls asleep before it hears of the consent; the session opens at another.
    s.target('in-4', { resumed: true, consented: true });
    s.controller('in-4');
    s.answerAll().opened();
    expect(s.state).toMatchObject({ phase: 'open', epoch: 3 });
    // Of a leg that came with the code it is known that it came before.
    expect(sessionLine(s.target('us-2', { consented: true, attachment_id: 't-first' }))).toContain(
      'open (used)',
    );
    // It wakes up, says what the leg said, and then that the leg is gone.
    expect(sessionLine(s.target('in-3', { consented: true, resumed: true, attachment_id: 't-second' }))).toBe(
      'target-accepted → interrupted (target-attached) epoch 4 | hold-target in-3/4, redirect-controller in-4/4',
    );
    expect(
      sessionLine(s.say('relay-closed', 'in-3', { ...bye('target-lost', 'target', 't-second'), epoch: 4 })),
    ).toBe('session-interrupted → interrupted (target-lost) epoch 4 | close-relay in-4/3');
    expect(s.pending('close-relay')).toMatchObject({ reason: 'superseded' });
    s.say('relay-closed', 'in-4', { epoch: 3, reason: 'closed-by-command', closed_by: 'broker' });
    s.controller('in-4');
    s.target('in-4', { resumed: true, consented: true });
    s.answerAll().opened();
    expect(s.state).toMatchObject({ phase: 'open', epoch: 5 });
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

const bye = (reason: string, closed_by: string, attachment_id?: string) => ({
  epoch: 1,
  reason,
  closed_by,
  ...(attachment_id === undefined ? {} : { attachment_id }),
});
