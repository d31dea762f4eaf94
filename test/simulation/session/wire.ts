import type { ModelBroker } from './broker.ts';
import type { ModelEndpoint } from './endpoint.ts';

export type Role = 'controller' | 'target';

/** What is said on a connection, as far as the rules can tell; `closed` is its orderly end, `lost` the other one. */
export interface Word {
  readonly is:
    | ('resume' | 'pong' | 'bye' | 'closed' | 'lost')
    | ('opened' | 'held' | 'redirect' | 'interrupted' | 'goaway' | 'refused' | 'ping');
  readonly epoch?: number;
  readonly reason?: string;
  readonly broker?: string;
  readonly token?: number;
}

/** One connection of an endpoint, as its broker has it. */
export interface ModelLeg {
  readonly wire: Wire;
  readonly role: Role;
  /** Its name in facts and commands. */
  id: string;
  state: 'asking' | 'waiting' | 'open' | 'closing';
  sinceMs: number;
  /** The epoch that the endpoint knew. */
  known: number;
  /** Of the latest command that named it. */
  epoch: number | undefined;
  held: boolean;
  leaving: boolean;
  /** It attaches anew once it has answered this ping. */
  attachesOn: number | undefined;
}

/** A connection between an endpoint and one life of a broker: words under way, and which side has closed. */
export class Wire {
  toBroker: Word[] = [];
  toEndpoint: Word[] = [];
  isOpenAtBroker = true;
  isOpenAtEndpoint = true;
  isCut = false;
  leg: ModelLeg | undefined;

  constructor(
    readonly broker: ModelBroker,
    readonly incarnation: string,
    readonly endpoint: ModelEndpoint,
  ) {}

  get isHeardByBroker(): boolean {
    return this.broker.isUp && this.broker.incarnation === this.incarnation;
  }

  /** Both sides lose it, each when it notices; what was under way is lost with it, and what is still said. */
  cut(): void {
    this.isCut = true;
    this.toBroker = [{ is: 'lost' }];
    this.toEndpoint = [{ is: 'lost' }];
  }

  get isOver(): boolean {
    const mayBeHeard = this.isHeardByBroker && (this.toBroker.length > 0 || this.isOpenAtBroker);
    return this.toEndpoint.length === 0 && !this.isOpenAtEndpoint && !mayBeHeard;
  }
}
