import { RESERVATION_DECISIONS } from '#libs/contracts';

const RESERVATIONS: ReadonlySet<string> = new Set(RESERVATION_DECISIONS);

/**
 * Whether a decision has a row. What a peer holds ready stands under the connection's own id, with versions of its
 * own: the row is the home's alone.
 */
export function isProjected({ name }: { readonly name: string }): boolean {
  return !RESERVATIONS.has(name);
}
