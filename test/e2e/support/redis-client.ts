import { spawn } from 'node:child_process';
import { redisCommand } from '../../support/redis.ts';
import { onPath } from './on-path.ts';

const COMMAND_LIMIT_MS = 60_000;

/** A client of Redis that a person would use: `redis-cli` of the PATH, or the one of these tests where there is none. */
export interface RedisClient {
  readonly name: string;
  set(url: string, key: string, value: string): Promise<unknown>;
  get(url: string, key: string): Promise<unknown>;
}

export function redisClient(): RedisClient {
  const program = onPath('redis-cli');
  if (program === undefined) {
    return {
      name: "the tests' own client (no redis-cli on the PATH)",
      set: (url, key, value) => redisCommand(url, 'SET', key, value),
      get: (url, key) => redisCommand(url, 'GET', key),
    };
  }
  const run = (url: string, args: readonly string[], input = '') =>
    runCli(program, ['-u', url, ...args], input);
  return {
    name: program,
    // The value comes by standard input: an argument may be shorter than it.
    set: (url, key, value) => run(url, ['-x', 'SET', key], value),
    get: (url, key) => run(url, ['GET', key]),
  };
}

/** @returns what it printed, without the end of the line */
function runCli(program: string, args: readonly string[], input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { timeout: COMMAND_LIMIT_MS });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text) => {
        said += String(text);
      });
    }
    child.stdin.on('error', () => {});
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(said.replace(/\n$/, ''));
      else reject(new Error(`redis-cli ended with ${code}: ${said}`));
    });
    child.stdin.end(input);
  });
}
