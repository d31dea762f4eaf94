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

  it('gives pieces as they lie, without a copy, and goes on behind them', () => {
    const queue = new ByteQueue();
    const chunks = [6_000, 5_000, 4_500].map((length, index) => Buffer.alloc(length, index + 1));
    for (const chunk of chunks) queue.push(chunk);
    expect(queue.takeParts(20_000)).toBeUndefined();
    const parts = queue.takeParts(12_000) ?? [];
    expect(parts.map(({ length }) => length)).toEqual([6_000, 5_000, 1_000]);
    expect(parts.map(({ buffer }) => buffer)).toEqual(chunks.map(({ buffer }) => buffer));
    expect(queue.length).toBe(3_500);
    expect(queue.takeParts(3_500)?.map(({ length }) => length)).toEqual([3_500]);
    expect(queue.takeParts(0)).toEqual([]);
    expect(queue.takeParts(1)).toBeUndefined();
  });

  it('gives an empty piece when none is asked for', () => {
    expect(new ByteQueue().take(0)?.length ?? 0).toBe(0);
  });
});
