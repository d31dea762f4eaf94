import {
  deadLetterTopic,
  HEADER,
  type ReservationDecision,
  type ReservationRefusal,
  TOPIC,
  topicName,
} from '#libs/contracts';
import {
  type Batch,
  type Consumer,
  type Follower,
  followLog,
  type Log,
  type LogObserver,
  recentPositions,
} from '#libs/log';
import type { Logger } from '#libs/platform';
import { membersReader } from '../core/read-members.ts';

/** What a request for a server needs of a decision; the rest of the log passes by. */
const MEMBERS = ['version', 'kind', 'evidence', 'reason', 'server_id', 'address', 'expires_at'] as const;

export type ReservationAnswer = Pick<
  ReservationDecision,
  'reason' | 'server_id' | 'address' | 'expires_at'
> & {
  readonly name: 'server-reserved' | 'server-refused';
};

type Taken = Omit<ReservationAnswer, 'name'> & Partial<Pick<ReservationDecision, 'kind' | 'evidence'>>;

/** What a question is told that the loop put among the dead letters, by their reason. */
const REJECTIONS: ReadonlyMap<string, ReservationRefusal> = new Map([
  ['wrong-home-region', 'own-connection'],
]);

/**
 * Follows the region's own log from where its owners' last checkpoints say, and gives whoever waits for the decision on
 * a fact that decision, once it stands and counts: whichever process appended it. A question that the loop rejected
 * leaves no decision; its answer is its dead letter.
 */
export class DecisionWatch {
  private readonly waiting = new Map<string, (answer: ReservationAnswer) => void>();
  private follower: Follower | undefined;
  private rejections: Consumer | undefined;
  private reading = false;
  private unreadable = false;

  constructor(
    private readonly log: Log,
    private readonly region: string,
    private readonly deps: {
      readonly logger: Logger;
      readonly observer: LogObserver;
      /** Told when answers can come, and when they no longer can. */
      readonly changed: (ready: boolean) => void;
    },
  ) {}

  async start(): Promise<void> {
    const topic = topicName(this.region, TOPIC.controllerEvents);
    const positions = await recentPositions(this.log, topicName(this.region, TOPIC.connectionState));
    this.follower = await followLog(this.log, {
      topic,
      from: (partition) => positions.get(partition),
      read: membersReader(MEMBERS),
      observer: this.deps.observer,
      onDecisions: async ({ decisions }) => {
        if (this.waiting.size === 0) return;
        for (const { name, data } of decisions) this.take(name, data as Taken);
      },
      onStopped: (error) => {
        this.unreadable = true;
        this.change(false);
        this.deps.logger.fatal({ err: error }, 'the log could not be read');
      },
    });
    this.rejections = await this.log.tail({
      topics: [deadLetterTopic(topicName(this.region, TOPIC.connectionStatus))],
      from: 'end',
      onBatch: async (batch) => this.takeRejections(batch),
    });
    await Promise.all([this.follower.caughtUp(), this.rejections.caughtUp()]);
    if (!this.unreadable) this.change(true);
  }

  /** Whether answers can come at all. */
  get ready(): boolean {
    return this.reading;
  }

  get open(): number {
    return this.waiting.size;
  }

  /** To be called before the fact is published: its decision may stand before the publisher knows. */
  expect(factId: string): { readonly answer: Promise<ReservationAnswer>; forget(): void } {
    let resolve: (answer: ReservationAnswer) => void = () => {};
    const answer = new Promise<ReservationAnswer>((take) => {
      resolve = take;
    });
    this.waiting.set(factId, resolve);
    return { answer, forget: () => void this.waiting.delete(factId) };
  }

  async stop(): Promise<void> {
    this.change(false);
    await Promise.all([this.follower?.stop(), this.rejections?.stop()]);
  }

  private change(ready: boolean): void {
    this.reading = ready;
    this.deps.changed(ready);
  }

  private takeRejections({ records }: Batch): void {
    for (const record of records) {
      if (!record.readable) continue;
      const reason = REJECTIONS.get(record.headers[HEADER.deadLetterReason] ?? '');
      if (reason !== undefined) this.waiting.get(record.id)?.({ name: 'server-refused', reason });
    }
  }

  private take(name: string, data: Taken): void {
    if (data.kind !== 'reservation') return;
    if (name !== 'server-reserved' && name !== 'server-refused') return;
    const factId = data.evidence?.[0]?.event_id;
    if (factId === undefined) return;
    const { reason, server_id, address, expires_at } = data;
    this.waiting.get(factId)?.({
      name,
      reason,
      ...(server_id !== undefined && { server_id }),
      ...(address !== undefined && { address }),
      ...(expires_at !== undefined && { expires_at }),
    });
  }
}
