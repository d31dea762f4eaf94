import { SESSION_START_MS, SessionScenario, sessionLine } from '../../testing/session.ts';

const given = () => new SessionScenario();
const open = () => given().open('in-3');

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
