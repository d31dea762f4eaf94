import type { Input } from '../decider.ts';
import * as judgement from '../judgement/index.ts';

/** Lives of one agent that are remembered as silent at most; an older one can't come back by its lease. */
const SILENT_LIVES_PER_AGENT = 4;
/**
 * Agents remembered at most, silent ones and draining ones each; the oldest is forgotten. It rides in each
 * checkpoint (about 100 bytes an agent), and a life so long gone can't be in the fleet any more.
 */
export const AGENTS_REMEMBERED = 1_000;

/**
 * What a partition keeps of agents' facts beside the states, in its checkpoint: lives declared silent, on
 * which nothing is placed any more, and lives that were asked to drain.
 */
export interface AgentMemory {
  readonly silent: Readonly<Record<string, readonly string[]>>;
  readonly draining: Readonly<Record<string, string>>;
  /** Of the own region; absent: none was ever set. */
  readonly settings?: judgement.Settings;
}

export const NO_MEMORY: AgentMemory = { silent: {}, draining: {} };

/** The memory after an input; the same value when the input says nothing of an agent as a whole. */
export function remember(memory: AgentMemory, input: Input): AgentMemory {
  if (input.kind !== 'fact') return memory;
  const { fact } = input;
  if (fact.name === 'agent-silent') {
    const { agent_id, incarnation } = fact.data;
    const lives = memory.silent[agent_id] ?? [];
    if (lives.includes(incarnation)) return memory;
    const kept = [incarnation, ...lives].slice(0, SILENT_LIVES_PER_AGENT);
    return { ...memory, silent: withNewest(memory.silent, agent_id, kept) };
  }
  if (fact.name === 'agent-returned') {
    // Only an agent without a lease comes back in the life that was declared silent: it was cut off, and carried on.
    const { agent_id, incarnation } = fact.data;
    const lives = memory.silent[agent_id];
    if (!lives?.includes(incarnation)) return memory;
    const kept = lives.filter((life) => life !== incarnation);
    return { ...memory, silent: withNewest(memory.silent, agent_id, kept) };
  }
  if (fact.name === 'agent-drain-requested') {
    const { agent_id, incarnation } = fact.data;
    if (memory.draining[agent_id] === incarnation) return memory;
    return { ...memory, draining: withNewest(memory.draining, agent_id, incarnation) };
  }
  if (judgement.isSettingFact(fact) && fact.data.control_region === input.ownRegion) {
    const known = memory.settings ?? judgement.EMPTY_SETTINGS;
    const settings = judgement.withSetting(known, judgement.changeOf(fact));
    return settings === known ? memory : { ...memory, settings };
  }
  return memory;
}

/** The entry becomes the newest; members of an object keep the order in which they were added. */
function withNewest<T>(
  entries: Readonly<Record<string, T>>,
  key: string,
  value: T,
): Readonly<Record<string, T>> {
  const others = Object.entries(entries).filter(([each]) => each !== key);
  return Object.fromEntries([...others.slice(-(AGENTS_REMEMBERED - 1)), [key, value]]);
}

export function isSilent(memory: AgentMemory, agentId: string, incarnation: string): boolean {
  return memory.silent[agentId]?.includes(incarnation) ?? false;
}
