import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Ends a local connection as abruptly as the other side's was ended: a TCP reset where there is TCP. */
export function cutLocal(local: Duplex): void {
  if (local.destroyed) return;
  // Whoever owns it may not be listening any more; the cut is told by its close.
  local.on('error', () => {});
  if (local instanceof Socket) local.resetAndDestroy();
  else local.destroy(new Error('the stream was reset'));
}
