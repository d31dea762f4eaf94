import { Duplex } from 'node:stream';

/** Two ends of a stream in memory: what is written to one comes out of the other. */
export function duplexPair(): [Duplex, Duplex] {
  const ends: Duplex[] = [];
  const other = (index: number): Duplex => ends[1 - index] as Duplex;
  for (const index of [0, 1]) {
    let release: (() => void) | undefined;
    const end: Duplex & { taken?: () => void } = new Duplex({
      allowHalfOpen: false,
      read() {
        release?.();
        release = undefined;
      },
      write(chunk: Buffer, _encoding, done) {
        const peer = other(index) as Duplex & { hold?: (done: () => void) => void };
        if (peer.push(chunk)) done();
        else peer.hold?.(done);
      },
      final(done) {
        other(index).push(null);
        done();
      },
      destroy(error, done) {
        const peer = other(index);
        if (!peer.destroyed) setImmediate(() => peer.destroy());
        done(error);
      },
    });
    Object.assign(end, {
      hold: (done: () => void) => {
        release = done;
      },
    });
    end.on('error', () => {});
    ends.push(end);
  }
  return [ends[0] as Duplex, ends[1] as Duplex];
}
