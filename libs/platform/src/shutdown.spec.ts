import { jest } from '@jest/globals';
import type { Logger } from './logging.ts';
import { Shutdown } from './shutdown.ts';

describe('an orderly end', () => {
  const lines: { level: string; text: string; step?: string }[] = [];
  const log = {
    info: (...words: unknown[]) => lines.push({ level: 'info', text: String(words.at(-1)) }),
    error: ({ step }: { step: string }, text: string) => lines.push({ level: 'error', text, step }),
    flush: (done: () => void) => done(),
  } as unknown as Logger;
  let codes: unknown[];

  beforeEach(() => {
    lines.length = 0;
    codes = [];
    jest.useFakeTimers();
    jest.spyOn(process, 'exit').mockImplementation((code) => codes.push(code) as never);
  });
  afterEach(() => {
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  it('runs each step after the one before it is over, then ends the process', async () => {
    const ran: string[] = [];
    const shutdown = new Shutdown(log);
    shutdown.add('slow', async () => {
      await Promise.resolve();
      ran.push('slow');
    });
    shutdown.add('quick', () => {
      ran.push('quick');
    });
    await shutdown.run(0, 'test');
    expect(ran).toEqual(['slow', 'quick']);
    expect(codes).toEqual([0]);
  });

  it('goes on when a step fails, and names the step', async () => {
    const ran: string[] = [];
    const shutdown = new Shutdown(log);
    shutdown.add('broken', () => Promise.reject(new Error('no')));
    shutdown.add('next', () => {
      ran.push('next');
    });
    await shutdown.run(0, 'test');
    expect(ran).toEqual(['next']);
    expect(lines).toContainEqual({ level: 'error', text: 'a shutdown step failed', step: 'broken' });
  });

  it('happens once, however often it is asked for', async () => {
    let times = 0;
    const shutdown = new Shutdown(log);
    shutdown.add('step', () => {
      times += 1;
    });
    await Promise.all([shutdown.run(0, 'one'), shutdown.run(1, 'two')]);
    expect([times, codes]).toEqual([1, [0]]);
  });

  it('ends the process at its limit, whatever hangs', () => {
    const shutdown = new Shutdown(log, 1_000);
    shutdown.add('hangs', () => new Promise(() => {}));
    void shutdown.run(0, 'test');
    jest.advanceTimersByTime(999);
    expect(codes).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(codes).toEqual([1]);
  });

  it('begins at SIGTERM or SIGINT, and a second one does not wait', () => {
    const handlers = new Map<string, () => void>();
    jest.spyOn(process, 'on').mockImplementation(((signal: string, handler: () => void) => {
      handlers.set(signal, handler);
      return process;
    }) as typeof process.on);
    const shutdown = new Shutdown(log);
    shutdown.add('hangs', () => new Promise(() => {}));
    shutdown.listen();
    expect([...handlers.keys()]).toEqual(['SIGTERM', 'SIGINT']);
    handlers.get('SIGTERM')?.();
    expect(codes).toEqual([]);
    handlers.get('SIGINT')?.();
    expect(codes).toEqual([1]);
  });
});
