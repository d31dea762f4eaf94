import type { RouteName } from './router.ts';

/** What the keyboard does; the help shows this very table. */

export type KeyAction =
  | { readonly do: 'go'; readonly to: RouteName }
  | { readonly do: 'search' | 'help' | 'close' | 'time' | 'live' | 'theme' | 'zone' | 'open' }
  | { readonly do: 'move'; readonly by: 1 | -1 };

export interface Shortcut {
  /** One after another. */
  readonly keys: readonly string[];
  readonly meaning: string;
  readonly action: KeyAction;
}

export const SHORTCUTS: readonly Shortcut[] = [
  { keys: ['/'], meaning: 'Search', action: { do: 'search' } },
  { keys: ['?'], meaning: 'This help', action: { do: 'help' } },
  { keys: ['Escape'], meaning: 'Close what is open', action: { do: 'close' } },
  { keys: ['j'], meaning: 'Next row', action: { do: 'move', by: 1 } },
  { keys: ['k'], meaning: 'Previous row', action: { do: 'move', by: -1 } },
  { keys: ['Enter'], meaning: 'Open the selected row', action: { do: 'open' } },
  { keys: ['t'], meaning: 'Travel in time', action: { do: 'time' } },
  { keys: ['l'], meaning: 'Back to live', action: { do: 'live' } },
  { keys: ['u'], meaning: 'UTC or this machine’s time', action: { do: 'zone' } },
  { keys: ['g', 'o'], meaning: 'Overview', action: { do: 'go', to: 'overview' } },
  { keys: ['g', 'c'], meaning: 'Connections', action: { do: 'go', to: 'connections' } },
  { keys: ['g', 'f'], meaning: 'Failovers', action: { do: 'go', to: 'failovers' } },
  { keys: ['g', 'a'], meaning: 'Agents', action: { do: 'go', to: 'agents' } },
  { keys: ['g', 'd'], meaning: 'Dead letters', action: { do: 'go', to: 'dead-letters' } },
  { keys: ['g', 'h'], meaning: 'Health', action: { do: 'go', to: 'health' } },
  { keys: ['g', 'p'], meaning: 'Policies', action: { do: 'go', to: 'policies' } },
  { keys: ['g', 't'], meaning: 'Dark or light', action: { do: 'theme' } },
];

/** The second key of two must come within, in milliseconds. */
const SEQUENCE_MS = 1_200;

export interface Pressed {
  readonly key: string;
  readonly ctrlKey?: boolean;
  readonly metaKey?: boolean;
  readonly altKey?: boolean;
}

/** Turns keys into actions; it remembers the first of two. */
export class Keyboard {
  private begun: string | undefined;
  private begunMs = 0;

  /** @param typing the key goes into a field: only Escape counts then */
  press(pressed: Pressed, nowMs: number, typing = false): KeyAction | undefined {
    const { key, ctrlKey, metaKey, altKey } = pressed;
    if (ctrlKey || metaKey || altKey) return undefined;
    if (typing && key !== 'Escape') return undefined;
    const first = nowMs - this.begunMs <= SEQUENCE_MS ? this.begun : undefined;
    this.begun = undefined;
    const keys = first === undefined ? [key] : [first, key];
    const found = SHORTCUTS.find((each) => each.keys.join(' ') === keys.join(' '));
    if (found) return found.action;
    if (first === undefined && SHORTCUTS.some((each) => each.keys.length > 1 && each.keys[0] === key)) {
      this.begun = key;
      this.begunMs = nowMs;
    }
    return undefined;
  }
}
