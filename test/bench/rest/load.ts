import { Agent, get } from 'node:http';

/** Calls one after the other, each as soon as the one before it was answered. @returns milliseconds of each */
export async function oneByOne(url: string, paths: readonly string[], count: number): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const took: number[] = [];
    for (let n = 0; n < count; n += 1) {
      const startedMs = performance.now();
      await answered(agent, url + (paths[n % paths.length] as string));
      took.push(performance.now() - startedMs);
    }
    return took;
  } finally {
    agent.destroy();
  }
}

/** Calls on so many connections at once, for so long. @returns answers a second */
export async function atOnce(
  url: string,
  paths: readonly string[],
  { connections, forMs }: { readonly connections: number; readonly forMs: number },
): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  try {
    const startedMs = performance.now();
    let [next, done] = [0, 0];
    const caller = async () => {
      while (performance.now() - startedMs < forMs) {
        await answered(agent, url + (paths[next++ % paths.length] as string));
        done += 1;
      }
    };
    await Promise.all(Array.from({ length: connections }, caller));
    return (done * 1_000) / (performance.now() - startedMs);
  } finally {
    agent.destroy();
  }
}

/** @throws when the answer is none: a figure of errors is none. */
function answered(agent: Agent, url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      const { statusCode } = response;
      response.resume();
      response.once('error', reject);
      response.once('end', () => {
        if (statusCode === 200) resolve();
        else reject(new Error(`${url}: ${statusCode}`));
      });
    }).once('error', reject);
  });
}
