import { encodeCursor, lexAfter, type Page, type PageRequest, pageSize } from './cursor.ts';

interface Bounds {
  readonly list: string;
  readonly request: PageRequest;
  /** Members looked at before it answers with what it has, and a cursor. */
  readonly scanned: number;
  /** Members looked at in one go; undefined: all that are met fit, so just as many as are wanted. */
  readonly stride: number | undefined;
  /** Where the first page begins; absent: at the beginning. */
  readonly first?: string;
}

/**
 * A page of what fits, out of a set ordered by name.
 * @param membersFrom the next members from a bound on, as ZRANGEBYLEX has it
 * @param look what each member is, in the same order; undefined: it is gone or does not fit
 */
export async function filteredPage<T>(
  { list, request, scanned, stride, first = '-' }: Bounds,
  membersFrom: (from: string, count: number) => Promise<string[]>,
  look: (members: readonly string[]) => Promise<(T | undefined)[]>,
): Promise<Page<T>> {
  const limit = pageSize(request);
  const items: T[] = [];
  let from = request.cursor === undefined ? first : lexAfter(list, request);
  for (let seen = 0; seen < scanned; ) {
    const count = stride ?? limit + 1;
    const members = await membersFrom(from, count);
    const views = await look(members);
    for (const [i, view] of views.entries()) {
      // With what is left there is another page, if only of what is gone meanwhile.
      const met = stride === undefined ? i : items.length;
      if (met === limit) return { items, next_cursor: encodeCursor(list, members[i - 1] ?? from.slice(1)) };
      if (view !== undefined) items.push(view);
    }
    if (members.length < count) return { items };
    from = `(${members[members.length - 1]}`;
    seen += members.length;
  }
  return { items, next_cursor: encodeCursor(list, from.slice(1)) };
}

/** Whether every member that the filter gives is so. */
export function fits<T extends object>(filter: Partial<T>, view: T): boolean {
  return (Object.keys(filter) as (keyof T)[]).every(
    (member) => filter[member] === undefined || filter[member] === view[member],
  );
}

export function isEmpty(filter: object): boolean {
  return Object.values(filter).every((value) => value === undefined);
}
