/**
 * Whose token the page shows. It is kept for this tab alone (`sessionStorage`). What it says of its holder is read for
 * showing only: the controller decides who may do what.
 */

const KEY = 'trunkline.token';

export interface Holder {
  /** Absent: the shared token names nobody. */
  readonly subject?: string;
  readonly roles: readonly string[];
  /** RFC 3339. */
  readonly expires_at?: string;
}

/** Whoever holds the shared token may do all. */
const SHARED: Holder = { roles: ['viewer', 'operator', 'publisher'] };

export class Session {
  private token: string | undefined;

  constructor(private readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>) {
    this.token = storage.getItem(KEY) ?? undefined;
  }

  get bearer(): string | undefined {
    return this.token;
  }

  get holder(): Holder | undefined {
    return this.token === undefined ? undefined : holderOf(this.token);
  }

  /** Whether actions are offered. */
  get isOperator(): boolean {
    return this.holder?.roles.includes('operator') ?? false;
  }

  signIn(token: string): void {
    this.token = token.trim();
    this.storage.setItem(KEY, this.token);
  }

  signOut(): void {
    this.token = undefined;
    this.storage.removeItem(KEY);
  }
}

/** What a token says of its holder; one that is no JSON Web Token is the shared one. */
export function holderOf(token: string): Holder {
  const [, payload, signature] = token.split('.');
  if (payload === undefined || signature === undefined) return SHARED;
  try {
    const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (each) =>
      each.charCodeAt(0),
    );
    const { sub, roles, exp } = JSON.parse(new TextDecoder().decode(bytes));
    return {
      ...(typeof sub === 'string' && { subject: sub }),
      roles: Array.isArray(roles) ? roles.map(String) : [],
      ...(typeof exp === 'number' && { expires_at: new Date(exp * 1_000).toISOString() }),
    };
  } catch {
    return { roles: [] };
  }
}
