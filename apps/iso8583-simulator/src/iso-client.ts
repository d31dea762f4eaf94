import { connect } from 'node:net';
import type { Logger } from '#libs/platform';
import type { IsoMessage } from './codec.ts';
import type { Fate, FateLog } from './fate-log.ts';
import {
  APPROVED,
  ECHO,
  networkRequest,
  type Purchase,
  purchaseRequest,
  responseTo,
  reversalRequest,
  SIGN_ON,
} from './messages.ts';
import { ReferenceNumbers } from './reference-numbers.ts';
import { Tally } from './tally.ts';
import { IsoWire } from './wire.ts';

export interface IsoClientOptions {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly pan: string;
  readonly rate: number;
  /** Without a response for so long, a purchase is reversed, and a reversal repeated. */
  readonly timeoutMs: number;
  readonly echoMs: number;
  readonly active: boolean;
}

const RECONNECT_MS = 100;
const TICK_MS = 10;
/** Purchases that are late by more than this are not made up for: a pause must not end in a burst. */
const MAX_BEHIND_MS = 1_000;
/** Purchases and reversals that may wait for a response; at this bound no more purchases are sent. */
const MAX_OPEN = 100_000;

interface Open {
  readonly purchase: Purchase;
  state: 'purchase' | 'reversal';
  /** When the last request for it was sent; undefined: its reversal waits for a connection. */
  sentMs: number | undefined;
  reversalsSent: number;
}

/** A bank's switch: purchases at a steady rate; each ends approved, declined, or timed out and reversed. */
export class IsoClient {
  readonly tally: Tally;
  rate: number;
  private wire: IsoWire | undefined;
  private isSignedOn = false;
  private signOnSentMs = 0;
  private echoSentMs = 0;
  private connectedMs = Number.NEGATIVE_INFINITY;
  private dueMs = 0;
  private active: boolean;
  private isDraining = false;
  private timer: NodeJS.Timeout | undefined;
  private readonly open = new Map<string, Open>();
  private readonly numbers: ReferenceNumbers;

  constructor(
    private readonly options: IsoClientOptions,
    private readonly fates: FateLog,
    private readonly log: Logger,
  ) {
    this.rate = options.rate;
    this.active = options.active;
    this.numbers = new ReferenceNumbers(options.name);
    this.tally = new Tally(fates.earlier);
    this.takeUp();
  }

  get isActive(): boolean {
    return this.active && !this.isDraining;
  }

  /** Purchases and reversals without their end yet. */
  get openCount(): number {
    return this.open.size;
  }

  get signedOn(): boolean {
    return this.isSignedOn;
  }

  start(): void {
    this.timer ??= setInterval(() => this.tick(performance.now()), TICK_MS);
  }

  stop(): void {
    clearInterval(this.timer);
    this.wire?.close();
  }

  activate(): void {
    this.active = true;
    this.isDraining = false;
  }

  /** No new purchases; what is open is finished. */
  drain(): void {
    this.isDraining = true;
  }

  deactivate(): void {
    this.active = false;
    this.wire?.close();
  }

  /** What an earlier life sent and saw no end of is reversed: its outcome is unknown. */
  private takeUp(): void {
    for (const { rrn, fate, time } of this.fates.earlier) {
      if (fate === 'sent') {
        const purchase = { rrn, stan: this.numbers.stanOf(rrn), amount: 1_000, atMs: Date.parse(time) };
        this.open.set(rrn, { purchase, state: 'purchase', sentMs: undefined, reversalsSent: 0 });
      } else if (fate !== 'timed_out') this.open.delete(rrn);
      else {
        const open = this.open.get(rrn);
        if (open !== undefined) open.state = 'reversal';
      }
    }
    for (const open of this.open.values()) if (open.state === 'purchase') this.timeOut(open);
  }

  private tick(nowMs: number): void {
    if (!this.active) {
      // What was open when it was deactivated times out as well; its reversal waits for the next activation.
      this.reverse(nowMs);
      return;
    }
    if (this.wire === undefined) {
      if (nowMs - this.connectedMs >= RECONNECT_MS) this.connect(nowMs);
    } else if (!this.isSignedOn) {
      if (nowMs - this.signOnSentMs > this.options.timeoutMs) this.wire.close('no answer to the sign-on');
    } else {
      if (nowMs - this.echoSentMs >= this.options.echoMs) this.echo(nowMs);
      this.purchase(nowMs);
    }
    this.reverse(nowMs);
  }

  private connect(nowMs: number): void {
    this.connectedMs = nowMs;
    const socket = connect({ host: this.options.host, port: this.options.port });
    const wire: IsoWire = new IsoWire(socket, {
      message: (message) => this.receive(message),
      closed: (fault) => {
        if (this.wire !== wire) return;
        if (this.isSignedOn) this.log.info({ fault }, 'connection closed');
        this.wire = undefined;
        this.isSignedOn = false;
      },
    });
    this.wire = wire;
    this.signOnSentMs = nowMs;
    socket.once('connect', () => {
      this.signOnSentMs = performance.now();
      wire.send(networkRequest(this.numbers.nextStan(), SIGN_ON, Date.now()));
    });
  }

  private echo(nowMs: number): void {
    this.echoSentMs = nowMs;
    this.wire?.send(networkRequest(this.numbers.nextStan(), ECHO, Date.now()));
  }

  private purchase(nowMs: number): void {
    if (this.isDraining || this.rate <= 0) return;
    if (this.dueMs < nowMs - MAX_BEHIND_MS) this.dueMs = nowMs;
    while (this.dueMs <= nowMs && this.open.size < MAX_OPEN && this.wire !== undefined) {
      this.dueMs += 1_000 / this.rate;
      const { rrn, stan } = this.numbers.next();
      const purchase: Purchase = { rrn, stan, amount: 1_000, atMs: Date.now() };
      this.open.set(rrn, { purchase, state: 'purchase', sentMs: nowMs, reversalsSent: 0 });
      // Written down before it is sent: whatever happens then, there is a fate to find.
      this.note(rrn, '0200', 'sent');
      this.wire.send(purchaseRequest(purchase, this.options.pan));
    }
  }

  private reverse(nowMs: number): void {
    const dueBeforeMs = nowMs - this.options.timeoutMs;
    for (const open of this.open.values()) {
      if (open.sentMs !== undefined && open.sentMs > dueBeforeMs) {
        // Sent in this order, so no purchase behind it is due; reversals may stand anywhere before.
        if (open.state === 'purchase') break;
        continue;
      }
      if (open.state === 'purchase') this.timeOut(open);
      if (!this.isSignedOn || this.wire === undefined) continue;
      open.sentMs = nowMs;
      const isRepeat = open.reversalsSent > 0;
      open.reversalsSent += 1;
      this.wire.send(reversalRequest(open.purchase, this.options.pan, isRepeat, Date.now()));
    }
  }

  private timeOut(open: Open): void {
    open.state = 'reversal';
    open.sentMs = undefined;
    this.note(open.purchase.rrn, '0200', 'timed_out');
  }

  private receive(message: IsoMessage): void {
    switch (message.mti) {
      case '0810':
        this.signedOnBy(message);
        return;
      case '0210':
        this.purchased(message);
        return;
      case '0410':
        this.reversed(message);
        return;
      case '0800':
        this.wire?.send(responseTo(message, APPROVED));
        return;
      default:
        this.log.warn({ mti: message.mti }, 'a message nobody asked for');
    }
  }

  private signedOnBy(message: IsoMessage): void {
    if (this.isSignedOn || message.fields.get(70) !== SIGN_ON) return;
    if (message.fields.get(39) !== APPROVED) return;
    this.isSignedOn = true;
    this.echoSentMs = performance.now();
    this.log.info({ server: message.fields.get(44) }, 'signed on');
  }

  private purchased(message: IsoMessage): void {
    const rrn = message.fields.get(37) ?? '';
    const open = this.open.get(rrn);
    // A response that comes after the time is over changes nothing: the purchase is being reversed.
    if (open?.state !== 'purchase') return;
    this.open.delete(rrn);
    this.note(
      rrn,
      '0210',
      message.fields.get(39) === APPROVED ? 'approved' : 'declined',
      message.fields.get(44),
    );
  }

  private reversed(message: IsoMessage): void {
    const rrn = message.fields.get(37) ?? '';
    if (this.open.get(rrn)?.state !== 'reversal' || message.fields.get(39) !== APPROVED) return;
    this.open.delete(rrn);
    this.note(rrn, '0410', 'reversed', message.fields.get(44));
  }

  private note(rrn: string, mti: string, fate: Fate, server?: string): void {
    this.fates.write(rrn, mti, fate, server);
    this.tally.add(fate, server);
  }
}
