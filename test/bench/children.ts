import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const LIMIT_MS = 180_000;

/** What a program of this folder says once it has run; it ends then, and it ends with us. */
export function resultOf<T>(file: string, args: readonly string[]): Promise<T> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args);
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${file} said nothing for ${LIMIT_MS} ms`)), LIMIT_MS);
    child.once('message', (result) => resolve(result as T));
    child.once('exit', (code) => reject(new Error(`${file} ended with ${code}`)));
    child.once('exit', () => clearTimeout(timer));
  }).finally(() => child.connected && child.disconnect());
}

/** For such a program: a failure ends it, where kafkajs would try for ever; so does the end of its parent. */
export function endOnFailure<A extends unknown[]>(run: (...args: A) => Promise<void>) {
  process.once('disconnect', () => process.exit(0));
  return async (...args: A): Promise<void> => {
    await run(...args).catch((error: unknown) => {
      console.error(error);
      process.exit(1);
    });
  };
}
