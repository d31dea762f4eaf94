import { jest } from '@jest/globals';
import { KafkaLog } from '#libs/log';
import { regional } from '../../deploy/local/programs.mjs';
import { getJson } from '../support/http.ts';
import { itLong } from '../support/length.ts';
import { PlainKafka } from '../support/plain-kafka.ts';
import type { Name, Stack } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';
import { auditing } from './support/audit.ts';
import { decisionsIn, type Logged, shortName } from './support/evidence.ts';
import { causeOf, explained, serverLost } from './support/explained.ts';
import {
  LINK,
  type Row,
  reconcile,
  SERVER_SIDECARS,
  sidecarName,
  startSpine,
  untilActive,
  untilApproved,
} from './support/spine.ts';

jest.setTimeout(180_000);

const CONTROLLERS = ['central-controller-east', 'central-controller-west'] as const;
/** Who decides when the other one is dead, and answers what is asked. */
const heirOf = (dead: Name): Name => CONTROLLERS.find((name) => name !== dead) ?? CONTROLLERS[0];
const PARTITIONS = 12;
/** A group has a killed member out after 6 s; then the heir claims, folds and commands. In milliseconds. */
const TAKEOVER_LIMIT_MS = 60_000;

describe('two processes that decide for one region', () => {
  let stack: Stack;
  let plain: PlainKafka;

  beforeAll(async () => {
    stack = await startSpine({ twoForTheBank: true });
    plain = new PlainKafka(stack.kafkaBrokers);
  });
  auditing(() => stack);
  afterAll(() => stack?.stop());

  it('finish a failover whose decider is killed before its commands are answered', async () => {
    const { before, chosen, asleep, owner } = await killInTheMiddle();
    await stack.program(asleep).kill('SIGCONT');
    const { decided, completed } = await untilCompleted(before);
    expect(completed.data).toMatchObject({ server_id: chosen, epoch: decided.data.epoch });
    expect(stack.program(owner).alive()).toBe(false);
    expect(await answersOf(asleep)).toEqual({ 'command-succeeded': 1 });
    await expectKilled(before, heirOf(owner), completed);
    await untilApproved(stack, 50);
    await putRight(owner, sidecarName(before));
  });

  itLong('finish it elsewhere when the server that it was to go to never answers', async () => {
    const { before, chosen, asleep, owner } = await killInTheMiddle();
    const { decided, completed } = await untilCompleted(before);
    expect([before.server_id, chosen]).not.toContain(completed.data.server_id);
    expect(completed.data.epoch).toBeGreaterThan(decided.data.epoch);
    expect(stack.program(owner).alive()).toBe(false);
    await stack.program(asleep).kill('SIGCONT');
    // What it was told while it slept has expired; it never carries that epoch.
    const answered = await waitFor(async () => {
      const found = await answersOf(asleep);
      return Object.keys(found).length > 0 && found;
    });
    expect(answered).toEqual({ 'command-refused': 1 });
    await expectKilled(before, heirOf(owner), completed);
    const { causes } = await explained(stack, LINK, heirOf(owner), completed.data.version);
    // biome-ignore lint/suspicious/noExplicitAny: an answer of REST
    const commands = causes.flatMap((step: any) => step.commands);
    expect(commands).toContainEqual(
      expect.objectContaining({ name: 'accept-client', agent_id: chosen, outcome: 'unanswered' }),
    );
    await untilApproved(stack, 50);
    await putRight(owner, sidecarName(before));
  });

  /** Every other server sleeps while the decider is killed, so the failover stands open; then all but the chosen one wake. */
  async function killInTheMiddle() {
    await waitFor(async () => (await sharesOf()).every((owned) => owned === PARTITIONS / 2), {
      what: 'each of them to own half of the partitions',
      withinMs: TAKEOVER_LIMIT_MS,
    });
    const before = await untilActive(stack);
    const carrying = sidecarName(before);
    const others = SERVER_SIDECARS.filter((name) => name !== carrying);
    const owner = ownerOfLink();
    const commanded = plain.firstAfter(
      `${stack.regions.bank}.failover-commands`,
      ({ headers }) => shortName(headers?.ce_type) === 'accept-client',
    );
    await commanded.reading;
    for (const name of others) await stack.program(name).kill('SIGSTOP');
    await stack.program(carrying).kill('SIGKILL');
    const { key } = await commanded.found;
    await stack.program(owner).kill('SIGKILL');
    const chosen = String(key);
    const asleep = sidecarName({ server_id: chosen });
    for (const name of others.filter((one) => one !== asleep)) await stack.program(name).kill('SIGCONT');
    return { before, chosen, asleep, owner };
  }

  /** By another writer than the one that decided it. */
  async function untilCompleted(before: Row): Promise<{ decided: Logged; completed: Logged }> {
    const look = async (name: string) =>
      (await decisionsIn(plain, stack)).find(
        (one) => one.key === LINK && one.name === name && one.data.version > before.version,
      );
    const completed = await waitFor(() => look('failover-completed'), {
      what: 'the failover to be completed',
      withinMs: TAKEOVER_LIMIT_MS,
    });
    const decided = await look('failover-decided');
    if (decided === undefined) throw new Error('a failover was completed that nobody decided');
    expect(completed.writer).not.toBe(decided.writer);
    return { decided, completed };
  }

  /** Whoever finished it, and wherever: it began with the server that was killed. */
  async function expectKilled(before: Row, controller: Name, { data }: Logged): Promise<void> {
    expect(await causeOf(stack, LINK, controller, data.version)).toMatchObject(serverLost(before));
  }

  async function putRight(controller: Name, sidecar: Name): Promise<void> {
    await stack.program(controller).start(regional(stack.site, 'bank'));
    await stack.program(sidecar).start();
    await reconcile(stack);
  }

  /** Partitions that each controller owns; none while it does not answer. */
  function sharesOf(): Promise<number[]> {
    return Promise.all(
      CONTROLLERS.map(async (name) => {
        const answer = await getJson(stack.url(name, '/health/ready')).catch(() => undefined);
        return answer?.status === 200 ? answer.body.details['control-loop'].partitions : 0;
      }),
    );
  }

  /** Who claimed the link's partition last, as the controllers wrote it to their logs. */
  function ownerOfLink(): Name {
    const hash = new KafkaLog({ brokers: [stack.kafkaBrokers], clientId: 'hash' });
    const partition = hash.partitionOf(LINK, PARTITIONS);
    const topic = `${stack.regions.bank}.controller-events`;
    const [east, west] = CONTROLLERS.map((name) =>
      stack
        .program(name)
        .log()
        .split('\n')
        .filter((line) => line.includes('partition claimed'))
        .map((line) => JSON.parse(line))
        .filter((line) => line.topic === topic && line.partition === partition)
        .reduce((highest, { writerEpoch }) => Math.max(highest, writerEpoch), 0),
    ) as [number, number];
    return east > west ? CONTROLLERS[0] : CONTROLLERS[1];
  }

  /** How often a sidecar was told to accept a client in its life, by outcome. */
  async function answersOf(sidecar: Name): Promise<Record<string, number>> {
    const { body } = await getJson(stack.url(sidecar, '/metrics'));
    const line = /^trunkline_sidecar_commands_total\{command="accept-client",outcome="([^"]+)".*\} (\d+)$/gm;
    return Object.fromEntries(
      [...String(body).matchAll(line)].map(([, outcome, count]) => [outcome, Number(count)]),
    );
  }
});
