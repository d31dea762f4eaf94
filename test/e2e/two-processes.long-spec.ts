import { regional } from '../../deploy/local/programs.mjs';
import { getJson } from '../support/http.ts';
import { PlainKafka } from '../support/plain-kafka.ts';
import { type Name, type Stack, startStack } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';
import { audit } from './support/audit.ts';
import { causeOf } from './support/explained.ts';

const FIRST: Name = 'central-controller-east';
/** Told to decide for the bank's region as well, in place of its own. */
const SECOND: Name = 'central-controller-west';
const PARTITIONS = 12;
/** Promised are 10 s; a machine that is busy with other tests is slow. In milliseconds. */
const TAKEOVER_LIMIT_MS = 60_000;
const LINKS = 24;

describe('two processes of one region', () => {
  let stack: Stack;
  let plain: PlainKafka;

  beforeAll(async () => {
    stack = await startStack({ start: false });
    plain = new PlainKafka(stack.kafkaBrokers);
    await stack.program(FIRST).start();
    await stack.program(SECOND).start(regional(stack.site, 'bank'));
  });
  afterAll(() => stack?.stop());

  it('share the partitions, and one takes over when the other is killed', async () => {
    const shares = await waitFor(
      async () => {
        const both = [await ownedBy(FIRST), await ownedBy(SECOND)] as const;
        return both[0] > 0 && both[1] > 0 && both[0] + both[1] === PARTITIONS ? both : undefined;
      },
      { what: 'each of them to own a share' },
    );
    expect(shares[0]).toBe(shares[1]);
    await request(0, LINKS / 2);
    await stack.program(FIRST).kill('SIGKILL');
    const killedMs = performance.now();
    await waitFor(async () => (await ownedBy(SECOND)) === PARTITIONS, {
      what: 'the other to own every partition',
      withinMs: TAKEOVER_LIMIT_MS,
    });
    console.log(`taken over after ${Math.round(performance.now() - killedMs)} ms`);
    await request(LINKS / 2, LINKS);
    const versions = await waitFor(
      async () => {
        const found = await requestedVersions();
        return found.size === LINKS ? found : undefined;
      },
      { what: 'a decision on every link, whoever took its request' },
    );
    expect([...versions.values()].every((version) => version === 1)).toBe(true);
    // Nobody runs that client, and whoever took the request says so.
    for (const index of [0, LINKS - 1]) {
      expect(await causeOf(stack, `some-client:${index}`, SECOND)).toMatchObject({
        reason: 'client-unheard',
        agent_id: 'some-client',
        fact: 'connection-request',
        why_not: ['client-unheard'],
      });
    }
    await audit(stack, { requests: false });
  });

  async function ownedBy(name: Name): Promise<number> {
    const { status, body } = await getJson(stack.url(name, '/health/ready'));
    return status === 200 ? body.details['control-loop'].partitions : 0;
  }

  /** There are no servers here, so each link is asked for and waits. */
  async function request(from: number, to: number): Promise<void> {
    for (let index = from; index < to; index += 1) {
      const id = `some-client:${index}`;
      const data = { connection_id: id, kind: 'link', client_id: 'some-client', server_group: 'none' };
      await plain.publish(`${stack.regions.bank}.connection-status`, id, 'connection-request', data);
    }
  }

  async function requestedVersions(): Promise<Map<string, number>> {
    const records = await plain.readAll(`${stack.regions.bank}.controller-events`);
    const decisions = records.filter(({ headers }) =>
      String(headers?.ce_type).includes('connection-requested'),
    );
    return new Map(decisions.map(({ key, value }) => [String(key), JSON.parse(String(value)).version]));
  }
});
