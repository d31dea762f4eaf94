import { systemLoopClock } from './clock.ts';
import { Turns } from './turns.ts';

describe('the turns of partitions that judge', () => {
  it('come one by one, in the order in which they were asked for, and let everything else run between', async () => {
    const turns = new Turns(systemLoopClock);
    const seen: string[] = [];
    const judge = async (name: string) => {
      for (let chunk = 1; chunk <= 2; chunk += 1) {
        await turns.take();
        seen.push(`${name}${chunk}`);
      }
    };
    let others = 0;
    const other = () => {
      seen.push('other');
      others += 1;
      if (others < 4) setImmediate(other);
    };
    setImmediate(other);
    await Promise.all([judge('a'), judge('b')]);
    expect(seen).toEqual(['a1', 'other', 'b1', 'other', 'a2', 'other', 'b2']);
  });

  it('are had at once by whoever is alone', async () => {
    const turns = new Turns(systemLoopClock);
    let turn = 0;
    const pass = async () => {
      await new Promise<void>((resolve) => setImmediate(resolve));
      turn += 1;
    };
    const passing = pass();
    await turns.take();
    expect(turn).toBe(0);
    await passing;
    await pass();
    await turns.take();
    expect(turn).toBe(2);
  });
});
