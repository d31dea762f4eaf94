import { type DeadLetterReason, HEADER, LIMITS, messageType } from '#libs/contracts';
import { goldenData } from './golden.ts';

/** A record for kafkajs that no loop may take; `headers.poison` names it, also in the dead-letter topic. */
export interface PoisonRecord {
  readonly kind: string;
  readonly reason: DeadLetterReason;
  readonly key: string | null;
  readonly value: Buffer | null;
  readonly headers: Record<string, string>;
}

/** Header by which a test finds its poison again. */
export const POISON_HEADER = 'poison';

interface Parts {
  key: string | null;
  value: Buffer | string | null;
  headers: Record<string, string>;
}

/** A good fact of a connection that nobody knows, from which each kind goes wrong in its own way. */
function goodParts(id: string): Parts & { readonly data: Record<string, unknown> } {
  const data = { ...goldenData('connection-lost'), connection_id: id, home_region: undefined };
  return { data, key: id, value: JSON.stringify(data), headers: headersOf('connection-lost', id) };
}

function headersOf(name: string, key: string): Record<string, string> {
  return {
    'content-type': 'application/json',
    ce_specversion: '1.0',
    ce_type: messageType(name),
    ce_id: `poison-${key}`,
    ce_source: '/poison',
    ce_subject: key,
    ce_time: '2026-11-21T09:30:00Z',
  };
}

function request(id: string, changes: object): Partial<Parts> {
  const data = {
    ...goldenData('connection-request'),
    connection_id: id,
    client_id: id.split(':')[0],
    ...changes,
  };
  return { value: JSON.stringify(data), headers: headersOf('connection-request', id) };
}

type Good = ReturnType<typeof goodParts>;
type Kind = readonly [
  kind: string,
  reason: DeadLetterReason,
  spoil: (good: Good, id: string) => Partial<Parts>,
];

const data = (change: (good: Good) => unknown) => (good: Good) => ({ value: JSON.stringify(change(good)) });
const headers = (changes: Record<string, string>) => (good: Good) => ({
  headers: { ...good.headers, ...changes },
});

function withoutHeaders(good: Good): Partial<Parts> {
  const kept = Object.entries(good.headers).filter(([name]) => !name.startsWith('ce_'));
  return { headers: Object.fromEntries(kept) };
}

const KINDS: readonly Kind[] = [
  ['no-key', 'missing-key', () => ({ key: null })],
  ['no-value', 'missing-value', () => ({ value: null })],
  ['oversized', 'oversized', data(({ data }) => ({ ...data, padding: 'x'.repeat(LIMITS.messageBytes) }))],
  ['broken-json', 'broken-json', ({ value }) => ({ value: String(value).slice(0, -1) })],
  ['not-text', 'broken-json', () => ({ value: Buffer.from([0xff, 0xfe, 0x00, 0x9f, 0x92, 0x96]) })],
  ['deep-json', 'too-deep', () => ({ value: '[{"a":'.repeat(5_000) })],
  [
    'proto-member',
    'forbidden-key',
    ({ value }) => ({ value: `{"__proto__":{"admin":true},${String(value).slice(1)}` }),
  ],
  ['no-cloudevent', 'not-a-cloudevent', withoutHeaders],
  ['old-cloudevent', 'not-a-cloudevent', headers({ ce_specversion: '0.3' })],
  ['foreign-type', 'unknown-type', headers({ ce_type: 'com.example.thing.v1' })],
  ['later-version', 'unknown-version', headers({ ce_type: 'trunkline.connection-lost.v9' })],
  ['session-request', 'invalid-data', (_good, id) => request(id, { kind: 'session' })],
  ['command-among-facts', 'wrong-topic', headers({ ce_type: messageType('connect') })],
  ['wrong-type', 'invalid-data', data(({ data }) => ({ ...data, epoch: '1' }))],
  ['missing-field', 'invalid-data', data(({ data }) => ({ ...data, epoch: undefined }))],
  ['null-field', 'invalid-data', data(({ data }) => ({ ...data, client_id: null }))],
  ['list-as-data', 'invalid-data', data(({ data }) => [data])],
  [
    'key-of-another',
    'key-contradicts-data',
    data(({ data }) => ({ ...data, connection_id: 'somebody:else' })),
  ],
  ['link-of-another', 'key-contradicts-data', (_good, id) => request(id, { client_id: 'somebody' })],
  ['wrong-home', 'wrong-home-region', (_good, id) => request(id, { home_region: 'elsewhere' })],
];

export const POISON_KINDS: readonly string[] = KINDS.map(([kind]) => kind);

/** So many poison facts for `connection-status`, the kinds in turn, each on a connection of its own. */
export function poisonFacts(count: number, prefix = 'poison'): PoisonRecord[] {
  return Array.from({ length: count }, (_, index) => {
    const [kind, reason, spoil] = KINDS[index % KINDS.length] as Kind;
    const id = `${prefix}-${index}:${kind}`;
    const good = goodParts(id);
    const parts: Parts = { ...good, ...spoil(good, id) };
    const value = typeof parts.value === 'string' ? Buffer.from(parts.value) : parts.value;
    return {
      kind,
      reason,
      key: parts.key,
      value,
      headers: { ...parts.headers, [POISON_HEADER]: `${kind}#${index}` },
    };
  });
}

/** What a test compares: which poison, and with which reason it was put aside. */
export function poisonOf(deadLetter: Record<string, { toString(): string } | undefined>): string {
  return `${deadLetter[POISON_HEADER]}: ${deadLetter[HEADER.deadLetterReason]}`;
}
