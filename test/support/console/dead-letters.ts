import { deadLetterTopic, HEADER } from '#libs/contracts';
import type { EncodedRecord } from '#libs/log';
import { PARTITIONS } from './aggregate.ts';

/** What somebody put on a topic that nobody could take. The texts are as hostile as strangers are. */
const LETTERS: readonly [topic: string, reason: string, key: string, type: string, value: string][] = [
  [
    'east.connection-status',
    'broken-json',
    'bank-client-02:primary',
    'trunkline.connection-lost.v1',
    '{"connection_id":"bank-client-02:primary","epoch":',
  ],
  [
    'east.connection-status',
    'invalid-data',
    '<img src=x onerror=alert(1)>',
    'trunkline.connection-request.v1',
    '{"kind":"link","client_id":"<img src=x onerror=alert(1)>","server_group":"</script><script>alert(2)</script>"}',
  ],
  [
    'west.connection-status',
    'wrong-home-region',
    'bank-client-03:atm',
    'trunkline.connection-request.v1',
    '{"kind":"link","client_id":"bank-client-03","server_group":"scheme"}',
  ],
  ['east.health-reports', 'unknown-type', 'probe-7', 'example.ping.v1', 'hello'],
];

/** As the region's own consumers write them. */
export function deadLetters(): EncodedRecord[] {
  return LETTERS.map(([topic, reason, key, type, value], n) => ({
    topic: deadLetterTopic(topic),
    partition: n % PARTITIONS,
    key,
    value,
    headers: {
      ce_type: type,
      [HEADER.deadLetterReason]: reason,
      [HEADER.deadLetterTopic]: topic,
      [HEADER.deadLetterPartition]: String(n % PARTITIONS),
      [HEADER.deadLetterOffset]: String(90_210 + n),
    },
  }));
}
