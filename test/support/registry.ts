import { randomUUID } from 'node:crypto';
import {
  openRegistryReader,
  openRegistryWriter,
  type RegistryReader,
  type RegistryWriter,
} from '#libs/registry';
import { ownDatabase } from './projection.ts';
import { redisCommand } from './redis.ts';
import { type RedisCluster, startRedisCluster } from './redis-cluster.ts';
import { waitFor } from './wait-for.ts';

export const EARLIEST = { offset: 0, writer_epoch: 0, writer_id: '' };
export const EVENTS = 'east.controller-events';

export interface RegistryUnderTest {
  /** The control region whose registry it is. */
  region: string;
  url: string;
  writer: RegistryWriter;
  reader: RegistryReader;
}

/** An empty registry for each test of a file, in a database of its own. */
export function useRegistry(): RegistryUnderTest {
  const under = {} as RegistryUnderTest;
  beforeEach(async () => {
    const url = await ownDatabase();
    const region = `t${randomUUID().slice(0, 8)}`;
    const writer = openRegistryWriter({ url }, region);
    const reader = openRegistryReader({ url }, { region, topics: [EVENTS], partitions: 1 });
    Object.assign(under, { region, url, writer, reader });
    await waitFor(() => writer.ping().then(() => true));
    await writer.positions.begin(`${EVENTS}/0`, EARLIEST, 0);
    await waitFor(async () => (await reader.missing()) === undefined);
  });
  afterEach(() => {
    under.writer.close();
    under.reader.close();
  });
  return under;
}

/** The same in a cluster of three; `region` and `url` are the cluster's. */
export function useRegistryCluster(): RegistryUnderTest {
  const under = { region: 'east' } as RegistryUnderTest;
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster();
    const { url } = cluster;
    const writer = openRegistryWriter({ url }, under.region);
    const reader = openRegistryReader({ url }, { region: under.region, topics: [EVENTS], partitions: 1 });
    Object.assign(under, { url, writer, reader });
    await waitFor(() => writer.ping().then(() => true));
    await waitFor(() => reader.missing().then(() => true));
  });
  beforeEach(async () => {
    for (const node of cluster.nodes) await redisCommand(node, 'FLUSHALL');
    await under.writer.positions.begin(`${EVENTS}/0`, EARLIEST, 0);
  });
  afterAll(async () => {
    under.writer?.close();
    under.reader?.close();
    await cluster?.clear();
  });
  return under;
}
