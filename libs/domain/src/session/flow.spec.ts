import { SESSION_START_MS, SessionScenario, sessionLine } from '../../testing/session.ts';

const given = () => new SessionScenario();

describe('a session, from its code to its end', () => {
  it('goes from a code at the first broker to a relay at the one nearest to the target', () => {
    const s = given();
    const told = [
      s.request(),
      s.answer('issue-code'),
      s.target('in-3', { consented: false }),
      s.answer('hold-target'),
      s.consent(),
      s.answer('redirect-controller'),
      s.controller('in-3'),
      s.answer('open-relay'),
      s.opened(),
      s.closed('hung-up'),
    ];
    expect(told.map(sessionLine)).toEqual([
      'connection-code-issued → code-issued (requested) epoch 1 | issue-code us-1/1',
      'connection-code-issued → code-issued (answered) epoch 1',
      'target-accepted → target-attached (target-attached) epoch 1 | hold-target in-3/1',
      'target-accepted → target-attached (answered) epoch 1',
      'target-accepted → redirecting (consented) epoch 1 | redirect-controller us-1/1',
      'controller-redirected → redirecting (redirected) epoch 1',
      'connection-assigned → redirecting (controller-attached) epoch 1 | open-relay in-3/1',
      'ignored: no-change',
      'connection-activated → open (established) epoch 1',
      'connection-ended → ended (hung-up) epoch 1',
    ]);
    expect(s.state).toMatchObject({
      phase: 'ended',
      pending: [],
      closed: { reason: 'hung-up', closed_by: 'controller' },
      traffic: { bytes_up: 10, bytes_down: 20, duration_ms: 1_000 },
    });
  });

  it('names in each command the legs, the identities and the place that its broker needs', () => {
    const s = given();
    s.request({ attachment_id: 'c-first' });
    expect(s.pending('issue-code')).toMatchObject({
      agent_id: 'us-1',
      incarnation: 'us-1-a',
      connection_id: s.id,
      home_region: 'east',
      attachment_id: 'c-first',
      controller_id: 'technician',
      code_expires_at: new Date(SESSION_START_MS + 600_000).toISOString(),
    });
    s.target('in-3', { attachment_id: 't-first' });
    expect(s.pending('hold-target')).toMatchObject({ attachment_id: 't-first', identity: 'till-4' });
    expect(s.pending('redirect-controller')).toMatchObject({
      attachment_id: 'c-first',
      broker_id: 'in-3',
      address: 'in-3.example:7443',
    });
    s.controller('in-3', { attachment_id: 'c-second' });
    expect(s.pending('open-relay')).toMatchObject({
      controller_id: 'technician',
      target_id: 'till-4',
      controller_attachment_id: 'c-second',
      target_attachment_id: 't-first',
    });
  });

  it('redirects in the same decision when the target consented as it came', () => {
    const s = given();
    s.request();
    expect(sessionLine(s.target())).toBe(
      'target-accepted → redirecting (target-attached) epoch 1 | hold-target in-3/1, redirect-controller us-1/1',
    );
  });

  it('opens the relay at once where the controller stands at the same broker', () => {
    const s = given();
    s.request();
    expect(sessionLine(s.target('us-1'))).toBe(
      'target-accepted → redirecting (target-attached) epoch 1 | hold-target us-1/1, open-relay us-1/1',
    );
    expect(sessionLine(s.opened())).toBe('connection-activated → open (established) epoch 1');
  });

  it('takes a controller that comes back on another broker while it waits for the target', () => {
    const s = given();
    s.request();
    s.answerAll();
    const lost = { epoch: 1, reason: 'controller-lost', closed_by: 'controller', attachment_id: 'c-1' };
    expect(sessionLine(s.say('relay-closed', 'us-1', lost))).toBe(
      'connection-code-issued → code-issued (controller-lost) epoch 1',
    );
    s.controller('us-2');
    expect(sessionLine(s.target())).toContain('redirect-controller us-2/1');
  });

  it('records the candidates with what counts against each, and why others are none', () => {
    const s = given().broker('in-4', { draining: true }).broker('us-2', { carried: 50 });
    s.request();
    s.target();
    expect(s.decisions.at(-1)?.data.candidates).toEqual([
      { agent_id: 'in-3', score: -15, terms: { target_rtt: -15 } },
      { agent_id: 'us-1', score: -170, terms: { target_rtt: -170 } },
      { agent_id: 'us-2', score: -181, terms: { target_rtt: -171, load: -10 } },
      { agent_id: 'in-4', excluded: 'draining' },
    ]);
  });

  it('changes nothing for what it has heard already', () => {
    const s = given();
    s.request({ attachment_id: 'c-first' });
    expect(sessionLine(s.request({ attachment_id: 'c-first' }))).toBe('ignored: duplicate');
    s.target('in-3', { attachment_id: 't-first' });
    expect(sessionLine(s.target('in-3', { attachment_id: 't-first' }))).toBe('ignored: duplicate');
    s.controller('in-3', { attachment_id: 'c-second' });
    expect(sessionLine(s.controller('in-3', { attachment_id: 'c-second' }))).toBe('ignored: duplicate');
    s.opened();
    expect(sessionLine(s.opened())).toBe('ignored: duplicate');
    expect(sessionLine(s.opened({ epoch: 2 }))).toBe('ignored: future-epoch');
    const again = s.fact('relay-closed', { connection_id: s.id, epoch: 1 });
    s.closed('hung-up');
    expect(sessionLine(s.input({ ...again, origin: { ...again.origin, offset: 0 } }))).toBe(
      'ignored: already-handled',
    );
  });

  it('counts the ends of a relay before both are elsewhere, and says so of its whole traffic', () => {
    const s = given().open('in-3');
    s.target('in-4', { resumed: true });
    expect(sessionLine(s.closed('moved', { epoch: 1, agent_id: 'in-3' }))).toBe('rejected: invalid-data');
    s.say('relay-closed', 'in-3', { epoch: 1, reason: 'moved', closed_by: 'broker', bytes_up: 7 });
    s.controller('in-4');
    s.opened();
    s.closed('hung-up');
    expect(s.state?.traffic).toEqual({ bytes_up: 17, bytes_down: 20, duration_ms: 1_000 });
  });
});
