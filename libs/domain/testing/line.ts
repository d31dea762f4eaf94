import type { link } from '../src/index.ts';

/** An outcome in one line: what a reader of a trace wants to see. */
export function line(outcome: link.LinkOutcome): string {
  if (outcome.kind !== 'append') return `${outcome.kind} ${outcome.reason}`;
  const { data } = outcome;
  const commands = data.commands.map((each) => {
    const close = 'requests' in each && each.requests === 'close' ? ' close' : '';
    return `${each.name} ${each.agent_id} e${each.epoch}${close}`;
  });
  const target = data.failover_target === undefined ? '' : ` then ${data.failover_target}`;
  const where = data.server_id === undefined ? '' : ` on ${data.server_id}${target}`;
  const asked = data.asking === undefined ? '' : ` asking ${data.asking.peer_region} e${data.asking.epoch}`;
  const went = data.peer === undefined ? '' : ` by ${data.peer.went} (${data.peer.outcome})`;
  const said = `${outcome.name} v${data.version} e${data.epoch} ${data.phase} (${data.reason})${where}${asked}${went}`;
  return commands.length === 0 ? said : `${said}; ${commands.join(', ')}`;
}
