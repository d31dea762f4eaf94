import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { waitFor } from '../../../test/support/wait-for.ts';
import { encodeIso } from './codec.ts';
import { networkRequest } from './messages.ts';
import { HALF_MESSAGE_LIMIT_MS, IsoWire } from './wire.ts';

const LIMIT_MS = 100;
const BODY = encodeIso(networkRequest('000001', '301', 0));
const MESSAGE = Buffer.concat([Buffer.from([0, BODY.length]), BODY]);

describe('the wire of a simulator', () => {
  let listener: Server;
  let peer: Socket;
  let wire: IsoWire;
  let mtis: string[];
  let faults: (string | undefined)[];

  beforeEach(async () => {
    [mtis, faults] = [[], []];
    listener = createServer((socket) => {
      wire = new IsoWire(
        socket,
        { message: ({ mti }) => mtis.push(mti), closed: (fault) => faults.push(fault) },
        LIMIT_MS,
      );
    });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    peer = connect((listener.address() as { port: number }).port, '127.0.0.1');
    peer.on('error', () => {});
    await once(listener, 'connection');
  });
  afterEach(() => {
    peer.destroy();
    wire.close();
    listener.close();
  });

  it('gives a message however it was split', async () => {
    for (const byte of MESSAGE) {
      await new Promise<unknown>((sent) => peer.write(Buffer.from([byte]), sent));
    }
    await waitFor(() => mtis.length === 1);
    expect(mtis).toEqual(['0800']);
  });

  it('is closed when a message stays half sent, whatever whole ones came before it', async () => {
    peer.write(Buffer.concat([MESSAGE, MESSAGE.subarray(0, 7)]));
    await waitFor(() => faults.length === 1);
    expect(faults).toEqual(['message half sent']);
    expect(mtis).toEqual(['0800']);
    expect(HALF_MESSAGE_LIMIT_MS).toBe(10_000);
  });

  it('is closed also when more of it comes, but never all', async () => {
    const drip = setInterval(() => peer.write(Buffer.alloc(1, 0x30)), LIMIT_MS / 10);
    peer.write(Buffer.from([0xff, 0xff]));
    await waitFor(() => faults.length === 1).finally(() => clearInterval(drip));
    expect(faults).toEqual(['message half sent']);
  });

  it('stays open between messages, however long nothing comes', async () => {
    peer.write(MESSAGE);
    await waitFor(() => mtis.length === 1);
    const since = performance.now();
    await waitFor(() => performance.now() - since > 3 * LIMIT_MS);
    expect(faults).toEqual([]);
    peer.write(MESSAGE);
    await waitFor(() => mtis.length === 2);
  });
});
