import type { RedisClient } from './client.ts';
import { type RebuildProgress, RegistryRebuilding } from './errors.ts';
import { KEYS } from './keys.ts';

/**
 * Whether the registry holds all of the log, as any process can tell from Redis alone: every partition has a
 * position and none is being rebuilt. A Redis that lost everything has no positions, so that nobody takes
 * its emptiness for an answer, even before the projector has noticed.
 */
export class Wholeness {
  constructor(
    private readonly client: RedisClient,
    private readonly region: string,
    /** `<topic>/<partition>` of all that the region's projector reads. */
    private readonly fields: readonly string[],
  ) {}

  /** Undefined: it is whole. */
  async missing(): Promise<RebuildProgress | undefined> {
    const [positions, targets] = (await this.client.run([
      ['hmget', KEYS.positions(this.region), ...this.fields],
      ['hmget', KEYS.rebuild(this.region), ...this.fields],
    ])) as [(string | null)[], (string | null)[]];
    let partitions = 0;
    let done = 0;
    let total = 0;
    this.fields.forEach((_field, i) => {
      const position = positions[i];
      const target = Number(targets[i] ?? 0);
      if (position && target === 0) return;
      partitions += 1;
      done += Math.min(Number.parseInt(position ?? '0', 10), target);
      total += target;
    });
    return partitions === 0 ? undefined : { partitions, of: this.fields.length, done, total };
  }

  /**
   * Looks before and after: a registry that was lost and rebuilt during one read would have to do both in
   * less time than its loss takes to be noticed.
   * @throws RegistryRebuilding instead of an answer that may lack something.
   */
  async reading<T>(read: () => Promise<T>): Promise<T> {
    await this.require();
    const answer = await read();
    await this.require();
    return answer;
  }

  private async require(): Promise<void> {
    const missing = await this.missing();
    if (missing) throw new RegistryRebuilding(missing);
  }
}
