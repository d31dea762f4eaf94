import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KafkaLog } from '#libs/log';
import { ensureBuild } from '../../../deploy/local/build.mjs';
import { freePort } from '../../support/servers.mjs';
import { waitFor } from '../../support/wait-for.ts';
import type { World } from './harness.ts';

/** Brokers as processes of their own, on the Kafka of the tests. */

export const KAFKA = process.env.TRUNKLINE_KAFKA_BROKERS ?? '';
export const PARTITIONS = 3;

/** What a process has once its garbage is thrown away. */
export interface Kept {
  /** On the heap of JavaScript, and elsewhere for its objects, in KiB. */
  readonly heapKib: number;
  /** What malloc has from the system, in KiB: certificates and all else of OpenSSL is in there. */
  readonly mallocKib: number;
}

const PROBE = fileURLToPath(new URL('./memory-probe.mjs', import.meta.url));

/** Runs a broker that can be asked what it keeps (`keptBy`); the world ends it. */
export async function runBroker(world: World, env: Record<string, string>) {
  // It may have to build first.
  const main = join(ensureBuild().dir, 'apps/broker/src/main.js');
  const child = spawn(process.execPath, ['--expose-gc', '--import', PROBE, main], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { PATH: process.env.PATH, TRUNKLINE_KAFKA_BROKERS: KAFKA, TRUNKLINE_LOG_LEVEL: 'info', ...env },
  });
  const ended = { code: undefined as number | null | undefined, text: '' };
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      ended.text += chunk;
    });
  }
  child.on('close', (code) => {
    ended.code = code;
  });
  world.ends(() => child.kill('SIGKILL'));
  return { child, ended };
}

/** Runs a broker until it is ready, in a region whose topics are there. */
export async function readyBroker(world: World, region: string) {
  const log = new KafkaLog({ brokers: KAFKA.split(','), clientId: 'test' });
  world.ends(() => log.close());
  await log.ensureTopics(region, { partitions: PARTITIONS });
  const [port, admin] = [await freePort(), await freePort()];
  const running = await runBroker(world, {
    ...(await world.env()),
    TRUNKLINE_PARTITIONS: String(PARTITIONS),
    TRUNKLINE_BROKER_PORT: String(port),
    TRUNKLINE_ADMIN_PORT: String(admin),
  });
  const isReady = async () => (await fetch(`http://127.0.0.1:${admin}/health/ready`)).status === 200;
  await waitFor(isReady, { withinMs: 30_000, what: 'readiness' });
  return { ...running, log, port, admin };
}

/** Has a broker's process throw its garbage away. @returns what is left */
export async function keptBy(child: ChildProcess): Promise<Kept> {
  const answer = once(child, 'message') as Promise<[Kept]>;
  child.send('kept');
  return (await answer)[0];
}
