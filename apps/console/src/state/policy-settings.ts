import type { ApiClient } from '../api/client.ts';
import type { Figure } from '../model.ts';

/** Rules of one control region, by name; what is absent of the settings is as its default. */
export interface Policy {
  name: string;
  control_region: string;
  version: number;
  /** Links of this group that name no policy of their own go by it. */
  server_group?: string;
  settings: Record<string, Figure>;
  requested_by: string;
  reason?: string;
  updated_at: string;
}

/** The part of `/openapi.json` that says what holds where no policy says otherwise. */
interface Description {
  readonly components: {
    readonly schemas: {
      readonly PolicyBody?: {
        readonly properties?: {
          readonly settings?: {
            readonly properties?: Readonly<Record<string, { readonly default?: Figure }>>;
          };
        };
      };
    };
  };
}

/** Every setting that there is, with its default, as the controller describes its own interface. */
export async function readDefaults(api: ApiClient, signal: AbortSignal): Promise<Policy['settings']> {
  // It stands beside the calls, not among them.
  const { components } = await api.get<Description>('/../../openapi.json', {}, signal);
  const known = components.schemas.PolicyBody?.properties?.settings?.properties ?? {};
  return Object.fromEntries(
    Object.entries(known).flatMap(([name, schema]) =>
      schema.default === undefined ? [] : [[name, schema.default]],
    ),
  );
}

/** What each is for; one that is newer than this page stands there without. */
export const MEANINGS: Readonly<Record<string, string>> = {
  damping_max_moves: 'Unplanned moves of one link within its window, up to which it moves at once',
  damping_window_ms: 'In which moves of one link are counted',
  agent_max_restarts: 'Restarts of one agent within its window, from which on it is no longer chosen',
  agent_window_ms: 'In which restarts of one agent are counted',
  blast_share:
    'Share of a server group’s links that may move for one cause within the window; more waits for an operator',
  blast_window_ms: 'In which links that move for one cause are counted',
  blast_free_links: 'So many links may move in any case, however few there are',
  failback: 'Whether a link goes back to its own client by itself once that is well again',
  failback_after_ms: 'For how long that client must have been well',
  client_probe_ms:
    'How long a client that lost its server may take to stand again before its DR client takes over',
  guest_targets: 'Sessions: whether a target that nobody enrolled may come by the code alone',
  broker_placement: 'Sessions: which broker carries them',
  session_window_ms: 'Sessions: how long an interrupted one waits for its ends',
};
