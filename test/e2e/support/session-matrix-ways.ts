import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Network } from '../../support/network.ts';
import type { Stack } from '../../support/stack.ts';
import { BROKERS } from './sessions.ts';

export type BrokerName = (typeof BROKERS)[number];
export type Place = 'india' | 'usa';

/** One side's way to each broker, through the WAN simulators: what is held neither ends nor goes on until it is let go. */
export class Ways {
  private constructor(
    /** List of brokers for the command line. */
    readonly file: string,
    private readonly networks: ReadonlyMap<BrokerName, Network>,
    private readonly endings: readonly (() => void)[],
  ) {}

  /** @param from from where each broker is seen */
  static async open(
    stack: Stack,
    name: string,
    from: Readonly<Record<BrokerName, Place>>,
    first: BrokerName,
  ): Promise<Ways> {
    const endings: (() => void)[] = [];
    const networks = new Map<BrokerName, Network>();
    for (const broker of BROKERS) {
      const seenAt = `127.0.0.1:${stack.site.portOf(`wan-${from[broker]}`, broker)}`;
      networks.set(broker, await Network.before(seenAt, (ending) => endings.push(ending)));
    }
    const list = JSON.parse(readFileSync(join(stack.layout.home, 'brokers.json'), 'utf8'));
    const rows = list.map((row: { id: BrokerName }) => ({ ...row, address: networks.get(row.id)?.address }));
    rows.sort(
      (one: { id: string }, other: { id: string }) => Number(other.id === first) - Number(one.id === first),
    );
    const file = join(stack.layout.home, `brokers-${name}.json`);
    writeFileSync(file, JSON.stringify(rows));
    return new Ways(file, networks, endings);
  }

  /** Nothing goes to any broker or comes from it, but for these. */
  hold(...but: readonly BrokerName[]): void {
    for (const [broker, network] of this.networks) if (!but.includes(broker)) network.freeze();
  }

  letGo(): void {
    for (const network of this.networks.values()) network.thaw();
  }

  close(): void {
    for (const end of this.endings) end();
  }
}
