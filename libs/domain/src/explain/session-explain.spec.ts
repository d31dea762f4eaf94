import { eventsOf } from '../../testing/explained.ts';
import { SessionScenario } from '../../testing/session.ts';
import { type Explanation, explain } from './index.ts';

function explained(given: SessionScenario): Explanation {
  const found = explain(eventsOf(given));
  if (found === undefined) throw new Error('nothing was decided');
  return found;
}

const open = (): SessionScenario => new SessionScenario().open().pass(60_000);

describe('explain, of a session', () => {
  it('that is open, goes from the code to both ends spliced', () => {
    const said = explained(open());
    expect(said).toMatchObject({
      kind: 'session',
      phase: 'open',
      broker_id: 'in-3',
      complete: true,
      why_not: [],
    });
    expect(said.first_cause).toMatchObject({ reason: 'requested', text: 'technician asked for a code.' });
    expect(said.causes.at(-1)?.text).toBe('in-3 spliced both ends: open at in-3 under epoch 1.');
  });

  it('whose broker died, names the broker, waits for both ends, and keeps that cause when it goes on elsewhere', () => {
    const given = open();
    given.agent('agent-silent', 'in-3');
    const waits = explained(given);
    expect(waits.first_cause).toMatchObject({ reason: 'broker-lost', agent_id: 'in-3' });
    expect(waits.why_not[0]).toMatchObject({
      question: 'Why is the session not open?',
      until: given.decisions.at(-1)?.data.window_ends_at,
    });
    given.target('in-4', { resumed: true });
    given.answerAll();
    given.controller('in-4');
    given.answerAll();
    given.opened();
    const said = explained(given);
    expect(said).toMatchObject({ phase: 'open', broker_id: 'in-4' });
    expect(said.first_cause).toMatchObject({ reason: 'broker-lost', agent_id: 'in-3' });
    expect(said.causes.at(-1)).toMatchObject({ type: 'session-resumed' });
  });

  it('whose target came to another broker, names the one that it lost, and knows when that was silent afterwards', () => {
    const given = open();
    given.target('in-4', { resumed: true });
    expect(explained(given).first_cause).toMatchObject({
      reason: 'target-attached',
      detail: 'broker-left',
      agent_id: 'in-3',
      text: 'till-4 (the target) came to in-4, for in-3 died or could not be reached.',
    });
    given.agent('agent-silent', 'in-3');
    expect(explained(given).first_cause).toMatchObject({ reason: 'broker-lost', agent_id: 'in-3' });
    const other = open();
    other.controller('us-2');
    expect(explained(other).first_cause).toMatchObject({ reason: 'controller-attached', agent_id: 'in-3' });
  });

  it('whose broker was cut off and came back, says that it carried on', () => {
    const given = open();
    given.agent('agent-silent', 'in-3');
    given.agent('agent-returned', 'in-3');
    const said = explained(given);
    expect(said.first_cause).toMatchObject({ reason: 'broker-lost', agent_id: 'in-3' });
    expect(said.causes.at(-1)?.text).toMatch(/^in-3 was cut off and carried on/);
  });

  it('whose broker is drained, names who asked', () => {
    const given = open();
    given.agent('agent-drain-requested', 'in-3');
    expect(explained(given).first_cause).toMatchObject({
      reason: 'agent-draining',
      detail: 'upgrade',
      agent_id: 'in-3',
    });
  });

  it.each([
    ['hung-up', { closed_by: 'target' }, 'hung-up', /^till-4 \(the target\) hung up/],
    ['declined', { closed_by: 'target' }, 'declined', /does not want to be controlled/],
    ['gap', { closed_by: 'broker' }, 'gap', /bytes are missing/i],
    ['idle-timeout', { closed_by: 'broker' }, 'idle-timeout', /too long/],
  ])('that ended by %s, says who did', (how, over, reason, text) => {
    const given = open();
    given.closed(how, over);
    const said = explained(given);
    expect(said).toMatchObject({ status: 'closed', why_not: [] });
    expect(said.first_cause).toMatchObject({ reason });
    expect(said.first_cause.text).toMatch(text);
  });

  it.each([
    ['target-lost', 'target', 'till-4'],
    ['controller-lost', 'controller', 'technician'],
  ])('that ended for want of an end that went (%s), names the end that went first', (how, detail, who) => {
    const given = open();
    given.closed(how, { closed_by: 'broker' });
    expect(explained(given).first_cause).toMatchObject({ reason: how, detail });
    given.untilQuiet();
    const said = explained(given);
    expect(said).toMatchObject({ phase: 'ended' });
    expect(said.first_cause.text).toContain(who);
    expect(said.causes.map(({ reason }) => reason)).toContain('window-over');
  });

  it('whose code nobody used, says that it expired', () => {
    const given = new SessionScenario();
    given.request();
    given.answerAll();
    given.untilQuiet();
    const said = explained(given);
    expect(said).toMatchObject({ phase: 'expired' });
    expect(said.causes.map(({ reason }) => reason)).toEqual(expect.arrayContaining(['requested', 'expired']));
    expect(said.causes.at(-1)?.text ?? '').toMatch(/code/);
  });

  it('that turned somebody away, says whom and why', () => {
    const given = open();
    given.target('in-4', { identity: 'till-5' });
    const said = explained(given);
    expect(said.causes.at(-1)).toMatchObject({ type: 'target-rejected', reason: 'used' });
    expect(said.causes.at(-1)?.text).toMatch(/^till-5 came with a code that another identity used before/);
    const guests = new SessionScenario().policy({ guest_targets: false });
    guests.request();
    guests.answerAll();
    guests.target('in-3', { identity: 'guest-1', guest: true });
    expect(explained(guests).causes.at(-1)).toMatchObject({ reason: 'not-allowed', policy: 'sessions' });
    expect(explained(guests).causes.at(-1)?.text).toMatch(/^guest-1 is a guest, and policy allows none/);
  });

  it('that nobody issued a code for, says so', () => {
    const given = new SessionScenario();
    given.target('in-3');
    const said = explained(given);
    expect(said).toMatchObject({ phase: 'rejected' });
    expect(said.first_cause).toMatchObject({ reason: 'unknown-code' });
  });

  it('that waits for consent, or for an end, says for whom', () => {
    const given = new SessionScenario();
    given.request();
    given.answerAll();
    expect(explained(given).why_not[0]?.answer).toBe('Nobody came with the code yet.');
    given.target('in-3', { consented: false });
    expect(explained(given).why_not[0]?.answer).toMatch(/asked whether it agrees/);
  });
});
