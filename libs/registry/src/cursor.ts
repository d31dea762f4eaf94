import { createHash } from 'node:crypto';
import { InvalidCursor } from './errors.ts';
import { REGISTRY_LIMITS } from './limits.ts';

/** What a list answers; `next_cursor` is absent at its end. */
export interface Page<T> {
  readonly items: T[];
  readonly next_cursor?: string;
}

export interface PageRequest {
  /** 1 to REGISTRY_LIMITS.pageSize. */
  readonly limit?: number;
  readonly cursor?: string;
}

/**
 * A cursor says after which row of which list, with which filters, the next page begins. Rows are ordered by
 * what never changes of them, so that a page turned later neither repeats nor leaves out a row that stayed.
 */
export function encodeCursor(list: string, after: string): string {
  return Buffer.from(JSON.stringify([list, after])).toString('base64url');
}

/** @throws InvalidCursor unless it was made for this list. */
export function decodeCursor(list: string, cursor: string): string {
  if (cursor.length > REGISTRY_LIMITS.cursorLength || !/^[A-Za-z0-9_-]+$/.test(cursor))
    throw new InvalidCursor();
  let content: unknown;
  try {
    content = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    throw new InvalidCursor();
  }
  if (
    !Array.isArray(content) ||
    content.length !== 2 ||
    content[0] !== list ||
    typeof content[1] !== 'string'
  ) {
    throw new InvalidCursor();
  }
  return content[1];
}

export function pageSize(request: PageRequest): number {
  return Math.min(request.limit ?? REGISTRY_LIMITS.defaultPageSize, REGISTRY_LIMITS.pageSize);
}

/** Where a walk over a set ordered by name begins; `down` walks from its end. */
export function lexAfter(list: string, request: PageRequest, down = false): string {
  if (request.cursor === undefined) return down ? '+' : '-';
  return `(${decodeCursor(list, request.cursor)}`;
}

/** The name of a list with filters: cursors hold it, so it is short whatever the filters are. */
export function listNamed(name: string, filter: object): string {
  const given = Object.entries(filter).filter(([, value]) => value !== undefined);
  if (given.length === 0) return name;
  const sorted = given.sort(([a], [b]) => (a < b ? -1 : 1));
  return `${name}?${createHash('sha256').update(JSON.stringify(sorted)).digest('base64url').slice(0, 22)}`;
}
