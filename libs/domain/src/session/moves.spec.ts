import fc from 'fast-check';
import { SessionScenario, sessionLine } from '../../testing/session.ts';
import { happening, SessionWorld } from '../../testing/session-world.ts';
import { isClosed } from './index.ts';
import { endsRelay } from './over.ts';

const RUNS = 300;

/** A session that drains at `in-3`, both of its ends at `in-4` by now, where the relay is about to be opened. */
function moving(): SessionScenario {
  const s = new SessionScenario().open('in-3');
  s.agent('agent-drain-requested', 'in-3');
  s.answerAll().broker('in-3', { draining: true });
  s.controller('in-4');
  s.target('in-4', { resumed: true, consented: true });
  s.answer('hold-target');
  expect(s.state).toMatchObject({ phase: 'interrupted', superseded: { broker_id: 'in-3', epoch: 1 } });
  return s;
}

const old = (reason: string, over: object = {}) => ({
  ...{ epoch: 1, reason, closed_by: 'target', bytes_up: 10, bytes_down: 20, duration_ms: 1_000 },
  ...over,
});
const closings = (s: SessionScenario) =>
  s.decisions.flatMap(({ data }) => data.commands.filter(({ name }) => name === 'close-relay'));

describe('the relay that a session moves away from', () => {
  it('is closed when the next one stands, and counts in what the session carried', () => {
    const s = moving();
    expect(closings(s)).toEqual([]);
    expect(sessionLine(s.opened())).toBe('session-resumed → open (established) epoch 2 | close-relay in-3/1');
    // Its ends leave by themselves: whoever cut them off would interrupt them.
    expect(s.pending('close-relay')).toMatchObject({ reason: 'moved', epoch: 1 });
    expect(s.state?.superseded).toMatchObject({ broker_id: 'in-3' });
    expect(sessionLine(s.say('relay-closed', 'in-3', old('moved')))).toBe(
      'connection-activated → open (relay-closed) epoch 2',
    );
    expect(s.state?.superseded).toBeUndefined();
    s.answerAll().closed('hung-up');
    expect(s.state).toMatchObject({ phase: 'ended', traffic: { bytes_up: 20, bytes_down: 40 } });
  });

  it('is done with when its broker has answered, whether or not it had anything left', () => {
    const s = moving();
    s.opened();
    s.answer('close-relay');
    expect(s.state).toMatchObject({ phase: 'open', pending: [] });
    expect(s.state?.superseded).toBeUndefined();
  });

  it('goes on while the next one is refused, or never opened, until another one stands', () => {
    const refused = moving();
    expect(sessionLine(refused.answer('open-relay', 'refused', 'controller-gone'))).toBe(
      'session-interrupted → interrupted (controller-lost) epoch 2',
    );
    refused.controller('in-4');
    const full = moving();
    full.answer('open-relay', 'refused', 'full');
    full.target('us-1', { resumed: true, consented: true });
    full.controller('us-1');
    const unanswered = moving();
    for (let attempt = 1; attempt <= 3; attempt += 1) unanswered.due();
    expect(unanswered.state?.target).toBeUndefined();
    unanswered.controller('us-2');
    unanswered.target('us-2', { resumed: true, consented: true });
    for (const s of [refused, full, unanswered]) {
      expect(closings(s).filter(({ agent_id }) => agent_id === 'in-3')).toEqual([]);
      expect(s.state?.superseded).toMatchObject({ broker_id: 'in-3', epoch: 1 });
      expect(sessionLine(s.opened())).toContain('close-relay in-3/1');
    }
  });

  it('is the one that stood, however many were tried after it', () => {
    const s = moving();
    expect(sessionLine(s.target('us-1', { resumed: true, consented: true }))).toBe(
      'target-accepted → interrupted (target-attached) epoch 3 | hold-target us-1/3, redirect-controller in-4/3, close-relay in-4/2',
    );
    // The one in between opened after all: nobody waits for it any more.
    expect(sessionLine(s.say('relay-opened', 'in-4', { epoch: 2 }))).toBe('ignored: stale-epoch');
    s.controller('us-1');
    expect(sessionLine(s.opened())).toBe('session-resumed → open (established) epoch 3 | close-relay in-3/1');
  });

  it('is not asked of a broker that is gone, nor when it ended meanwhile', () => {
    const silent = moving();
    silent.agent('agent-silent', 'in-3');
    expect(sessionLine(silent.opened())).toBe('session-resumed → open (established) epoch 2');
    const over = moving();
    over.say('relay-closed', 'in-3', old('shutdown'));
    expect(over.state?.superseded).toBeUndefined();
    expect(sessionLine(over.opened())).toBe('session-resumed → open (established) epoch 2');
    expect(over.state?.traffic).toMatchObject({ bytes_up: 10 });
  });

  it('ends with the session when that ends meanwhile, by whichever of the two', () => {
    const here = moving();
    expect(sessionLine(here.say('relay-closed', 'in-3', old('hung-up')))).toBe(
      'connection-ended → ended (hung-up) epoch 2 | close-relay in-4/2',
    );
    const there = moving();
    const { attachment_id } = there.state?.controller ?? {};
    const bye = { epoch: 2, reason: 'hung-up', closed_by: 'controller', attachment_id };
    expect(sessionLine(there.say('relay-closed', 'in-4', bye))).toBe(
      'connection-ended → ended (hung-up) epoch 2 | close-relay in-4/2, close-relay in-3/2',
    );
    const never = moving();
    for (let look = 0; look < 20 && never.state && !isClosed(never.state); look += 1) never.due();
    expect(never.state?.phase).toBe('ended');
    expect(closings(never).map(({ agent_id }) => agent_id)).toContain('in-3');
  });

  it('is interrupted at once when the target is gone from the next one, so that both ends come again', () => {
    const s = moving();
    expect(sessionLine(s.answer('open-relay', 'refused', 'target-gone'))).toBe(
      'session-interrupted → interrupted (target-lost) epoch 2 | close-relay in-3/1',
    );
    expect(s.pending('close-relay')).toMatchObject({ reason: 'superseded' });
    s.answerAll();
    expect(s.state?.superseded).toBeUndefined();
  });

  it('is left only by the word that the next one stands, and never without one, whatever happens', () => {
    const seen = { moves: 0, supersededTwice: 0, endedMoving: 0 };
    fc.assert(
      fc.property(fc.array(moveOrMischief, { maxLength: 40 }), (all) => {
        const world = new SessionWorld();
        world.open();
        const books = new Books(world);
        for (const each of all) {
          const before = world.state?.superseded;
          world.happen(each);
          const { state, decisions } = world;
          const [last] = decisions.slice(books.judged);
          if (last === undefined || state === undefined) continue;
          books.judge(last);
          if (
            before !== undefined &&
            state.superseded?.epoch === before.epoch &&
            last.name === 'target-accepted'
          )
            seen.supersededTwice += 1;
          if (before !== undefined && isClosed(state)) seen.endedMoving += 1;
        }
        seen.moves += books.moves;
      }),
      { numRuns: RUNS, seed: 20_261_122 },
    );
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(0);
  });
});

/** What moves a session, as often as anything else that may happen. */
const moveOrMischief = fc.oneof(
  happening,
  fc.constantFrom<Parameters<SessionWorld['happen']>[0]>(
    ...['us-1', 'us-2', 'in-3', 'in-4'].map((broker) => ({
      ...{ is: 'target' as const, broker, identity: 'till-4' as const },
      ...{ consented: true, resumed: true, again: undefined, survive_ms: undefined },
    })),
    { is: 'controller', broker: 'where the target is', identity: 'technician' },
    { is: 'controller', broker: 'where the target is', identity: 'technician' },
    { is: 'opened', broker: null, epoch: null },
    { is: 'opened', broker: null, epoch: null },
  ),
);

/** Books of its own on relays that stand: begun by a word, ended by a command, a word, or with their broker. */
class Books {
  judged: number;
  moves = 0;
  private readonly standing = new Map<number, string>();
  private readonly left = new Set<number>();

  constructor(private readonly world: SessionWorld) {
    this.judged = world.decisions.length;
    const { placement } = world.state ?? {};
    if (placement?.opened) this.standing.set(placement.epoch, placement.broker_id);
  }

  judge({ name, data }: SessionWorld['decisions'][number]): void {
    this.judged += 1;
    const { placement, superseded, commands, evidence } = data;
    // Issued again is no news.
    const moved = commands.filter(
      (one) => one.name === 'close-relay' && one.reason === 'moved' && !this.left.has(one.epoch),
    );
    for (const { epoch } of moved) this.left.add(epoch);
    this.moves += moved.length;
    if (moved.length > 0) expect([name, evidence[0]?.type]).toEqual(['session-resumed', 'relay-opened']);
    const opening = commands.some((one) => one.name === 'open-relay');
    // The same broker drops it by itself, with the hold that takes its place; one that was told to end it may be told again.
    const isLeftAlone = superseded?.broker_id !== placement?.broker_id;
    if (opening && superseded !== undefined && isLeftAlone && this.standing.has(superseded.epoch))
      expect(commands.filter((one) => one.name === 'close-relay' && endsRelay(one, superseded))).toEqual([]);
    for (const [epoch, broker] of this.standing)
      if (this.isOver(data, epoch, broker)) this.standing.delete(epoch);
    if (evidence[0]?.type === 'relay-opened' && placement?.opened)
      this.standing.set(placement.epoch, placement.broker_id);
    // Whatever stands is known to stand.
    const known = [placement?.epoch, superseded?.epoch];
    expect([...this.standing.keys()].filter((epoch) => !known.includes(epoch))).toEqual([]);
  }

  private isOver({ commands, evidence }: Data, epoch: number, broker: string): boolean {
    const isCommanded = commands.some((one) => {
      if (one.agent_id !== broker) return false;
      // The next hold of a broker replaces what it carried.
      if (one.name === 'hold-target') return epoch < one.epoch;
      return one.name === 'close-relay' && epoch <= one.epoch;
    });
    const said = this.world.told.at(-1)?.fact;
    if (isCommanded || said === undefined || said.id !== evidence[0]?.event_id) return isCommanded;
    if (said.name === 'relay-closed')
      return said.data.epoch === epoch || said.data.attachment_id !== undefined;
    return said.name === 'agent-silent' && said.data.agent_id === broker;
  }
}

type Data = SessionWorld['decisions'][number]['data'];
