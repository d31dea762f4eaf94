import { connect, createServer, type Socket } from 'node:net';
import { splitAddress } from '#libs/relay';

/** One way through the network; `to-near` is towards whoever dialled. */
type Way = 'to-near' | 'to-far';

/** A network before an address, which can stop carrying without a reset and go on later, as a frozen path does. */
export class Network {
  private readonly frozen = new Set<Way>();
  private readonly flows: { readonly way: Way; readonly from: Socket; readonly to: Socket }[] = [];

  private constructor(readonly address: string) {}

  static async before(address: string, ends: (ending: () => void) => void): Promise<Network> {
    const relay = createServer();
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
    const bound = relay.address();
    const network = new Network(`127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`);
    relay.on('connection', (near) => network.join(near, connect(splitAddress(address))));
    ends(() => {
      relay.close();
      for (const { from } of network.flows) from.destroy();
    });
    return network;
  }

  /** From now on nothing arrives, ends and resets included; both ways unless told otherwise. */
  freeze(...ways: Way[]): void {
    for (const way of ways.length === 0 ? (['to-near', 'to-far'] as const) : ways) this.frozen.add(way);
    for (const { way, from } of this.flows) if (this.frozen.has(way)) from.pause();
  }

  /** What was on its way arrives, and all goes on. */
  thaw(): void {
    this.frozen.clear();
    for (const { from } of this.flows) from.resume();
  }

  private join(near: Socket, far: Socket): void {
    this.flow('to-far', near, far);
    this.flow('to-near', far, near);
  }

  private flow(way: Way, from: Socket, to: Socket): void {
    this.flows.push({ way, from, to });
    from.on('error', () => {});
    from.on('data', (chunk: Buffer) => to.write(chunk));
    from.on('end', () => to.end());
    from.on('close', () => {
      if (!this.frozen.has(way)) to.destroySoon();
    });
    if (this.frozen.has(way)) from.pause();
  }
}
