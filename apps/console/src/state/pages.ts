import type { ApiClient, Query } from '../api/client.ts';
import { PAGE_LIMIT, type Page } from '../model.ts';

export interface PageBounds {
  readonly signal: AbortSignal;
  /** Rows after which no further page is asked for. */
  readonly most: number;
  /** Where to go on; absent: at the beginning. */
  readonly cursor?: string;
  readonly query?: Query;
}

/**
 * Reads a list page by page; a page may be short or empty, only the absence of a cursor is the end.
 * @returns whether that was reached
 * @throws ApiError, AbortError
 */
export async function readPages<T>(
  api: Pick<ApiClient, 'get'>,
  path: string,
  { signal, most, cursor: from, query }: PageBounds,
  onPage: (items: readonly T[], next: string | undefined) => void,
): Promise<boolean> {
  let cursor = from;
  for (let read = 0; read < most; ) {
    const page: Page<T> = await api.get(path, { ...query, limit: PAGE_LIMIT, cursor }, signal);
    read += page.items.length;
    cursor = page.next_cursor;
    onPage(page.items, cursor);
    if (cursor === undefined) return true;
  }
  return false;
}
