import fc from 'fast-check';
import { SESSION_PHASES } from '#libs/contracts';
import { BROKERS, happening, SessionWorld as World } from '../../testing/session-world.ts';
import { SESSION_RULES } from '../policy.ts';
import { evolve, isClosed, isOpen, nextDueMs, type SessionState } from './index.ts';

const RUNS = 200;
function worlds(check: (world: World) => void, end: (world: World) => void = () => {}): Set<string> {
  const phases = new Set<string>();
  fc.assert(
    fc.property(fc.boolean(), fc.array(happening, { maxLength: 40 }), (open, all) => {
      const world = new World();
      if (open) world.open();
      else world.request();
      for (const each of all) {
        world.happen(each);
        check(world);
        phases.add(world.state?.phase ?? 'unknown');
      }
      end(world);
    }),
    { numRuns: RUNS, seed: 20_261_121 },
  );
  return phases;
}

const commands = (world: World) => world.decisions.flatMap(({ data }) => data.commands);

describe('a session, whatever is said, in any order, however often', () => {
  it('gives one epoch one life of one broker and one leg of the target, so that no epoch has two relays', () => {
    const phases = worlds(
      () => {},
      (world) => {
        const holders = new Map<number, string>();
        for (const each of commands(world)) {
          if (each.name !== 'hold-target' && each.name !== 'open-relay') continue;
          const leg = each.name === 'open-relay' ? each.target_attachment_id : each.attachment_id;
          const holder = `${each.agent_id} ${each.incarnation} ${leg}`;
          expect(holders.get(each.epoch) ?? holder).toBe(holder);
          holders.set(each.epoch, holder);
        }
      },
    );
    expect([...phases].sort()).toEqual(SESSION_PHASES.filter((each) => each !== 'rejected').sort());
  });

  it('never gives a lower epoch than before, to nobody', () => {
    worlds(
      () => {},
      (world) => {
        const epochs = world.decisions.map(({ data }) => data.epoch);
        expect(epochs).toEqual([...epochs].sort((a, b) => a - b));
        const opened = commands(world).filter(({ name }) => name === 'hold-target' || name === 'open-relay');
        const given = opened.map((each) => each.epoch);
        expect(given).toEqual([...given].sort((a, b) => a - b));
      },
    );
  });

  it('lets one identity be the target of one code, and only one that agreed see a relay', () => {
    worlds(({ state, decisions }) => {
      const targets = new Set(decisions.flatMap(({ data }) => data.target_id ?? []));
      expect(targets.size).toBeLessThanOrEqual(1);
      if (state && isOpen(state))
        expect(state).toMatchObject({ consented: true, target_id: [...targets][0] });
      const last = decisions.at(-1);
      for (const each of last?.data.commands ?? []) {
        if (each.name === 'open-relay') expect(last?.data.consented).toBe(true);
      }
    });
  });

  it('numbers its decisions without gaps, names each command once, and is folded to the same state again', () => {
    worlds(
      () => {},
      (world) => {
        let state: SessionState | undefined;
        for (const each of world.decisions) {
          expect(each.data.version).toBe((state?.version ?? 0) + 1);
          state = evolve(state, JSON.parse(JSON.stringify(each)));
        }
        expect(state).toEqual(world.state);
        expect(JSON.parse(JSON.stringify(state))).toEqual(state);
        const ids = commands(world).map(({ command_id }) => command_id);
        expect(new Set(ids).size).toBe(ids.length);
      },
    );
  });

  it('changes nothing for a record that it has judged', () => {
    worlds((world) => {
      const judged = world.decisions.at(-1)?.data.evidence[0];
      const known = world.told.find(({ origin }) => origin.offset === judged?.offset);
      if (known === undefined || world.state === undefined) return;
      const before = world.state;
      const outcome = world.input({ ...known, nowMs: world.nowMs, fleet: world.fleet });
      world.told.pop();
      expect(outcome.kind).toBe('ignore');
      expect(world.state).toBe(before);
    });
  });

  it('waits for every command until it is answered or its time is over, and for nothing for ever', () => {
    worlds(
      (world) => {
        const { state, ignoredWhenDue } = world;
        expect(ignoredWhenDue).toEqual([]);
        if (state === undefined || isClosed(state)) return;
        // What rests needs no time; what waits has one.
        if (state.phase !== 'open') expect(nextDueMs(state)).toBeDefined();
      },
      (world) => {
        for (const each of BROKERS) world.broker(each);
        world.untilQuiet();
        const { state } = world;
        expect(state?.pending).toEqual([]);
        if (state && !isClosed(state)) expect(state.phase).toBe('open');
      },
    );
  });

  it('issues each command so often at most, and an end that waits is told what became of it', () => {
    worlds(
      ({ state }) => {
        for (const { attempt } of state?.pending ?? []) {
          expect(attempt).toBeLessThanOrEqual(SESSION_RULES.commandAttempts);
        }
      },
      (world) => {
        const { state } = world;
        const ended = world.decisions.findIndex(({ data }) => data.status === 'closed');
        if (state === undefined || ended <= 0) return;
        const before = world.decisions.slice(0, ended).reduce<SessionState | undefined>(evolve, undefined);
        const closing = world.decisions[ended];
        const told = new Set(closing?.data.commands.map(({ agent_id }) => agent_id));
        const fact = closing?.data.evidence[0];
        if (fact?.type === 'relay-closed' || before === undefined) return;
        for (const leg of [before.controller, before.target]) {
          if (leg && !world.wasSilent(leg)) expect(told.has(leg.broker_id)).toBe(true);
        }
      },
    );
  });
});
