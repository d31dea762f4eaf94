import { ApiClient } from './api/client.ts';
import type { Freeze } from './freeze.ts';
import type { Agent, Connection, Failover } from './model.ts';
import { hrefOf, parseRoute, type Route, type RouteName } from './router.ts';
import { Session } from './session.ts';
import type { World } from './state/fold.ts';
import { PastWorld } from './state/past.ts';
import { LiveStore } from './state/store.ts';

/** What an operator may ask for here; each is confirmed, with a reason. */
export type Action =
  | { readonly kind: 'failover'; readonly connection: Connection }
  | { readonly kind: 'drain'; readonly agent: Agent }
  | { readonly kind: 'approve'; readonly failover: Failover }
  | { readonly kind: 'freeze' }
  | { readonly kind: 'unfreeze'; readonly freeze: Freeze };

/** What REST calls whoever reads without a good token. */
const NOBODY = 'anybody';

export interface Notice {
  readonly tone: 'ok' | 'bad';
  readonly text: string;
  /** Where one sees what came of it. */
  readonly href?: string;
}

/** What every view is given: where one is, what is known, and what one may ask for. */
export class ConsoleContext {
  readonly session: Session;
  readonly api: ApiClient;
  readonly store: LiveStore;
  route: Route;
  past: PastWorld | undefined;
  action: Action | undefined;
  notice: Notice | undefined;
  /** The sign-in is open: because somebody asked for it, or because a call was refused. */
  signingIn = false;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly place: Pick<Location, 'hash'>) {
    this.session = new Session(sessionStorage);
    this.api = new ApiClient(() => this.session.bearer);
    this.store = new LiveStore(this.api);
    this.route = parseRoute(place.hash);
  }

  start(): void {
    window.addEventListener('hashchange', () => this.moved());
    this.store.listen(() => this.onStore());
    this.store.start();
    this.moved();
  }

  listen(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  changed(): void {
    for (const listener of this.listeners) listener();
  }

  /** Whether actions are offered: by the controller's word, until it is there by the token's own. */
  get isOperator(): boolean {
    const { bearer, isOperator } = this.session;
    const asked = this.store.status?.asked_by;
    return asked === undefined || bearer === undefined ? isOperator : asked.roles.includes('operator');
  }

  /** There is a token, and the controller goes by it as little as by none: it has expired, or is not its issuer's. */
  get isTokenRefused(): boolean {
    const asked = this.store.status?.asked_by;
    return (
      this.session.bearer !== undefined && asked !== undefined && asked.subject === NOBODY && !asked.named
    );
  }

  /** The moment that is looked at; undefined: now. */
  get at(): string | undefined {
    const { at } = this.route.query;
    return at !== undefined && !Number.isNaN(Date.parse(at)) ? at : undefined;
  }

  get world(): World {
    return this.past?.world ?? this.store.world;
  }

  /** Another one: the world is not as it was. */
  get revision(): string {
    return this.past ? `${this.past.at} ${this.past.revision}` : `${this.store.revision}`;
  }

  /** The moment that ages are reckoned to, in milliseconds. */
  get nowMs(): number {
    return this.at === undefined ? this.store.nowMs() : Date.parse(this.at);
  }

  /** An address that stays in the moment that is looked at. */
  href(name: RouteName, id?: string, query: Readonly<Record<string, string | undefined>> = {}): string {
    return hrefOf(name, id, { ...query, at: this.at });
  }

  go(name: RouteName, id?: string, query: Readonly<Record<string, string | undefined>> = {}): void {
    location.hash = this.href(name, id, query);
  }

  /** Filters of this page; they stand in the address, without a step back for each letter. */
  filter(changes: Readonly<Record<string, string | undefined>>): void {
    this.replace({ ...this.route.query, ...changes });
  }

  /** @param at undefined: back to live */
  travel(at: string | undefined): void {
    this.replace({ ...this.route.query, at });
  }

  ask(action: Action | undefined): void {
    this.action = action;
    this.changed();
  }

  tell(notice: Notice | undefined): void {
    this.notice = notice;
    this.changed();
  }

  openSignIn(open: boolean): void {
    this.signingIn = open;
    this.changed();
  }

  /** Begins anew with another token, or with none. */
  signIn(token: string | undefined): void {
    const before = this.session.holder;
    if (token === undefined) this.session.signOut();
    else this.session.signIn(token);
    // What one person was shown is not there for the next one.
    if (before !== undefined && before.subject !== this.session.holder?.subject) {
      location.reload();
      return;
    }
    this.signingIn = false;
    this.store.status = undefined;
    this.store.start();
    this.changed();
  }

  private replace(query: Readonly<Record<string, string | undefined>>): void {
    const { name, id } = this.route;
    history.replaceState(null, '', hrefOf(name, id, query));
    this.moved();
  }

  private moved(): void {
    this.route = parseRoute(this.place.hash);
    if (this.past?.at !== this.at) {
      this.past?.stop();
      this.past =
        this.at === undefined
          ? undefined
          : new PastWorld(this.at, this.api, this.store.world, () => this.changed());
      void this.past?.read();
    }
    this.changed();
  }

  private onStore(): void {
    if (this.store.error?.status === 401) this.signingIn = true;
    this.past?.follow();
    this.changed();
  }
}
