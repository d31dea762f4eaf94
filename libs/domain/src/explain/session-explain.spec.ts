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
    const both = open();
    both.target('in-4', { resumed: true });
    both.controller('us-2');
    // Nobody told either of them to leave.
    expect(explained(both).first_cause).toMatchObject({ reason: 'broker-lost', agent_id: 'in-3' });
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

  it('whose broker reports that it goes, though nobody asked it to, names it', () => {
    const given = open();
    given.broker('in-3', { draining: true });
    given.look();
    const said = explained(given);
    expect(said).toMatchObject({ phase: 'draining', complete: true });
    expect(said.first_cause).toMatchObject({ reason: 'agent-draining', agent_id: 'in-3' });
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

  it('whose target never said whether it agrees, says that', () => {
    const given = new SessionScenario();
    given.request();
    given.answerAll();
    given.target('in-3', { consented: false });
    given.answerAll();
    given.untilQuiet();
    expect(explained(given).first_cause).toMatchObject({ reason: 'no-consent' });
  });

  it('whose controller was gone before its target came, says that, and not that its time was up', () => {
    const given = new SessionScenario();
    given.request();
    given.answerAll();
    const { attachment_id } = given.state?.controller ?? {};
    const over = { epoch: 1, reason: 'controller-lost', closed_by: 'broker', duration_ms: 1_000 };
    given.say('relay-closed', 'us-1', { ...over, attachment_id, bytes_up: 0, bytes_down: 0 });
    given.target('in-3');
    given.answerAll();
    given.untilQuiet();
    expect(explained(given).first_cause).toMatchObject({ reason: 'controller-lost', detail: 'controller' });
  });

  it('of which one end gave up after it had waited for the other, names the end that was lost', () => {
    const given = open();
    given.closed('target-lost', { closed_by: 'broker' });
    if (given.state?.controller === undefined) given.controller('us-1');
    const { attachment_id } = given.state?.controller ?? {};
    const over = { epoch: given.state?.epoch, reason: 'hung-up', closed_by: 'controller', duration_ms: 1 };
    given.say('relay-closed', 'us-1', { ...over, attachment_id, bytes_up: 0, bytes_down: 0 });
    const said = explained(given);
    expect(said).toMatchObject({ phase: 'ended' });
    expect(said.first_cause).toMatchObject({ reason: 'target-lost', detail: 'target' });
    expect(said.causes.at(-1)).toMatchObject({ reason: 'hung-up' });
  });

  it('whose code nobody used, says that it expired', () => {
    const given = new SessionScenario();
    given.request();
    given.answerAll();
    given.untilQuiet();
    const said = explained(given);
    expect(said).toMatchObject({ phase: 'expired' });
    expect(said.causes.map(({ reason }) => reason)).toEqual(expect.arrayContaining(['requested', 'expired']));
    expect(said.first_cause).toMatchObject({ reason: 'expired', text: 'Nobody used the code in time.' });
    expect(said.complete).toBe(true);
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
    expect(explained(guests).why_not[0]).toMatchObject({
      reason: 'not-allowed',
      answer: 'guest-1 came with the code and was turned away (not-allowed), and nobody else came.',
    });
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
