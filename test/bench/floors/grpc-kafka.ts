import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ChannelCredentials, Client, Metadata } from '@grpc/grpc-js';
import { freePort } from '../../support/servers.mjs';
import { createTopics, plainKafka, unique } from '../kafka.ts';
import { ECHO } from './grpc-echo-method.ts';

const WARM_UP = 50;
const PARTITIONS = 12;
const DEADLINE_MS = 5_000;
/** As large as a request for a server. */
const REQUEST = Buffer.alloc(110, 'x');

/** PEM files of both ends' certificates. */
export interface EchoFiles {
  readonly ca: string;
  readonly client: { readonly cert: string; readonly key: string };
  readonly server: { readonly cert: string; readonly key: string };
}

/**
 * The floor of a question to a peer: grpc-js over mTLS to another process, which sends a record, reads it, sends one
 * on it, and reads that before it answers; plain kafkajs with acks of all. One at a time, in milliseconds.
 */
export async function grpcOverTwoHops(brokers: string, files: EchoFiles, samples: number): Promise<number[]> {
  const [there, back] = [unique('grpc-there'), unique('grpc-back')];
  await createTopics(plainKafka(brokers), [there, back], PARTITIONS);
  const address = `127.0.0.1:${await freePort()}`;
  const { ca, client, server } = files;
  const args = [brokers, there, back, address, ca, server.cert, server.key];
  const echo = fork(fileURLToPath(new URL('./grpc-echo.ts', import.meta.url)), args);
  await once(echo, 'message');
  const [root, key, cert] = [ca, client.key, client.cert].map((file) => readFileSync(file));
  const credentials = ChannelCredentials.createSsl(root, key, cert, { checkServerIdentity: () => undefined });
  const stub = new Client(address, credentials, { 'grpc.ssl_target_name_override': 'localhost' });
  const call = () =>
    new Promise<void>((resolve, reject) => {
      const { path, requestSerialize, responseDeserialize } = ECHO;
      const options = { deadline: Date.now() + DEADLINE_MS };
      stub.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        REQUEST,
        new Metadata(),
        options,
        (error) => (error ? reject(error) : resolve()),
      );
    });
  const took: number[] = [];
  for (let index = 0; index < WARM_UP + samples; index++) {
    const begin = performance.now();
    await call();
    if (index >= WARM_UP) took.push(performance.now() - begin);
  }
  stub.close();
  echo.disconnect();
  return took;
}
