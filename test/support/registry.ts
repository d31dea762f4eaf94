import { randomUUID } from 'node:crypto';
import {
  openRegistryReader,
  openRegistryWriter,
  type RegistryReader,
  type RegistryWriter,
} from '#libs/registry';
import { ownDatabase } from './projection.ts';
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
