import { RedisClient } from './client.ts';
import { KEYS } from './keys.ts';
import { REGISTRY_LIMITS } from './limits.ts';
import type { RegistryOptions } from './registry.ts';

/**
 * `claimed`: nobody asked under this key; say later what was answered. `running`: the first request is not answered
 * yet. `other`: the first request was another one. `answered`: what was answered.
 */
export type AnswerClaim =
  | { readonly kind: 'claimed' | 'running' | 'other' }
  | { readonly kind: 'answered'; readonly answer: string };

/**
 * Answers to requests that may come again, kept for REGISTRY_LIMITS.answerLifeMs; of more than
 * REGISTRY_LIMITS.answersKept the oldest are let go. Whoever empties Redis empties this as well.
 * @throws RegistryUnavailable without Redis
 */
export interface Answers {
  /**
   * @param key who asks for what under which name; 64 characters at most
   * @param fingerprint of the request; the same for the same
   */
  claim(key: string, fingerprint: string): Promise<AnswerClaim>;
  keep(key: string, fingerprint: string, answer: string): Promise<void>;
  /** The request was not answered: the next one under this key is the first. */
  release(key: string, fingerprint: string): Promise<void>;
  close(): void;
}

export function openAnswers(options: RegistryOptions): Answers {
  const client = new RedisClient(options.url, (error) => options.onError?.(error));
  const { answerLeaseMs, answerLifeMs, answersKept } = REGISTRY_LIMITS;
  const run = async (script: string, ...args: (string | number)[]): Promise<unknown> => {
    const [found] = await client.run([[script, KEYS.answers, KEYS.answerEnds, ...args]]);
    return found;
  };
  return {
    claim: async (key, fingerprint) => {
      const held = await run('claimAnswer', key, fingerprint, answerLeaseMs, answersKept);
      if (typeof held !== 'string') return { kind: 'claimed' };
      const tab = held.indexOf('\t');
      if (held.slice(0, tab) !== fingerprint) return { kind: 'other' };
      const answer = held.slice(tab + 1);
      return answer === '' ? { kind: 'running' } : { kind: 'answered', answer };
    },
    keep: async (key, fingerprint, answer) => {
      await run('keepAnswer', key, fingerprint, answer, answerLifeMs);
    },
    release: async (key, fingerprint) => {
      await run('releaseAnswer', key, fingerprint);
    },
    close: () => client.close(),
  };
}
