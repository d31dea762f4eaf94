import { randomBytes } from 'node:crypto';
import { waitFor } from '../../../../test/support/wait-for.ts';
import { duplexPair } from './duplex-pair.ts';

describe('a pair of streams', () => {
  it('carries what is written, however large, and a half-close in each direction', async () => {
    const [near, far] = duplexPair();
    const sent = randomBytes(1_000_000);
    near.end(sent);
    const chunks: Buffer[] = [];
    for await (const chunk of far.iterator({ destroyOnReturn: false })) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).equals(sent)).toBe(true);
    far.end('still');
    expect(String(await near.toArray())).toBe('still');
  });

  it('holds the writer back while nobody reads', async () => {
    const [near, far] = duplexPair();
    let taken = 0;
    for (let count = 0; count < 100; count += 1) near.write(Buffer.alloc(64 * 1024), () => (taken += 1));
    await waitFor(() => far.readableLength > 0);
    expect(taken).toBeLessThanOrEqual(1);
    far.resume();
    await waitFor(() => taken === 100);
  });

  it('does not change what was written when its owner uses the buffer again', async () => {
    const [near, far] = duplexPair();
    const bytes = Buffer.from('before');
    await new Promise<void>((resolve) => {
      far.once('readable', resolve);
      near.write(bytes);
    });
    bytes.fill('x');
    expect(String(far.read())).toBe('before');
  });

  it('breaks both halves when one is destroyed', async () => {
    const [near, far] = duplexPair();
    const broken = new Promise<Error>((resolve) => far.once('error', resolve));
    near.on('error', () => {});
    near.destroy(new Error('broken'));
    expect((await broken).message).toBe('broken');
    expect(far.destroyed).toBe(true);
  });
});
