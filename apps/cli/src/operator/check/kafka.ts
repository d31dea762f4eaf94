import type { KafkaLog } from '#libs/log';
import { type Finding, fail, messageOf, ok, unreached } from './finding.ts';

export interface KafkaWanted {
  readonly brokers: readonly string[];
  readonly regions: readonly string[];
  readonly partitions: number;
}

/** Whether Kafka answers, and whether each region's topics are as they must be. */
export async function checkKafka(
  log: Pick<KafkaLog, 'topicFaults'>,
  { brokers, regions, partitions }: KafkaWanted,
): Promise<Finding[]> {
  const where = brokers.join(',');
  const findings: Finding[] = [];
  for (const region of regions) {
    const check = `topics of ${region}`;
    try {
      const faults = await log.topicFaults(region, { partitions });
      if (findings.length === 0) findings.push(ok('kafka', `${where} answers`));
      const [first] = faults;
      if (first === undefined) findings.push(ok(check, 'all there, as they must be'));
      else {
        const more = faults.length === 1 ? '' : `, and ${faults.length - 1} more`;
        const what = `${first.topic}: ${first.setting} is ${first.found}, and must be ${first.wanted}${more}`;
        findings.push(
          fail(
            check,
            what,
            `trunkline topics verify --regions ${region} tells all of them; create makes those that are missing`,
          ),
        );
      }
    } catch (error) {
      const hint = 'is Kafka running? --brokers host:port, or TRUNKLINE_KAFKA_BROKERS, says where';
      return [...findings, unreached('kafka', `no answer from ${where} (${messageOf(error)})`, hint)];
    }
  }
  return findings;
}
