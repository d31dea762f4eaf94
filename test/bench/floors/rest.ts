import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { Controller, Get, Module, Param } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { built } from '../libs.ts';
import type { Reads, Request } from '../rest/requests.ts';

// A process of its own: a bare Nest app that sends Redis what the registry sends it for these requests, in as many
// rounds, and gives the answer that the controller gave, made beforehand.

type Client = import('../../../libs/registry/src/client.ts').RedisClient;
type Command = import('../../../libs/registry/src/client.ts').RedisCommand;
const registry = <T>(file: string) => built<T>(`libs/registry/src/${file}.js`);
const { RedisClient } = await registry<typeof import('../../../libs/registry/src/client.ts')>('client');
const { Wholeness } = await registry<typeof import('../../../libs/registry/src/wholeness.ts')>('wholeness');
const { eventsOfConnection, listConnections, oneConnection } =
  await registry<typeof import('../../../libs/registry/src/connections.ts')>('connections');
const { connectionAt, listConnectionsAt } =
  await registry<typeof import('../../../libs/registry/src/history/read.ts')>('history/read');

interface Given {
  readonly redisUrl: string;
  readonly region: string;
  /** Of the positions of the region's projector. */
  readonly fields: readonly string[];
  readonly controllerUrl: string;
  readonly requests: readonly Request[];
}
interface Prepared {
  readonly rounds: readonly (readonly Command[])[];
  readonly answer: object;
}

const { redisUrl, region, fields, controllerUrl, requests } = JSON.parse(
  readFileSync(process.argv[2] ?? '', 'utf8'),
) as Given;
const client = new RedisClient(redisUrl, (error) => console.error(error));
while (!client.connected) await new Promise((resolve) => setTimeout(resolve, 5));

async function read(by: Client, reads: Reads): Promise<unknown> {
  switch (reads.of) {
    case 'get':
      return oneConnection(by, reads.id);
    case 'list':
      return listConnections(by, reads.filter, {});
    case 'explain':
      return eventsOfConnection(by, reads.id, { limit: 500 });
    case 'at':
      return connectionAt(by, reads.id, reads.atMs);
    case 'list-at':
      return listConnectionsAt(by, {}, {}, reads.atMs);
  }
}

async function prepare({ path, reads }: Request): Promise<Prepared> {
  const rounds: (readonly Command[])[] = [];
  const recorder = {
    clustered: false,
    run: (commands: readonly Command[]) => {
      if (commands.length > 0) rounds.push(commands);
      return client.run(commands);
    },
  } as unknown as Client;
  await new Wholeness(recorder, region, fields).reading(() => read(recorder, reads));
  const answer = await fetch(`${controllerUrl}${path}`);
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status}`);
  return { rounds, answer: (await answer.json()) as object };
}

const prepared: Prepared[] = [];
for (const request of requests) prepared.push(await prepare(request));

@Controller()
class Floor {
  @Get(':n')
  async answer(@Param('n') n: string): Promise<object> {
    const { rounds, answer } = prepared[Number(n)] as Prepared;
    for (const round of rounds) await client.run(round);
    return answer;
  }
}

@Module({ controllers: [Floor] })
class FloorModule {}

const app = await NestFactory.create(FloorModule, { logger: false });
await app.listen(0, '127.0.0.1');
process.send?.((app.getHttpServer().address() as AddressInfo).port);
process.on('disconnect', () => process.exit(0));
