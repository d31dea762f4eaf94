import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { KafkaLog } from '#libs/log';
import { ensureBuild } from '../../../deploy/local/build.mjs';
import { freePort } from '../../support/servers.mjs';
import { waitFor } from '../../support/wait-for.ts';
import type { World } from './harness.ts';

/** Brokers as processes of their own, on the Kafka of the tests. */

export const KAFKA = process.env.TRUNKLINE_KAFKA_BROKERS ?? '';
export const PARTITIONS = 3;

/** Runs a broker; the world ends it. */
export async function runBroker(world: World, env: Record<string, string>) {
  // It may have to build first.
  const child = spawn(process.execPath, [join(ensureBuild().dir, 'apps/broker/src/main.js')], {
    env: { PATH: process.env.PATH, TRUNKLINE_KAFKA_BROKERS: KAFKA, TRUNKLINE_LOG_LEVEL: 'info', ...env },
  });
  const ended = { code: undefined as number | null | undefined, text: '' };
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
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
