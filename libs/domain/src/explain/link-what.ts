import type { LinkDecision, PeerVerdict, Suppression } from '#libs/contracts';
import { round } from './link-losses.ts';
import type { Told } from './words.ts';

type Link = Told<LinkDecision>;

/** What was decided on a link, after "because". */
export function whatOfLink(told: Link): string {
  const { data, event } = told;
  switch (event.type) {
    case 'connection-assigned':
      return `placed on ${data.server_id ?? 'a server'} under epoch ${data.epoch}`;
    case 'connection-requested':
      return 'it waits for its first placement';
    case 'connection-activated':
      return `active on ${data.server_id ?? 'its server'}`;
    case 'connection-marked-degraded':
      return `degraded, and left on ${data.server_id ?? 'its server'}`;
    case 'failover-started':
      return started(told);
    case 'failover-decided':
      return `moved to ${data.server_id ?? 'another server'} under epoch ${data.epoch}${carriedBy(told)}${wentBy(data.peer)}`;
    case 'failover-completed':
      return `active on ${data.server_id ?? 'its server'} under epoch ${data.epoch}${carriedBy(told)}`;
    case 'failover-failed':
      return data.placement === undefined
        ? `it waits for a server${wentBy(data.peer)}`
        : `no other server fits, and it stays on ${data.server_id ?? 'its server'}`;
    case 'failover-suppressed':
      return data.suppressed === undefined ? 'held back' : heldText(data.suppressed);
    case 'connection-ended':
      return 'the link is over';
    case 'connection-rejected':
      return 'the request was rejected';
    default:
      return event.type.replaceAll('-', ' ');
  }
}

function started({ data, before }: Link): string {
  if (data.asking) return `${data.asking.peer_region} was asked for a server`;
  const from = before?.server_id ?? data.server_id ?? 'its server';
  if (data.phase === 'draining') return `${from} is drained first`;
  return data.phase === 'stopping'
    ? `both ends were told to stop carrying epoch ${data.epoch}`
    : `leaving ${from}`;
}

/** Only where another client than the one before carries it. */
function carriedBy({ data, before }: Link): string {
  const changed = data.placement?.client_id !== (before?.placement?.client_id ?? data.placement?.client_id);
  const stoodIn = data.failover?.from_client !== undefined && data.failover.from_client !== data.client_id;
  const takesOver = data.commands.some(({ name }) => name === 'activate-dr-client');
  if (takesOver) return `, carried by the DR client ${data.client_id}`;
  return changed || stoodIn ? `, carried by ${data.client_id} again` : '';
}

const WENT: Readonly<Record<PeerVerdict['went'], string>> = {
  peer: 'the server that it named was taken',
  'failover-target': 'the failover target was taken instead',
  fleet: 'the best of the fleet as this region sees it was taken instead',
  nowhere: 'no server was left to take',
};

/** What the peer said, and which way it went. */
export function wentBy(peer: PeerVerdict | undefined): string {
  if (peer === undefined) return '';
  const { peer_region, outcome, reason, went } = peer;
  const why = reason === undefined ? outcome : `${outcome}: ${reason}`;
  return `; ${WENT[went]} (${peer_region} ${why})`;
}

/** Why something is held back, and until when. */
export function heldText({ reason, what, until, cause, values = {} }: Suppression): string {
  const end = until === undefined ? 'until an operator approves' : `until ${until}`;
  return `the ${what.replace('-', ' ')} is held back ${end}, ${HOLDS[reason](values, cause)}`;
}

type Values = Readonly<Record<string, number>>;
const figures = (values: Values): string => {
  const told = Object.entries(values).map(([name, value]) => `${name.replaceAll('_', ' ')} ${round(value)}`);
  return told.length === 0 ? '' : ` (${told.join(', ')})`;
};
const HOLDS: Readonly<Record<Suppression['reason'], (values: Values, cause?: string) => string>> = {
  damping: (values) => `because the link moved too often lately${figures(values)}`,
  'agent-flapping': (values) => `because the servers that fit restart too often${figures(values)}`,
  'blast-radius': (values, cause) =>
    `because too many links move for ${cause ?? 'one cause'} at once${figures(values)}`,
  freeze: () => 'because planned moves are frozen',
};
