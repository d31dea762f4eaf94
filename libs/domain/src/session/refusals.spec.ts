import { SessionScenario, sessionLine } from '../../testing/session.ts';

const requested = () => {
  const s = new SessionScenario();
  s.request();
  return s.answerAll();
};
const rejected = (s: SessionScenario) => s.pending('reject-target');

describe('a target that is turned away', () => {
  it('came with a code that nobody was given', () => {
    const s = new SessionScenario();
    expect(sessionLine(s.target())).toBe(
      'target-rejected → rejected (unknown-code) epoch 1 | reject-target in-3/1',
    );
    expect(rejected(s)).toMatchObject({ reason: 'unknown-code', identity: 'till-4', attachment_id: 't-1' });
    expect(s.decisions[0]?.data).toMatchObject({
      status: 'closed',
      rejected: { identity: 'till-4', broker_id: 'in-3', attachment_id: 't-1', reason: 'unknown-code' },
    });
  });

  it('came after the code expired, before and after that was decided', () => {
    const s = requested().pass(600_000);
    expect(sessionLine(s.target())).toBe(
      'target-rejected → code-issued (expired) epoch 1 | reject-target in-3/1',
    );
    expect(sessionLine(s.look())).toBe('connection-ended → expired (expired) epoch 1 | close-relay us-1/1');
    s.target();
    expect(rejected(s)).toMatchObject({ reason: 'expired' });
  });

  it('came with a code that another program of its own identity used, and changes nothing for that one', () => {
    const s = requested();
    s.target('in-3');
    const before = s.state?.placement;
    expect(sessionLine(s.target('in-4'))).toBe(
      'target-rejected → redirecting (used) epoch 1 | reject-target in-4/1',
    );
    expect(s.state?.placement).toEqual(before);
    // Of the first nothing is left: whoever has the code and the identity may.
    s.closed('target-lost', { attachment_id: s.state?.target?.attachment_id });
    expect(sessionLine(s.target('in-4'))).toContain('hold-target in-4/2');
  });

  it('came with a code that it used itself, while the relay stands, and changes nothing; else it may', () => {
    const s = requested();
    s.target('in-3');
    expect(sessionLine(s.target('in-4', { again: true }))).toContain('hold-target in-4/2');
    s.controller('in-4');
    s.opened();
    const before = s.state?.placement;
    expect(sessionLine(s.target('in-3', { again: true }))).toBe(
      'target-rejected → open (used) epoch 2 | reject-target in-3/2',
    );
    expect(s.state?.placement).toEqual(before);
    // It never heard that it is held, and so does not know the id.
    s.closed('target-lost');
    expect(sessionLine(s.target('in-3'))).toContain('hold-target in-3/3');
  });

  it('came with a code that another identity used, and changes nothing for that one', () => {
    const s = requested();
    s.target('in-3', { identity: 'till-4' });
    const before = s.state?.placement;
    expect(sessionLine(s.target('in-4', { identity: 'till-5' }))).toBe(
      'target-rejected → redirecting (used) epoch 1 | reject-target in-4/1',
    );
    expect(s.state).toMatchObject({ target_id: 'till-4', placement: before });
  });

  it('came by the id alone, without the code, and was no target before', () => {
    const s = requested();
    s.target('in-3', { resumed: true });
    expect(rejected(s)).toMatchObject({ reason: 'wrong-identity' });
    s.target('in-3', { attachment_id: 't-good' });
    s.target('in-3', { identity: 'till-5', resumed: true });
    expect(rejected(s)).toMatchObject({ reason: 'wrong-identity' });
    expect(s.state?.target?.attachment_id).toBe('t-good');
  });

  it('bears the name of a guest and is none, or the other way round', () => {
    const s = requested();
    s.target('in-3', { identity: 'guest-0f', guest: true });
    s.target('in-4', { identity: 'guest-0f' });
    expect(rejected(s)).toMatchObject({ reason: 'used' });
  });

  it('is a guest where policy wants none; an enrolled one may use the code still', () => {
    const s = requested().policy({ guest_targets: false });
    s.target('in-3', { identity: 'guest-0f', guest: true });
    expect(rejected(s)).toMatchObject({ reason: 'not-allowed' });
    expect(s.decisions.at(-1)?.data).toMatchObject({ policy: 'sessions', policy_version: 1 });
    expect(sessionLine(s.target())).toContain('target-accepted');
  });

  it('came to a session that is over', () => {
    const s = new SessionScenario().open();
    s.closed('hung-up');
    s.target('in-4', { resumed: true });
    expect(rejected(s)).toMatchObject({ reason: 'closed' });
    expect(s.state?.phase).toBe('ended');
  });

  it('is told of another broker where its own drains, is full, or is not reached by the controller', () => {
    for (const change of [{ draining: true }, { capacity: 5, carried: 5 }]) {
      const s = requested().broker('in-3', change);
      s.target('in-3');
      expect(rejected(s)).toMatchObject({
        reason: 'other-broker',
        broker_id: 'in-4',
        address: 'in-4.example:7443',
      });
      expect(sessionLine(s.target('in-4'))).toContain('target-accepted');
    }
    const s = new SessionScenario();
    s.request({ probes: [{ broker_id: 'in-4', rtt_ms: 170 }] });
    s.target('in-3');
    expect(rejected(s)).toMatchObject({ reason: 'other-broker', broker_id: 'in-4' });
  });

  it('is not told of a broker whose reports are overdue or that fell silent, and stays where it just came itself', () => {
    const s = requested().broker('in-3', { draining: true }).broker('in-4', { suspect: true });
    s.target('in-3');
    expect(rejected(s)).toMatchObject({ reason: 'other-broker', broker_id: 'us-1' });
    const why = () => s.decisions.at(-1)?.data.candidates?.filter(({ excluded }) => excluded !== undefined);
    expect(why()).toEqual([
      { agent_id: 'in-3', excluded: 'draining' },
      { agent_id: 'in-4', excluded: 'suspect' },
    ]);
    s.agent('agent-silent', 'us-1');
    s.target('in-3');
    expect(rejected(s)).toMatchObject({ reason: 'other-broker', broker_id: 'us-2' });
    expect(why()).toContainEqual({ agent_id: 'us-1', excluded: 'silent' });
    expect(sessionLine(s.target('in-4'))).toContain('target-accepted');
  });

  it('is told to try later where no broker fits', () => {
    const s = requested();
    for (const each of ['us-1', 'us-2', 'in-3', 'in-4']) s.broker(each, { draining: true });
    s.target();
    expect(rejected(s)).toMatchObject({ reason: 'no-capacity' });
  });

  it('is sent once to the broker with the shortest whole way under least-total, and taken there', () => {
    const s = new SessionScenario().policy({ broker_placement: 'least-total' });
    const near = [
      { broker_id: 'us-1', rtt_ms: 60 },
      { broker_id: 'in-3', rtt_ms: 50 },
    ];
    s.request({
      probes: [
        { broker_id: 'us-1', rtt_ms: 10 },
        { broker_id: 'in-3', rtt_ms: 100 },
      ],
    });
    s.target('in-3', { probes: near });
    expect(rejected(s)).toMatchObject({ reason: 'other-broker', broker_id: 'us-1' });
    expect(s.decisions.at(-1)?.data.candidates?.[0]).toEqual({
      agent_id: 'us-1',
      score: -70,
      terms: { target_rtt: -60, controller_rtt: -10 },
    });
    // Its load grew meanwhile: another would be better now, but nobody is sent round and round.
    s.broker('us-1', { carried: 99 });
    expect(sessionLine(s.target('us-1', { probes: near }))).toContain('target-accepted');
  });

  it('is late: its end has attached elsewhere since', () => {
    const s = requested().pass(10_000);
    s.target('in-4');
    const data = { ...s.fact('target-attached', {}).fact.data, connection_id: s.id, home_region: 'east' };
    const broker = { agent_id: 'in-3', broker_id: 'in-3', incarnation: 'in-3-a' };
    const late = { ...data, ...broker, attachment_id: 't-late', identity: 'till-4', again: true };
    s.tell('target-attached', late, 'west', s.nowMs - 5_000);
    expect(rejected(s)).toMatchObject({ attachment_id: 't-late', reason: 'other-broker', broker_id: 'in-4' });
    expect(s.state?.placement?.broker_id).toBe('in-4');
  });
});

describe('a controller that is turned away', () => {
  it('asks for a code that is over already', () => {
    const s = new SessionScenario();
    expect(sessionLine(s.request({ expires_at: '2025-12-31T00:00:00Z' }))).toBe(
      'connection-rejected → rejected (expired) epoch 1 | close-relay us-1/1',
    );
  });

  it('asks at a broker that an operator empties: it is to try the next one', () => {
    const s = new SessionScenario().broker('us-1', { draining: true });
    expect(sessionLine(s.request())).toBe(
      'connection-rejected → rejected (agent-draining) epoch 1 | close-relay us-1/1',
    );
    expect(s.pending('close-relay')).toMatchObject({ reason: 'no-capacity', attachment_id: 'c-1' });
  });

  it('asks for an id that is taken, or in another region than its own', () => {
    const s = requested();
    expect(sessionLine(s.request({ controller_id: 'other' }))).toBe('rejected: invalid-data');
    expect(sessionLine(new SessionScenario().request({ home_region: 'west' }))).toBe(
      'rejected: wrong-home-region',
    );
    expect(sessionLine(s.request({ agent_id: 'us-2' }))).toBe('rejected: invalid-data');
  });

  it('comes to a session of which nobody knows, that is another’s, or that is over', () => {
    const unknown = new SessionScenario();
    expect(sessionLine(unknown.controller('in-3'))).toBe(
      'connection-rejected → rejected (unknown-code) epoch 1 | close-relay in-3/1',
    );
    const s = new SessionScenario().open();
    expect(sessionLine(s.controller('in-3', { identity: 'somebody' }))).toBe(
      'connection-activated → open (wrong-identity) epoch 1 | close-relay in-3/1',
    );
    expect(s.pending('close-relay')).toMatchObject({ attachment_id: 'c-4', reason: 'wrong-identity' });
    expect(s.state?.placement?.opened).toBe(true);
    s.closed('hung-up');
    expect(sessionLine(s.controller('in-4'))).toBe(
      'connection-ended → ended (closed) epoch 1 | close-relay in-4/1',
    );
  });
});
