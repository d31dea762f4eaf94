import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { RelayEndAsks } from './relay-end.ts';

const LIMIT_MS = 120_000;

type Asks = RelayEndAsks;

/** One of the two processes at the ends of a relay; it ends with this one. */
export class RelayEnd {
  private readonly child: ChildProcess = fork(fileURLToPath(new URL('./relay-end.ts', import.meta.url)));
  private readonly waiting = new Map<
    number,
    { resolve: (answer: never) => void; reject: (error: Error) => void }
  >();
  private asked = 0;

  constructor() {
    this.child.on('message', ({ id, answer, error }: { id: number; answer: never; error?: string }) => {
      const waiter = this.waiting.get(id);
      this.waiting.delete(id);
      if (error === undefined) waiter?.resolve(answer);
      else waiter?.reject(new Error(error));
    });
    this.child.once('exit', (code) => {
      for (const { reject } of this.waiting.values())
        reject(new Error(`an end of the relay ended with ${code}`));
    });
  }

  async ask<Name extends keyof Asks>(
    name: Name,
    ...args: Parameters<Asks[Name]>
  ): Promise<Awaited<ReturnType<Asks[Name]>>> {
    this.asked += 1;
    const id = this.asked;
    const answer = new Promise<Awaited<ReturnType<Asks[Name]>>>((resolve, reject) =>
      this.waiting.set(id, { resolve, reject }),
    );
    this.child.send({ id, name, args });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`${name}: no answer in ${LIMIT_MS} ms`)), LIMIT_MS);
    });
    return Promise.race([answer, late]).finally(() => clearTimeout(timer));
  }

  end(): void {
    if (this.child.connected) this.child.disconnect();
  }
}
