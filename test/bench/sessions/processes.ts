import { readFileSync } from 'node:fs';
import { waitFor } from '../../support/wait-for.ts';

/** Of `/proc/<pid>/stat`, in a second. */
const TICKS = 100;
const SETTLE_EVERY_MS = 300;
const SETTLE_LOOKS = 6;
const SETTLE_LIMIT_MS = 20_000;
const SETTLED_WITHIN = 0.01;

/** Processor seconds that a process has used, in all its threads. */
export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // Behind the name, which may hold anything, user and system time are fields 12 and 13.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Memory of a process that is resident, in KiB. */
export function residentKib(pid: number): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1] ?? Number.NaN);
}

/** The same once it changes little, or after a while: garbage comes and goes. The least of the last looks. */
export async function settledKib(pid: number): Promise<number> {
  const looks: number[] = [];
  const until = performance.now() + SETTLE_LIMIT_MS;
  return waitFor(
    () => {
      looks.push(residentKib(pid));
      const last = looks.slice(-SETTLE_LOOKS);
      const [least, most] = [Math.min(...last), Math.max(...last)];
      const isSettled = last.length === SETTLE_LOOKS && most - least <= least * SETTLED_WITHIN;
      return (isSettled || performance.now() > until) && least;
    },
    { what: 'settled memory', withinMs: 2 * SETTLE_LIMIT_MS, everyMs: SETTLE_EVERY_MS },
  );
}
