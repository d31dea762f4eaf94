import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Broker } from '#libs/endpoint';
import { brokersOf, CROWDED, type People, peopleOf } from '../../e2e/support/session-load.ts';
import { type Name, type Stack, startStack } from '../../support/stack.ts';
import type { TlsFiles } from './tls-files.ts';

export const STAGE_BROKERS = ['broker-us-1', 'broker-us-2', 'broker-in-3'] as const satisfies readonly Name[];
const CONTROLLERS: readonly Name[] = ['central-controller-east', 'central-controller-west'];

/** What the benches of sessions stand on: real processes of the local stack, endpoints elsewhere. */
export interface SessionStage {
  readonly stack: Stack;
  readonly people: People;
  /** Files of one of the local stack's identities. */
  files(leaf: 'controller' | 'target' | 'operator'): TlsFiles;
  broker(name: Name): Broker;
}

export async function startSessionStage(): Promise<SessionStage> {
  const { TRUNKLINE_BENCH_PROFILES: profiles } = process.env;
  const preload = fileURLToPath(new URL('./profile.mjs', import.meta.url));
  const profiled = { NODE_OPTIONS: `--import ${preload}`, TRUNKLINE_BENCH_PROFILES: profiles };
  const env = { ...CROWDED, ...(profiles === undefined ? {} : profiled) };
  const stack = await startStack({
    programs: [...CONTROLLERS, ...STAGE_BROKERS],
    env: Object.fromEntries(STAGE_BROKERS.map((name) => [name, env])),
  });
  const file = (name: string): string => join(stack.layout.pki, name);
  return {
    stack,
    people: await peopleOf(stack),
    files: (leaf) => ({ ca: file('ca.crt'), cert: file(`${leaf}.crt`), key: file(`${leaf}.key`) }),
    broker: (name) => {
      const [broker] = brokersOf(stack, name);
      if (broker === undefined) throw new Error(`${name} is not on the list`);
      return broker;
    },
  };
}
