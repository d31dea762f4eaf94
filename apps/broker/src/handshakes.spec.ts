import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { Handshakes } from './handshakes.ts';

const MOST = 4;
const MOST_PER_ADDRESS = 2;

describe('handshakes that are under way', () => {
  let refusals: string[];
  let handshakes: Handshakes;
  beforeEach(() => {
    refusals = [];
    handshakes = new Handshakes({
      maxHandshakes: MOST,
      maxHandshakesPerAddress: MOST_PER_ADDRESS,
      refused: (why) => refusals.push(why),
    });
  });

  /** A connection; it ends when it emits `close`. */
  function socketOf(remoteAddress: string | undefined, remotePort: number | undefined): Socket {
    const socket = Object.assign(new EventEmitter(), { remoteAddress, remotePort, destroy: () => socket });
    return socket as unknown as Socket;
  }

  function begin(remoteAddress: string | undefined, remotePort?: number): Socket {
    const socket = socketOf(remoteAddress, remotePort);
    handshakes.begun(socket);
    return socket;
  }

  it('are so many at most, and so many of one address, until they are over or closed', () => {
    const first = begin('10.0.0.1', 1);
    begin('10.0.0.1', 2);
    begin('10.0.0.1', 3);
    expect(refusals).toEqual(['too-many-from-address']);
    first.emit('close');
    begin('10.0.0.1', 4);
    for (const port of [1, 2]) begin('10.0.0.2', port);
    begin('10.0.0.3', 1);
    expect(refusals).toEqual(['too-many-from-address', 'too-many-handshakes']);
    handshakes.over(socketOf('10.0.0.2', 1));
    begin('10.0.0.3', 1);
    expect([handshakes.count, refusals.length]).toEqual([MOST, 2]);
  });

  it('are none of who was gone before it was taken: it has no address, and nobody is counted under none', () => {
    const gone = Array.from({ length: 2 * MOST }, () => begin(undefined));
    expect(handshakes.count).toBe(0);
    for (const socket of gone) socket.emit('close');
    begin(undefined);
    expect(refusals).toEqual([]);
  });

  it('are counted once for a port that is used again before the end of who had it was told', () => {
    for (let time = 0; time < 2 * MOST; time += 1) {
      const before = begin('10.0.0.1', 1);
      const after = begin('10.0.0.1', 1);
      before.emit('close');
      expect(handshakes.count).toBe(1);
      after.emit('close');
      expect(handshakes.count).toBe(0);
    }
    expect(refusals).toEqual([]);
  });
});
