import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spiffeId } from '#libs/contracts';
import { KafkaLog } from '#libs/log';
import { ensurePki } from '#libs/pki';
import { systemClock } from '#libs/platform';
import { freePort } from '../support/servers.mjs';
import { waitFor } from '../support/wait-for.ts';
import { startController } from './controller.ts';
import { atMost, type Comparison, quantiles, ratiosOf } from './figures.ts';
import { BenchFleet, SERVER_GROUP } from './fleet.ts';
import { type EchoFiles, grpcOverTwoHops } from './floors/grpc-kafka.ts';
import { holdToAccount } from './hold.ts';
import { unique } from './kafka.ts';
import { built } from './libs.ts';
import { type BenchOptions, say } from './options.ts';

const WARM_UP = 50;
const PARTITIONS = 12;
const DEADLINE_MS = 5_000;
const AIM = 1.5;

/**
 * From a question of a home's controller to the answer of the peer's, a real process with its loop and its door:
 * mTLS, the fact, the reservation in the log, and back. One at a time, each for a connection of its own.
 */
export async function peer({ brokers, redisUrl, samples }: BenchOptions): Promise<Comparison> {
  const [home, region] = [unique('home'), unique('peer')];
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-bench-pki-'));
  const log = new KafkaLog({ brokers: brokers.split(','), clientId: 'bench' });
  try {
    await ensurePki(
      folder,
      [home, region].map((each) => ({ name: each, uri: spiffeId(each, 'central-controller', each) })),
      Date.now(),
    );
    const file = (name: string) => join(folder, name);
    const pair = (name: string) => ({ cert: file(`${name}.crt`), key: file(`${name}.key`) });
    const files = { ca: file('ca.crt'), client: pair(home), server: pair(region) };
    // Before and after, so that a busy machine is busy for both.
    const before = await grpcOverTwoHops(brokers, files, samples / 2);
    say(`gRPC over two raw hops: p50 ${quantiles(before).p50} ms; now a question to a peer`);
    for (const each of [home, region]) await log.ensureTopics(each, { partitions: PARTITIONS });
    const measured = quantiles(await questions({ log, brokers, redisUrl, home, region, files, samples }));
    const floor = quantiles([...before, ...(await grpcOverTwoHops(brokers, files, samples / 2))]);
    const ratios = ratiosOf(measured, floor);
    return {
      name: 'RequestFailover at the home',
      unit: 'ms',
      measured,
      floor,
      floorIs: 'grpc-js over mTLS to a process that does two raw kafkajs hops before it answers',
      ratios,
      aims: [atMost('p50 to floor', ratios.p50, AIM), atMost('p99 to floor', ratios.p99, AIM)],
    };
  } finally {
    rmSync(folder, { recursive: true });
    await log.close();
  }
}

interface Asking extends Pick<BenchOptions, 'brokers' | 'redisUrl' | 'samples'> {
  readonly log: KafkaLog;
  readonly home: string;
  readonly region: string;
  readonly files: EchoFiles;
}

async function questions({ log, home, region, files, samples, ...at }: Asking): Promise<number[]> {
  const capacity = WARM_UP + samples;
  const fleets = [
    new BenchFleet(log, home, { clients: 10, servers: 0, capacity: 0 }),
    new BenchFleet(log, region, { clients: 0, servers: 10, capacity }),
  ];
  for (const fleet of fleets) await fleet.start();
  const port = await freePort();
  const controller = await startController({
    ...at,
    region,
    regions: [home, region],
    parts: ['control-loop', 'failover'],
    env: {
      TRUNKLINE_GRPC_PORT: String(port),
      TRUNKLINE_TLS_CA: files.ca,
      TRUNKLINE_TLS_CERT: files.server.cert,
      TRUNKLINE_TLS_KEY: files.server.key,
    },
  });
  const { PeerClient } = await built<
    typeof import('../../apps/central-controller/src/failover/peer-client.ts')
  >('apps/central-controller/src/failover/peer-client.js');
  const tls = {
    ca: readFileSync(files.ca),
    cert: readFileSync(files.client.cert),
    key: readFileSync(files.client.key),
  };
  const client = new PeerClient(
    { region, address: `127.0.0.1:${port}` },
    { region: home, tls, clock: systemClock, circuit: () => undefined },
  );
  const ask = (index: number) => {
    const client_id = `bench-client-${index % 10}`;
    const deadlineMs = Date.now() + DEADLINE_MS;
    const deadline_at = new Date(deadlineMs).toISOString();
    const asked = { epoch: 2, peer_region: region, client_id, server_group: SERVER_GROUP };
    const question = { ...asked, reason: 'server-lost', deadline_at } as const;
    const connectionId = `${client_id}:link-${index}`;
    return client.ask({ connectionId, question, deadlineMs }, new AbortController().signal);
  };
  try {
    await controller.ready();
    await waitFor(async () => (await ask(0)).outcome === 'assigned', { what: 'an answer of the peer' });
    const took: number[] = [];
    for (let index = 1; index <= WARM_UP + samples; index++) {
      const begin = performance.now();
      const { outcome, reason } = await ask(index);
      if (index > WARM_UP) took.push(performance.now() - begin);
      if (outcome !== 'assigned') throw new Error(`the peer said ${outcome} (${reason})`);
    }
    await holdToAccount(log, [home, region]);
    return took;
  } finally {
    for (const fleet of fleets) fleet.stop();
    client.close();
    await controller.stop();
  }
}
