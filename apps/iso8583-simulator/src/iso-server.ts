import { createServer, type Server } from 'node:net';
import type { Logger } from '#libs/platform';
import type { IsoMessage } from './codec.ts';
import type { Fate, FateLog } from './fate-log.ts';
import { APPROVED, DUPLICATE, purchaseKey, responseTo, reversedKey } from './messages.ts';
import { Tally } from './tally.ts';
import { IsoWire } from './wire.ts';

/** Purchases remembered against duplicates. */
const MAX_KNOWN = 1_000_000;
/** A request in a format this server does not answer: ISO 8583 "invalid transaction". */
const INVALID = '12';

export interface IsoServerOptions {
  readonly name: string;
  readonly latencyMs: number;
}

/** A scheme's host: approves each purchase once, knows it again, reverses it when asked. */
export class IsoServer {
  readonly tally: Tally;
  /** Purchases are taken and never answered, while everything else is: the way real hosts fail. */
  swallowsPurchases = false;
  latencyMs: number;
  private readonly purchases = new Set<string>();
  private readonly reversals = new Set<string>();
  private readonly wires = new Set<IsoWire>();
  private readonly server: Server;

  constructor(
    private readonly options: IsoServerOptions,
    private readonly fates: FateLog,
    private readonly log: Logger,
  ) {
    this.latencyMs = options.latencyMs;
    this.tally = new Tally(fates.earlier);
    for (const { rrn, fate } of fates.earlier) {
      if (fate === 'approved' || fate === 'swallowed') this.purchases.add(rrn);
      if (fate === 'reversed') this.reversals.add(rrn);
    }
    this.server = createServer((socket) => {
      const wire: IsoWire = new IsoWire(socket, {
        message: (message) => this.receive(wire, message),
        closed: (fault) => {
          this.wires.delete(wire);
          this.log.info({ fault, connections: this.wires.size }, 'connection closed');
        },
      });
      this.wires.add(wire);
      this.log.info({ connections: this.wires.size }, 'connection opened');
    });
  }

  get port(): number {
    const address = this.server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  get connections(): number {
    return this.wires.size;
  }

  listen(port: number, host: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, resolve);
    });
  }

  close(): void {
    this.server.close();
    for (const wire of [...this.wires]) wire.close();
  }

  private receive(wire: IsoWire, message: IsoMessage): void {
    const response = this.answer(message);
    if (response === undefined) return;
    if (this.latencyMs === 0) wire.send(response);
    else setTimeout(() => wire.send(response), this.latencyMs);
  }

  private answer(message: IsoMessage): IsoMessage | undefined {
    switch (message.mti) {
      case '0800':
        return responseTo(message, APPROVED, this.options.name);
      case '0200':
        return this.purchase(message);
      case '0400':
      case '0401':
        return this.reversal(message);
      default:
        return Number(message.mti[2]) % 2 === 1 ? undefined : responseTo(message, INVALID, this.options.name);
    }
  }

  private purchase(message: IsoMessage): IsoMessage | undefined {
    const rrn = purchaseKey(message);
    const { name } = this.options;
    if (this.purchases.has(rrn)) {
      this.note(rrn, message.mti, 'duplicated');
      return responseTo(message, DUPLICATE, name);
    }
    remember(this.purchases, rrn);
    if (this.swallowsPurchases) {
      this.note(rrn, message.mti, 'swallowed');
      return undefined;
    }
    this.note(rrn, message.mti, 'approved');
    return responseTo(message, APPROVED, name);
  }

  /** A purchase that never came here may be reversed as well; a repeated reversal gets the same answer. */
  private reversal(message: IsoMessage): IsoMessage {
    const rrn = reversedKey(message);
    if (!this.reversals.has(rrn)) {
      remember(this.reversals, rrn);
      this.note(rrn, message.mti, 'reversed');
    }
    return responseTo(message, APPROVED, this.options.name);
  }

  private note(rrn: string, mti: string, fate: Fate): void {
    this.fates.write(rrn, mti, fate, this.options.name);
    this.tally.add(fate, this.options.name);
  }
}

function remember(known: Set<string>, rrn: string): void {
  known.add(rrn);
  if (known.size <= MAX_KNOWN) return;
  const [oldest] = known;
  if (oldest !== undefined) known.delete(oldest);
}
