import { Kafka, logLevel } from 'kafkajs';
import type { LogObserver } from '../observer.ts';
import type { LogTracer } from '../tracing.ts';
import { installFastProduce } from './fast-produce.ts';

export interface KafkaLogOptions {
  readonly brokers: readonly string[];
  /** Names the program in the broker's logs. */
  readonly clientId: string;
  readonly observer?: LogObserver;
  readonly tracer?: LogTracer | undefined;
  /** A consumer that lags and gets nothing for so long is built anew, in milliseconds; default 10,000. */
  readonly stallMs?: number;
  /** Who asks about a topic that has no leader, or is not there, waits so long, in milliseconds; default 60,000. */
  readonly leaderlessMs?: number;
}

/** Bounds of one KafkaLog, in milliseconds unless the name says otherwise. */
export const KAFKA_LIMITS = {
  connectTimeoutMs: 2_000,
  /** A request that got no answer by then is rejected; its effect is unknown. */
  requestTimeoutMs: 5_000,
  /** An admin call, its own retries included, is over after. */
  adminMs: 15_000,
  /** publish() gives up after these retries: 5, 10, 20 … 640 ms, 5 s and a little in all. */
  publishRetries: 11,
  publishRetryMaxMs: 800,
  /** publish() rejects after so long, whatever Kafka does. */
  publishLimitMs: 10_000,
  /** Records that wait in publish() at most; more are rejected at once. */
  publishWaitingRecords: 100_000,
  /** Records, and bytes, of one produce request; brokers take a batch of 1 MiB. */
  publishRecords: 1_000,
  publishBytes: 512 * 1024,
  /** A member that was killed is out of its group after. The broker's least is 6,000. */
  sessionTimeoutMs: 6_000,
  heartbeatIntervalMs: 1_000,
  rebalanceTimeoutMs: 8_000,
  maxWaitMs: 100,
  /** Partitions handled side by side by one consumer. */
  concurrency: 64,
  bytesPerPartition: 1024 * 1024,
  /** A consumer that has not joined its group by then is built anew. */
  joinMs: 30_000,
  /** A consumer that stands behind while a handler runs is built anew after. */
  handlerStallMs: 60_000,
  stallMs: 10_000,
  watchIntervalMs: 2_000,
  rebuildMs: 250,
  rebuildMaxMs: 2_000,
  /** The same batch is given again so long after its handler failed. */
  redeliverMs: 200,
  disconnectMs: 3_000,
} as const;

/**
 * One kafkajs client. Retries here concern connecting and metadata only; what is retried of sends is the
 * producer's own setting.
 */
export function kafkaClient(options: KafkaLogOptions): Kafka {
  installFastProduce((error) => options.observer?.failed?.('fast-produce', error));
  return new Kafka({
    clientId: options.clientId,
    brokers: [...options.brokers],
    connectionTimeout: KAFKA_LIMITS.connectTimeoutMs,
    requestTimeout: KAFKA_LIMITS.requestTimeoutMs,
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 5, maxRetryTime: 500, retries: 5 },
  });
}

/** Waits for the promise, but not longer; what it rejects with is of no interest any more. */
export async function within(promise: Promise<unknown>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([promise.catch(() => undefined), limit]);
  clearTimeout(timer);
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
