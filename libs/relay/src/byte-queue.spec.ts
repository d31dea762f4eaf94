import { ByteQueue } from './byte-queue.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

describe('ByteQueue', () => {
  it('gives nothing while a piece is not complete, and keeps what is there', () => {
    const queue = new ByteQueue();
    queue.push(bytes('ab'));
    expect(queue.peek(3)).toBeUndefined();
    expect(queue.take(3)).toBeUndefined();
    queue.push(bytes('cd'));
    expect(queue.take(3)?.toString()).toBe('abc');
    expect(queue.length).toBe(1);
  });

  it('gives pieces within one chunk and across many', () => {
    const queue = new ByteQueue();
    for (const part of ['a', '', 'bc', 'def']) queue.push(bytes(part));
    expect(queue.peek(2)?.toString()).toBe('ab');
    expect(queue.take(2)?.toString()).toBe('ab');
    expect(queue.take(4)?.toString()).toBe('cdef');
    expect(queue.length).toBe(0);
    expect(queue.take(1)).toBeUndefined();
  });

  it('gives an empty piece when none is asked for', () => {
    expect(new ByteQueue().take(0)?.length ?? 0).toBe(0);
  });
});
