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

/** Whose requests were compared with ours, byte by byte; package.json pins it. */
export const KNOWN_KAFKAJS = '2.2.4';

/** Loads a module of kafkajs; it exports no types for them. */
export type LoadModule = (path: string) => unknown;

/** kafkajs's own encoding of produce requests. @throws Error when this kafkajs is not the one that is known here */
export function kafkajsProduce(load: LoadModule = createRequire(import.meta.url)): ProduceDefinition {
  const { version } = load('kafkajs/package.json') as { version?: unknown };
  if (version !== KNOWN_KAFKAJS) throw new Error(`kafkajs ${String(version)} is not ${KNOWN_KAFKAJS}`);
  const { requests } = load('kafkajs/src/protocol/requests/index.js') as {
    requests?: { Produce?: Partial<ProduceDefinition> };
  };
  const found = requests?.Produce;
  if (typeof found?.protocol !== 'function') throw new Error('kafkajs keeps its produce requests elsewhere');
  return found as ProduceDefinition;
}

let tried = false;

/**
 * From here on every producer of this process encodes by `record-batch.ts`. With a kafkajs that is not known here its
 * own encoding stays, which is slower and no less right.
 */
export function installFastProduce(left: (error: unknown) => void): void {
  if (tried) return;
  tried = true;
  replaceEncoding(left);
}

/** @param left told why kafkajs's own encoding stays. */
export function replaceEncoding(left: (error: unknown) => void, load?: LoadModule): void {
  try {
    const produce = kafkajsProduce(load);
    const original = produce.protocol;
    produce.protocol = ({ version }) => withFastEncoding(original({ version }));
  } catch (error) {
    left(error);
  }
}

/** What it does not know, kafkajs goes on encoding: transactions, compression, own timestamps, repeated headers, values of other types. */
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
      messages.every(({ key, value, timestamp, headers }) => {
        if (timestamp !== undefined || !isBytes(key) || !isBytes(value)) return false;
        for (const name in headers) if (!isBytes(headers[name])) return false;
        return true;
      }),
    ),
  );
}

function isBytes(value: unknown): boolean {
  return value === undefined || value === null || typeof value === 'string' || Buffer.isBuffer(value);
}
