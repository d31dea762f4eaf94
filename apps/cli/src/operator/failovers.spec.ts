import { OperatorRig } from '../../testing/operator.ts';

const MOVE = {
  failover_id: 'a:1~2',
  connection_id: 'a:1',
  reason: 'server-lost',
  detected_at: '2026-11-21T11:00:00.000Z',
  decided_at: '2026-11-21T11:00:00.020Z',
};
const HELD = { ...MOVE, failover_id: 'b:1~2', suppressed: { reason: 'blast-radius', what: 'failover' } };

describe('trunkline failovers ls', () => {
  const rig = new OperatorRig();
  beforeAll(() => rig.start());
  beforeEach(() => {
    rig.begin();
    rig.rest.answer = () => ({ items: [MOVE, HELD] });
  });
  afterAll(() => rig.clear());

  it('asks with every filter, by servers and by times', async () => {
    const filters = ['--connection', 'a:1', '--reason', 'server-lost', '--from', 's-1', '--to', 's-2'];
    const times = ['--since', '2026-11-21T10:00:00Z', '--until', '2026-11-21T12:00:00+01:00'];
    expect(await rig.trunkline('failovers', 'ls', ...filters, ...times, '--limit', '5')).toBe(0);
    expect(rig.rest.asked[0]?.query).toEqual({
      ...{ connection_id: 'a:1', reason: 'server-lost', from: 's-1', to: 's-2', limit: '5' },
      ...{ since: '2026-11-21T10:00:00.000Z', until: '2026-11-21T11:00:00.000Z' },
    });
    expect(rig.written.stdout).toContain('a:1~2     2026-11-21T11:00:00.000Z  server-lost   +20 ms');
  });

  it('shows those alone that wait for somebody', async () => {
    expect(await rig.trunkline('failovers', 'ls', '--held', '-o', 'json')).toBe(0);
    expect(JSON.parse(rig.written.stdout)).toEqual([HELD]);
  });
});
