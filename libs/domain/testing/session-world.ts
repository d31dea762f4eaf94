import fc from 'fast-check';
import { type Input, session } from '../src/index.ts';
import { SessionScenario } from './session.ts';

export const BROKERS = ['us-1', 'us-2', 'in-3', 'in-4'];

/** What may come: true or not, late or early, again, or never. */
const broker = fc.constantFrom(...BROKERS);
const epoch = fc.integer({ min: 1, max: 4 });
export const happening = fc.oneof(
  { weight: 2, arbitrary: fc.record({ is: fc.constant('request' as const) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      is: fc.constant('target' as const),
      broker,
      identity: fc.constantFrom('till-4', 'till-4', 'till-4', 'till-5'),
      consented: fc.constantFrom(true, true, false, undefined),
      resumed: fc.boolean(),
      again: fc.constantFrom(undefined, undefined, true),
      survive_ms: fc.constantFrom(undefined, undefined, 90_000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ is: fc.constant('consent' as const) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      is: fc.constant('controller' as const),
      broker: fc.oneof(broker, fc.constant('where the target is')),
      identity: fc.constantFrom('technician', 'technician', 'technician', 'somebody'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      is: fc.constant('opened' as const),
      broker: fc.option(broker),
      epoch: fc.option(epoch),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      is: fc.constant('closed' as const),
      broker: fc.option(broker),
      epoch: fc.option(epoch),
      reason: fc.constantFrom('hung-up', 'gap', 'controller-lost', 'target-lost', 'shutdown', 'moved'),
      leg: fc.constantFrom('none', 'none', 'controller', 'target'),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      is: fc.constant('answer' as const),
      which: fc.nat(5),
      how: fc.constantFrom('succeeded', 'succeeded', 'succeeded', 'refused', 'failed'),
      reason: fc.constantFrom(
        'expired',
        'controller-gone',
        'target-gone',
        'full',
        'stale-epoch',
        'internal-error',
      ),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ is: fc.constant('time' as const), ms: fc.integer({ min: 1, max: 70_000 }) }),
  },
  { weight: 3, arbitrary: fc.record({ is: fc.constant('due' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      is: fc.constant('agent' as const),
      name: fc.constantFrom(
        'agent-silent' as const,
        'agent-returned' as const,
        'agent-drain-requested' as const,
      ),
      broker,
    }),
  },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('fleet' as const), broker, draining: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({ is: fc.constant('again' as const), back: fc.nat(8), sameRecord: fc.boolean() }),
  },
);
type Happening = typeof happening extends fc.Arbitrary<infer H> ? H : never;

/** A session to which all of it happens, and what it was told, so that it can be told again. */
export class SessionWorld extends SessionScenario {
  readonly told: Extract<Input, { kind: 'fact' }>[] = [];
  readonly ignoredWhenDue: string[] = [];

  override input(input: Input) {
    if (input.kind === 'fact') this.told.push(input);
    const due = this.state && session.nextDueMs(this.state);
    const outcome = super.input(input);
    if (input.kind === 'time' && due !== undefined && input.nowMs >= due && outcome.kind !== 'append') {
      this.ignoredWhenDue.push(this.state?.phase ?? '');
    }
    return outcome;
  }

  happen(what: Happening): void {
    const { placement } = this.state ?? {};
    switch (what.is) {
      case 'request':
        this.request();
        return;
      case 'target': {
        const { is: _, broker: at, ...over } = what;
        this.target(at, JSON.parse(JSON.stringify(over)));
        return;
      }
      case 'consent':
        if (this.state?.target) this.consent();
        return;
      case 'controller': {
        const at = BROKERS.includes(what.broker) ? what.broker : (placement?.broker_id ?? 'us-1');
        this.controller(at, { identity: what.identity });
        return;
      }
      case 'opened':
        this.say('relay-opened', what.broker ?? placement?.broker_id ?? 'us-1', {
          epoch: what.epoch ?? placement?.epoch ?? 1,
        });
        return;
      case 'closed': {
        const leg =
          what.leg === 'none' ? undefined : this.state?.[what.leg === 'target' ? 'target' : 'controller'];
        this.say('relay-closed', what.broker ?? leg?.broker_id ?? placement?.broker_id ?? 'us-1', {
          epoch: what.epoch ?? placement?.epoch ?? 1,
          reason: what.reason,
          closed_by: 'broker',
          ...(leg === undefined ? {} : { attachment_id: leg.attachment_id }),
        });
        return;
      }
      case 'answer': {
        const found = this.state?.pending[what.which];
        if (found)
          this.answer(found.command.name, what.how, what.how === 'succeeded' ? undefined : what.reason);
        return;
      }
      case 'time':
        this.pass(what.ms).look();
        return;
      case 'due':
        if (this.state && session.nextDueMs(this.state) !== undefined) this.due();
        return;
      case 'agent':
        this.agent(what.name, what.broker);
        return;
      case 'fleet':
        this.broker(what.broker, { draining: what.draining });
        this.look();
        return;
      case 'again':
        this.again(what.back, what.sameRecord);
        return;
      default:
        what satisfies never;
    }
  }

  /** The same fact once more: the same record, or published anew. */
  private again(back: number, sameRecord: boolean): void {
    const known = this.told[this.told.length - 1 - back];
    if (known === undefined) return;
    const fresh = this.fact(known.fact.name, known.fact.data, known.region, known.fact.timeMs);
    this.input({ ...fresh, origin: sameRecord ? known.origin : fresh.origin });
  }
}
