export interface BenchOptions {
  readonly brokers: string;
  readonly redisUrl: string;
  /** How many of what is measured one by one. */
  readonly samples: number;
  /** How often a rate is measured; the best counts. */
  readonly rounds: number;
  /** Where the Kafka of this run keeps its partitions; absent: it is somebody else's. */
  readonly kafkaLogs?: string;
}

/** How far it is, for who watches; the figures themselves go to standard output. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
