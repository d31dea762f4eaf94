/** One member in which two decisions differ; an absent value is undefined. */
export interface Difference {
  readonly path: string;
  readonly made: unknown;
  readonly logged: unknown;
}

/** Where two JSON values differ, member by member. */
export function differences(made: unknown, logged: unknown, path = ''): Difference[] {
  if (isObject(made) && isObject(logged) && Array.isArray(made) === Array.isArray(logged)) {
    const names = new Set([...Object.keys(made), ...Object.keys(logged)]);
    return [...names].flatMap((name) => {
      const below = Array.isArray(made) ? `${path}[${name}]` : path === '' ? name : `${path}.${name}`;
      return differences(made[name], logged[name], below);
    });
  }
  return Object.is(made, logged) ? [] : [{ path, made, logged }];
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
