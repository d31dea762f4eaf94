import { monitorEventLoopDelay } from 'node:perf_hooks';
import { EndpointError } from '#libs/endpoint';
import { getJson } from '../../support/http.ts';
import { type Name, type Stack, startStack } from '../../support/stack.ts';
import { waitFor } from '../../support/wait-for.ts';
import { audit } from './audit.ts';
import {
  brokersOf,
  CROWDED,
  closeSdkSessions,
  inTurns,
  type Meeting,
  openSdkSession,
  type People,
  peopleOf,
  type SdkSession,
} from './session-load.ts';
import { brokerMetric } from './session-remains.ts';
import { carry, TRAFFIC_KINDS } from './session-traffic.ts';
import { HOME } from './sessions.ts';

/** Both sides answer late when one process is all endpoints and a machine is busy: that is not what is tested. */
const PATIENT_MS = 120_000;
const ANSWER_MS = 60_000;
/**
 * Sessions that carry something at the same time; the others are open. What comes to one process in one turn of its event
 * loop is bounded by it: with 1,000 at once a turn takes so long on a busy machine that its endpoints are silent meanwhile.
 */
const CARRYING_AT_ONCE = 200;
const NANOSECONDS_PER_MS = 1e6;
const OPENING_TRIES = 5;
const LIMIT_MS = 120_000;
const BROKER: Name = 'broker-us-1';

/** What a crowd came to. */
interface CrowdResult {
  readonly sessions: number;
  /** Bytes of streams that went there and came back, each looked at. */
  readonly bytes: number;
  /** Openings that failed and were tried again. */
  readonly triedAgain: number;
  readonly openedMs: number;
  readonly carriedMs: number;
  /** The longest turn of the event loop of this process, in which all its endpoints were silent. */
  readonly longestTurnMs: number;
}

/** One broker that takes as many sessions as come, and the controller that it needs. */
export function startCrowdStack(): Promise<Stack> {
  const env = {
    ...CROWDED,
    TRUNKLINE_SILENCE_MS: String(PATIENT_MS),
    TRUNKLINE_ANSWER_MS: String(ANSWER_MS),
  };
  return startStack({ programs: [HOME, BROKER], env: { [BROKER]: env } });
}

/** So many sessions at the broker of such a stack: all open there, all bytes as they were sent, nothing left at the end. */
export async function expectCrowd(
  stack: Stack,
  { sessions, rounds }: { readonly sessions: number; readonly rounds: number },
): Promise<void> {
  const crowd = await Crowd.of(stack, BROKER);
  try {
    const result = await crowd.run(sessions, rounds);
    console.log(`a crowd: ${JSON.stringify(result)}`);
    expect(result.sessions).toBe(sessions);
    expect(crowd.interrupted).toEqual([]);
    expect([...crowd.openAt]).toEqual([BROKER]);
    expect(await crowd.metric('placed')).toBe(sessions);
    await waitFor(async () => (await crowd.inRegistry('active')) === sessions, {
      what: 'all in the registry',
    });
    await crowd.leave();
    // Those that were tried again left a code that nobody used.
    expect(await crowd.inRegistry('closed')).toBeGreaterThanOrEqual(sessions);
  } finally {
    crowd.end();
  }
  await audit(stack, { requests: false });
}

/** Many sessions at one broker, all open at once, each with traffic of its kind, again and again. */
class Crowd {
  readonly sessions: SdkSession[] = [];
  private readonly interruptions: string[] = [];
  private triedAgain = 0;

  private constructor(
    private readonly stack: Stack,
    private readonly broker: Name,
    private readonly people: People,
  ) {}

  static async of(stack: Stack, broker: Name): Promise<Crowd> {
    return new Crowd(stack, broker, await peopleOf(stack));
  }

  /** @throws when a session did not open, or came to other bytes than it sent */
  async run(count: number, rounds: number): Promise<CrowdResult> {
    const brokers = brokersOf(this.stack, this.broker);
    const timings = {
      ...{ silenceMs: PATIENT_MS, idleSilenceMs: PATIENT_MS },
      ...{ answerMs: ANSWER_MS, probeMs: ANSWER_MS },
    };
    const turns = monitorEventLoopDelay();
    turns.enable();
    const beganMs = performance.now();
    const meeting = { people: this.people, controllerBrokers: brokers, targetBrokers: brokers, timings };
    await inTurns(count, async (_index, lane) => {
      this.sessions.push(await this.opened({ ...meeting, target: lane }));
    });
    for (const { controller } of this.sessions) {
      controller.on('interrupted', ({ reason }) => this.interruptions.push(reason));
    }
    const openMs = performance.now();
    let bytes = 0;
    for (let round = 0; round < rounds; round += 1) {
      const carryOn = async (index: number): Promise<void> => {
        const session = this.sessions[index];
        const kind = TRAFFIC_KINDS[(index + round) % TRAFFIC_KINDS.length] ?? 'idle';
        // Added when it is there: what others added meanwhile counts.
        const more = session === undefined ? 0 : await carry(kind, session);
        bytes += more;
      };
      await inTurns(this.sessions.length, carryOn, CARRYING_AT_ONCE);
    }
    turns.disable();
    return {
      sessions: this.sessions.length,
      bytes,
      triedAgain: this.triedAgain,
      openedMs: openMs - beganMs,
      carriedMs: performance.now() - openMs,
      longestTurnMs: turns.max / NANOSECONDS_PER_MS,
    };
  }

  /** Asks again, as a person would, when a busy machine did not answer in time. */
  private async opened(meeting: Meeting): Promise<SdkSession> {
    for (let left = OPENING_TRIES - 1; ; left -= 1) {
      try {
        return await openSdkSession(meeting);
      } catch (error) {
        if (left === 0 || !(error instanceof EndpointError) || !error.retriable) throw error;
        this.triedAgain += 1;
      }
    }
  }

  /** Why sessions were interrupted, if any was. */
  get interrupted(): readonly string[] {
    return this.interruptions;
  }

  /** Where the controllers say that they are open now. */
  get openAt(): ReadonlySet<string | undefined> {
    const where = ({ controller: { status } }: SdkSession) =>
      status.phase === 'open' ? status.brokerId : status.phase;
    return new Set(this.sessions.map(where));
  }

  /** Hangs up in all of them, and waits until the broker has none of them and the registry shows it. */
  async leave(): Promise<void> {
    await closeSdkSessions(this.sessions);
    await waitFor(async () => (await this.metric('placed')) === 0 && (await this.metric('legs')) === 0, {
      what: 'a broker without sessions',
      withinMs: LIMIT_MS,
    });
    await waitFor(async () => (await this.inRegistry('active')) === 0, {
      what: 'a registry without open sessions',
      withinMs: LIMIT_MS,
    });
  }

  /** Nothing of them goes on in this process, whatever became of the test. */
  end(): void {
    for (const { controller, target } of this.sessions)
      for (const end of [controller, target]) void end.close();
  }

  /** Sessions that stand in the registry so. */
  async inRegistry(status: 'active' | 'closed'): Promise<number> {
    let count = 0;
    let cursor = '';
    do {
      const query = `status=${status}&kind=session&limit=500${cursor && `&cursor=${cursor}`}`;
      const { body } = await getJson(this.stack.url(HOME, `/api/v1/connections?${query}`));
      count += body.items.length;
      cursor = body.next_cursor ?? '';
    } while (cursor !== '');
    return count;
  }

  /** @param name without its `trunkline_broker_` */
  metric(name: string): Promise<number> {
    return brokerMetric(this.stack, this.broker, name);
  }
}
