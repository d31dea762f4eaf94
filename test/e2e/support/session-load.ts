import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import {
  attachTarget,
  type Broker,
  type ControllerSession,
  certificateIdentity,
  createGuestIdentity,
  type EndpointIdentity,
  type EndpointTimings,
  openController,
  readBrokers,
  type TargetSession,
} from '#libs/endpoint';
import type { Name, Stack } from '../../support/stack.ts';

/** Targets that come at once, each with an identity of its own: of one address 20 codes at a time may be tried. */
const AT_ONCE = 16;

/** What a broker needs for more endpoints than one address may usually be. */
export const CROWDED = {
  TRUNKLINE_CAPACITY: '5000',
  TRUNKLINE_MAX_CONNECTIONS: '20000',
  TRUNKLINE_CODES_PER_MINUTE: '100000',
  // Longer than an endpoint waits: a control plane that is late is no refusal here.
  TRUNKLINE_ANSWER_MS: '30000',
} as const;

/** Both ends of a session, in this process. */
export interface SdkSession {
  readonly controller: ControllerSession;
  readonly target: TargetSession;
  /** From the target's dial, its probe being over, until both ends are open, in milliseconds. */
  readonly openMs: number;
}

/** Who takes part in the sessions of a test. */
export interface People {
  readonly controller: EndpointIdentity;
  /** Guests: each may try codes by itself. */
  readonly targets: readonly EndpointIdentity[];
}

export async function peopleOf({ layout }: Stack): Promise<People> {
  const file = (name: string): string => readFileSync(join(layout.pki, name), 'utf8');
  const ca = file('ca.crt');
  return {
    controller: certificateIdentity({ ca, cert: file('controller.crt'), key: file('controller.key') }),
    targets: await Promise.all(Array.from({ length: AT_ONCE }, () => createGuestIdentity(ca))),
  };
}

/** These brokers of a stack, in this order, dialled directly. */
export function brokersOf({ layout }: Stack, ...names: readonly Name[]): Broker[] {
  const all = readBrokers(JSON.parse(readFileSync(join(layout.home, 'brokers.json'), 'utf8')));
  return names.map((name) => {
    const broker = all.find(({ id }) => id === name);
    if (broker === undefined) throw new Error(`${name} is not on the list`);
    return broker;
  });
}

export interface Meeting {
  readonly people: People;
  /** Which of the targets. */
  readonly target: number;
  /** Where the controller asks for its code; the first of them that takes it. */
  readonly controllerBrokers: readonly Broker[];
  readonly targetBrokers: readonly Broker[];
  /** Of both ends. Default: the SDK's. */
  readonly timings?: Partial<EndpointTimings>;
}

/** Opens a session whose streams are sent back as they come. */
export async function openSdkSession(meeting: Meeting): Promise<SdkSession> {
  const { people, controllerBrokers, targetBrokers, timings = {} } = meeting;
  const identity = people.targets[meeting.target % people.targets.length];
  if (identity === undefined) throw new Error('there is no target');
  const controller = await openController({
    brokers: controllerBrokers,
    identity: people.controller,
    probe: false,
    timings,
  });
  const open = once(controller, 'open');
  let attachMs = Number.NaN;
  try {
    const target = await attachTarget({
      ...{ code: controller.code, brokers: targetBrokers, identity, consent: true, timings },
      forward: () => new PassThrough(),
      onProbe: () => {
        attachMs = performance.now();
      },
    });
    await Promise.race([open, controller.closed.then(failEnded)]);
    return { controller, target, openMs: performance.now() - attachMs };
  } catch (error) {
    await controller.close();
    throw error;
  }
}

/** Opens many sessions, some at once. @param sessions is filled with them, also when one fails to open */
export async function openSdkSessions(
  count: number,
  meeting: Omit<Meeting, 'target'>,
  sessions: SdkSession[] = [],
): Promise<SdkSession[]> {
  await inTurns(count, async (_index, lane) => {
    sessions.push(await openSdkSession({ ...meeting, target: lane }));
  });
  return sessions;
}

/** Hangs up in all of them. */
export async function closeSdkSessions(sessions: readonly SdkSession[]): Promise<void> {
  await inTurns(sessions.length, async (index) => {
    await sessions[index]?.controller.close();
    await sessions[index]?.target.closed;
  });
}

/** Runs `work` for 0 to `count` - 1, so many at once as targets may come. @param work is told which of these it is */
export async function inTurns(
  count: number,
  work: (index: number, lane: number) => Promise<void>,
  atOnce = AT_ONCE,
): Promise<void> {
  let next = 0;
  const lanes = Array.from({ length: Math.min(atOnce, count) }, async (_, lane) => {
    while (next < count) {
      const index = next;
      next += 1;
      await work(index, lane);
    }
  });
  await Promise.all(lanes);
}

function failEnded({ reason }: { reason: string }): never {
  throw new Error(`the session ended: ${reason}`);
}
