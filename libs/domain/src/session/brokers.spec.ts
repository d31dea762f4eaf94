import { SESSION_START_MS, SessionScenario, sessionLine } from '../../testing/session.ts';

const given = () => new SessionScenario();
const open = () => given().open('in-3');

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
      'target-accepted → interrupted (target-attached) epoch 2 | hold-target in-4/2, open-relay in-4/2',
    );
    expect(sessionLine(s.opened())).toBe('session-resumed → open (established) epoch 2 | close-relay in-3/1');
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
