import { holderOf, Session } from './session.ts';

function encoded(text: string): string {
  const bytes = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

const jwt = (payload: object) => ['{"alg":"ES256"}', JSON.stringify(payload), 'x'].map(encoded).join('.');

class Kept implements Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> {
  readonly items = new Map<string, string>();
  getItem(key: string) {
    return this.items.get(key) ?? null;
  }
  setItem(key: string, value: string) {
    this.items.set(key, value);
  }
  removeItem(key: string) {
    this.items.delete(key);
  }
}

describe('a token', () => {
  it('tells whose it is, and until when', () => {
    const token = jwt({ sub: 'jürgen@bank.example', roles: ['viewer', 'operator'], exp: 1_800_000_000 });
    expect(holderOf(token)).toEqual({
      subject: 'jürgen@bank.example',
      roles: ['viewer', 'operator'],
      expires_at: '2027-01-15T08:00:00.000Z',
    });
  });

  it('that is no JSON Web Token is the shared one, which names nobody', () => {
    expect(holderOf('0123456789abcdef')).toEqual({ roles: ['viewer', 'operator', 'publisher'] });
  });

  it.each(['a.b.c', `x.${encoded('7')}.y`, '..'])('%s allows nothing', (token) => {
    expect(holderOf(token).roles).toEqual([]);
  });
});

describe('a session', () => {
  it('keeps its token in the storage that it is given, until it ends', () => {
    const kept = new Kept();
    const session = new Session(kept);
    expect([session.bearer, session.isOperator, session.holder]).toEqual([undefined, false, undefined]);
    session.signIn(` ${jwt({ sub: 'ann', roles: ['operator'] })}\n`);
    expect(session.isOperator).toBe(true);
    expect(new Session(kept).holder?.subject).toBe('ann');
    session.signOut();
    expect([new Session(kept).bearer, kept.items.size]).toEqual([undefined, 0]);
  });

  it('of a viewer offers no actions', () => {
    const session = new Session(new Kept());
    session.signIn(jwt({ sub: 'bob', roles: ['viewer'] }));
    expect(session.isOperator).toBe(false);
  });
});
