import { createRequire } from 'node:module';
import { encodeProduce, type TopicMessages } from './record-batch.ts';

/**
 * kafkajs builds a request out of an encoder object for each header, and copies each record's bytes some eight
 * times on their way up; at full load that took a third of a control loop. Here the encoding of produce
 * requests, and nothing else of kafkajs, is replaced by one that writes the same bytes once (record-batch.spec.ts
 * compares the two). Versions of the protocol, answers, connections and retries stay kafkajs's.
 */

/** The bytes as kafkajs's own request builder takes them: like one of its encoders. */
interface Encoded {
  readonly buf: Buffer;
  readonly buffer: Buffer;
}

export interface ProduceRequest {
  readonly apiVersion: number;
  encode(): Promise<Encoded>;
}

export interface ProduceOptions {
  readonly acks: number;
  readonly timeout: number;
  readonly transactionalId?: string | null;
  readonly compression: number;
  readonly topicData: readonly TopicMessages[];
}

export interface ProduceProtocol {
  readonly request: ProduceRequest;
  readonly response: unknown;
}

type Protocol = (options: ProduceOptions) => ProduceProtocol;

export interface ProduceDefinition {
  protocol(version: { readonly version: number }): Protocol;
}

/** Versions whose bodies are alike, and hold record batches. */
const VERSIONS = { from: 3, to: 7 } as const;

/** kafkajs's table of requests; it exports no types for it. */
export const kafkajsProduce: ProduceDefinition = createRequire(import.meta.url)(
  'kafkajs/src/protocol/requests/index.js',
).requests.Produce;

let installed = false;

/** From here on every producer of this process encodes by `record-batch.ts`. */
export function installFastProduce(): void {
  if (installed) return;
  installed = true;
  const original = kafkajsProduce.protocol;
  kafkajsProduce.protocol = ({ version }) => withFastEncoding(original({ version }));
}

/** What it does not know, kafkajs goes on encoding: transactions, compression, own timestamps, repeated headers. */
export function withFastEncoding(protocol: Protocol): Protocol {
  return (options) => {
    const { request, response } = protocol(options);
    const { apiVersion } = request;
    if (apiVersion < VERSIONS.from || apiVersion > VERSIONS.to || !isPlain(options)) {
      return { request, response };
    }
    const encode = async (): Promise<Encoded> => {
      const buffer = encodeProduce(options.acks, options.timeout, options.topicData, Date.now());
      return { buf: buffer, buffer };
    };
    return { request: { ...request, encode }, response };
  };
}

function isPlain({ transactionalId, compression, topicData }: ProduceOptions): boolean {
  if (transactionalId || compression !== 0) return false;
  return topicData.every(({ partitions }) =>
    partitions.every(({ messages }) =>
      messages.every(({ timestamp, headers }) => {
        if (timestamp !== undefined) return false;
        for (const name in headers) if (Array.isArray(headers[name])) return false;
        return true;
      }),
    ),
  );
}
