import { type FleetAgent, type Input, link } from '#libs/domain';
import type { World } from './model.ts';

/** A rule was broken; its name is the first word. */
export class Broken extends Error {
  constructor(
    readonly invariant: string,
    detail: string,
  ) {
    super(`${invariant}: ${detail}`);
  }
}

/** What holds for every decision of every run. It keeps books of its own and trusts no state. */
export class Invariants {
  private readonly highestEpoch = new Map<string, number>();
  /** Questions to the peer that are open, by connection. */
  private readonly open = new Map<string, number>();
  private readonly citedBy = new Map<string, string>();
  private readonly commandIds = new Set<string>();

  constructor(private readonly world: World) {}

  /** A decision that is about to be appended. */
  decision(
    before: link.LinkState | undefined,
    { name, data }: link.LinkDecided,
    after: link.LinkState,
  ): void {
    const id = data.connection_id;
    this.holds('version-without-gaps', data.version === (before?.version ?? 0) + 1, `${id} ${data.version}`);
    this.holds('status-of-phase', (data.server_id !== undefined) === (data.placement !== undefined), name);
    this.epochs(before, { name, data }, after);
    // An operator's force vouches for what nobody can confirm.
    if (data.evidence[0]?.values?.force !== true) this.over(before, after);
    this.cited(data);
    for (const command of data.commands) {
      this.holds('command-id-unique', !this.commandIds.has(command.command_id), command.command_id);
      this.commandIds.add(command.command_id);
      this.holds('command-epoch', command.epoch <= after.epoch, command.command_id);
    }
    this.commanded(data, after);
    this.holds('some-way-on', hasAWayOn(after), `${id} ${after.phase} has neither a time nor a wake-up`);
    const closed = after.phase === 'ended' || after.phase === 'rejected';
    const waits = ['requested', 'waiting-for-capacity', 'suppressed'].includes(after.phase);
    this.holds(
      'capacity-freed',
      !(closed || waits) || !after.placement,
      `${id} ${after.phase} holds capacity`,
    );
  }

  /** A server was chosen: it was alive for all that was known, and had room. */
  chosen(state: link.LinkState, server: FleetAgent | undefined, placedThere: number): void {
    const id = state.connection_id;
    this.holds('chosen-is-known', server !== undefined, `${id} on ${state.placement?.server_id}`);
    if (server === undefined) return;
    this.holds(
      'chosen-has-room',
      placedThere <= server.capacity,
      `${id}: ${placedThere} on ${server.agent_id}`,
    );
    this.holds('chosen-stays', !server.draining && !server.suspect, `${id} on ${server.agent_id}`);
  }

  ignored(state: link.LinkState | undefined, input: Input, reason: string): void {
    if (input.kind === 'time') {
      const dueMs = state && link.nextDueMs(state);
      const due = dueMs !== undefined && input.nowMs >= dueMs;
      this.holds('due-decides', !due, `${state?.connection_id} ${state?.phase} ignored its time: ${reason}`);
      return;
    }
    const { fact } = input;
    if (state?.placement === undefined || reason === 'already-handled') return;
    const { placement } = state;
    const agentId = 'agent_id' in fact.data ? fact.data.agent_id : undefined;
    const isEnd = agentId === placement.client_id || agentId === placement.server_id;
    const lost = fact.name === 'connection-lost' && isEnd && fact.data.epoch === placement.epoch;
    const [life, leaseMs] =
      agentId === placement.client_id
        ? [placement.client_incarnation, placement.client_lease_ms]
        : [placement.server_incarnation, placement.server_lease_ms];
    // A lease that nobody had heard of when it was placed ends nothing.
    const ended = leaseMs !== undefined && isEnd;
    const silent = fact.name === 'agent-silent' && ended && fact.data.incarnation === life;
    this.holds('ignore-hides-no-loss', !lost && !silent, `${state.connection_id} ${fact.name} (${reason})`);
  }

  /** A path stands at both ends: no other epoch of the connection may carry. */
  pathUp(connectionId: string, epoch: number): void {
    const epochs = new Map<number, Set<string>>();
    for (const agent of this.world.agents.values()) {
      const held = agent.held.get(connectionId);
      if (held?.mode !== 'carrying' || !agent.running) continue;
      if (!agent.mayCarry(agent.incarnation, connectionId, held.epoch)) continue;
      epochs.set(held.epoch, new Set([...(epochs.get(held.epoch) ?? []), agent.kind]));
    }
    const active = [...epochs].filter(([each, ends]) => each !== epoch && ends.size === 2);
    this.holds('never-two-active', active.length === 0, `${connectionId} ${epoch} and ${active[0]?.[0]}`);
  }

  private epochs(
    before: link.LinkState | undefined,
    { data }: link.LinkDecided,
    after: link.LinkState,
  ): void {
    const went = data.peer?.went;
    const id = after.connection_id;
    const highest = this.highestEpoch.get(id) ?? 0;
    this.holds('epoch-never-back', after.epoch >= highest, `${id} ${highest} to ${after.epoch}`);
    const { placement } = after;
    const isNew = placement !== undefined && placement.epoch !== before?.placement?.epoch;
    const replaced =
      placement !== undefined &&
      (placement.server_id !== before?.placement?.server_id ||
        placement.client_id !== before?.placement?.client_id);
    if (isNew || replaced) this.usedOnce(id, placement, highest, went);
    if (data.asking)
      this.holds('epoch-used-once', data.asking.epoch >= highest, `${id} ${after.epoch} asked`);
    if (data.asking) this.open.set(id, data.asking.epoch);
    else this.open.delete(id);
    this.highestEpoch.set(id, Math.max(highest, after.epoch));
  }

  /** The epoch that a peer was asked for is for the server that it named, and nobody else. */
  private usedOnce(
    id: string,
    { epoch, server_id }: NonNullable<link.LinkState['placement']>,
    highest: number,
    went: string | undefined,
  ): void {
    const named = epoch === this.open.get(id) && this.world.peerNamed(id, epoch, server_id);
    const fresh = went === 'peer' ? named : epoch > highest;
    this.holds('epoch-used-once', fresh, `${id} ${epoch} again, on ${server_id} by ${went ?? 'itself'}`);
  }

  /** Of all that a peer ever says only the answer to the open question counts. */
  answered(id: string, input: Input): void {
    if (input.kind !== 'fact' || input.fact.name !== 'peer-answered') return;
    const { epoch } = input.fact.data;
    this.holds('late-answers-change-nothing', epoch === this.open.get(id), `${id} ${epoch}`);
  }

  /** The old placement is over in truth, not only in the books: one of its ends can never carry it again. */
  private over(before: link.LinkState | undefined, after: link.LinkState): void {
    const old = before?.placement;
    if (old === undefined || old.epoch === after.placement?.epoch) return;
    const may = (agentId: string, incarnation: string): boolean =>
      this.world.agents.get(agentId)?.mayCarry(incarnation, after.connection_id, old.epoch) ?? false;
    const both = may(old.client_id, old.client_incarnation) && may(old.server_id, old.server_incarnation);
    this.holds(
      'over-before-next',
      !both,
      `${after.connection_id} epoch ${old.epoch} may be carried by both ends`,
    );
  }

  /** What a phase waits for was asked of somebody. */
  private commanded(
    { reason }: link.LinkDecided['data'],
    { phase, pending, epoch, connection_id, asking }: link.LinkState,
  ): void {
    const asked = new Set(
      pending.filter((each) => each.command.epoch === epoch).map((each) => each.command.name),
    );
    const detail = `${connection_id} ${phase} (${reason}) with ${[...asked].join(' ') || 'nothing'}`;
    if (reason === 'standby' || asking) return;
    const opens = asked.has('accept-client') && (asked.has('connect') || asked.has('activate-dr-client'));
    if (phase === 'assigned' || phase === 'activating') this.holds('each-command-is-issued', opens, detail);
    if (phase === 'draining') this.holds('each-command-is-issued', asked.has('drain'), detail);
    const goesOn = reason === 'client-restarted' || reason === 'closed-by-client' || reason === 'requested';
    if (phase === 'stopping' && !goesOn)
      this.holds('each-command-is-issued', asked.has('disconnect'), detail);
  }

  private cited(data: link.LinkDecided['data']): void {
    const [{ topic, partition, offset } = {}] = data.evidence;
    if (offset === undefined) return;
    const place = `${data.connection_id} ${topic}/${partition}@${offset}`;
    this.holds('input-handled-once', !this.citedBy.has(place), place);
    this.citedBy.set(place, String(data.version));
  }

  holds(invariant: string, condition: boolean, detail: string): void {
    if (!condition) throw new Broken(invariant, detail);
  }
}

/** No phase may wait for ever: it ends in time, or the fleet wakes it, or it is at rest. */
function hasAWayOn(state: link.LinkState): boolean {
  // An operator is waited for, and nobody else.
  if (state.suppressed?.reason === 'blast-radius') return state.dueMs === undefined;
  const resting = ['active', 'ended', 'rejected'].includes(state.phase);
  const woken = ['requested', 'waiting-for-capacity', 'degraded'].includes(state.phase);
  return resting || woken || state.dueMs !== undefined;
}
