import { ENDPOINT_ERRORS, EndpointError, type EndpointErrorCode } from '#libs/endpoint';
import { CODE, Rig } from '../../testing/rig.ts';

describe('the commands of sessions', () => {
  const rig = new Rig();
  beforeAll(() => rig.prepare());
  afterAll(() => rig.clear());
  beforeEach(() => rig.begin());
  afterEach(() => expect(rig.terminal.isWatched).toBe(false));

  describe('trunkline probe', () => {
    it('shows the table, and ends well when a broker takes sessions', async () => {
      expect(await rig.trunkline('probe')).toBe(0);
      expect(rig.written.stdout.split('\n')[0]).toMatch(/^ *broker +region +round trip +jitter$/);
      expect(rig.terminal.lines).toContain('measured 1 of 1 brokers');
    });

    it('gives programs the figures', async () => {
      expect(await rig.trunkline('probe', '--json')).toBe(0);
      expect(rig.written.events).toEqual([
        {
          event: 'probe',
          best: 'broker-in-3',
          brokers: [
            {
              broker_id: 'broker-in-3',
              region: 'west',
              status: 'ok',
              rtt_ms: 15.25,
              jitter_ms: 0.31,
              samples: 5,
            },
            {
              broker_id: 'broker-us-1',
              region: 'east',
              status: 'no-broker',
              detail: 'ECONNREFUSED',
              samples: 0,
            },
          ],
        },
      ]);
    });

    it('says by its exit code that none does', async () => {
      rig.withoutBest();
      expect(await rig.trunkline('probe')).toBe(3);
      expect(rig.written.stderr).toMatch(/no broker takes sessions/);
    });
  });

  describe('a failure', () => {
    const EXPECTED: Partial<Record<EndpointErrorCode, number>> = {
      ...{ 'bad-code': 4, 'unknown-code': 4, expired: 4, used: 4 },
      ...{ 'not-allowed': 5, declined: 5, 'wrong-identity': 5, 'identity-refused': 5 },
      ...{ intercepted: 6, 'proxy-failed': 7, 'proxy-auth': 7 },
      ...{ 'rate-limited': 8, full: 8, draining: 8, unavailable: 8, 'no-broker': 3 },
    };

    it.each(Object.entries(EXPECTED))('%s ends with %i and says what to do', async (code, exit) => {
      rig.failure = new EndpointError(code as EndpointErrorCode, undefined, 4_200);
      expect(await rig.trunkline('target', CODE, '--forward', '22', '--json', '--yes')).toBe(exit);
      expect(rig.written.stderr).toMatch(/^trunkline: .*try again in 5 s/);
      expect(rig.written.events.at(-1)).toMatchObject({ event: 'error', code, retry_after_ms: 4_200 });
    });

    it('of every kind has an exit code and a text', async () => {
      for (const code of Object.keys(ENDPOINT_ERRORS) as EndpointErrorCode[]) {
        rig.failure = new EndpointError(code);
        const exit = await rig.trunkline('controller', '--listen', '1');
        expect([code, exit]).toEqual([code, code === 'aborted' ? 0 : expect.any(Number)]);
        if (code !== 'aborted') expect([code, exit]).not.toEqual([code, 0]);
      }
    });
  });
});
