import fc from 'fast-check';
import { DECISION_REASONS } from '#libs/contracts';
import { byLength } from '../../../../test/support/length.ts';
import { inputsFor } from '../../testing/cells.ts';
import { eventsOf } from '../../testing/explained.ts';
import { Scenario } from '../../testing/scenario.ts';
import { happening, SessionWorld } from '../../testing/session-world.ts';
import { WAYS } from '../../testing/ways.ts';
import { EXPLAIN_LIMITS, type ExplainedEvent, type Explanation, explain } from './index.ts';

const RUNS = byLength(40, 600);
const SEED = 20_261_121;

/** A link that came to a phase on some way and is told whatever it may be told, as often as there are picks. */
function linkHistory(way: number, picks: readonly number[]): ExplainedEvent[] {
  const given = new Scenario();
  WAYS[way % WAYS.length]?.(given);
  for (const pick of picks) {
    const inputs = [...inputsFor(given)];
    const input = inputs[pick % inputs.length];
    if (input === undefined) continue;
    given.nowMs = Math.max(given.nowMs, input.nowMs);
    given.take(input);
  }
  return eventsOf(given);
}

function sessionHistory(
  open: boolean,
  all: readonly Parameters<SessionWorld['happen']>[0][],
): ExplainedEvent[] {
  const world = new SessionWorld();
  if (open) world.open();
  else world.request();
  for (const each of all) world.happen(each);
  return eventsOf(world);
}

const histories = fc.oneof(
  fc
    .tuple(fc.nat(WAYS.length - 1), fc.array(fc.nat(10_000), { maxLength: 12 }))
    .map(([way, picks]) => linkHistory(way, picks)),
  fc
    .tuple(fc.boolean(), fc.array(happening, { maxLength: 30 }))
    .map(([open, all]) => sessionHistory(open, all)),
);

function always(check: (events: readonly ExplainedEvent[], said: Explanation) => void): void {
  fc.assert(
    fc.property(histories, fc.nat(), (all, cut) => {
      // As it stands, and as it stood at some moment before.
      for (const events of [all, all.slice(0, 1 + (cut % Math.max(1, all.length)))]) {
        const said = explain(events);
        if (events.length === 0) expect(said).toBeUndefined();
        else if (said === undefined) throw new Error('decisions that nothing is said of');
        else check(events, said);
      }
    }),
    { numRuns: RUNS, seed: SEED },
  );
}

describe('explain, whatever was decided', () => {
  it('says something of every history, in whole sentences, with a reason that programs know', () => {
    always((_events, { summary, first_cause, causes, why_not }) => {
      const texts = [
        summary,
        first_cause.text,
        ...causes.map(({ text }) => text),
        ...why_not.map(({ answer }) => answer),
      ];
      for (const text of texts) {
        expect(text).toMatch(/^\S.*\.$/);
        expect(text).not.toMatch(/undefined|null|NaN|\[object|,,| {2}/);
      }
      expect(DECISION_REASONS).toContain(first_cause.reason);
      for (const { question } of why_not) expect(question).toMatch(/\?$/);
    });
  });

  it('ends at a first cause: a fact that came from outside, or the first decision of all', () => {
    always((events, { causes, complete, first_cause }) => {
      expect(complete).toBe(true);
      const [first] = causes;
      expect(first?.evidence[0]?.event_id).toBeDefined();
      const cited = events.find(({ event_id }) => event_id === first_cause.event_id);
      expect(cited?.data.evidence[0]?.event_id).toBeDefined();
    });
  });

  it('cites only what it was given, in the order of the log, and ends at the newest decision', () => {
    always((events, { causes, omitted = 0 }) => {
      const places = causes.map(({ event_id }) => events.findIndex((each) => each.event_id === event_id));
      expect(places).not.toContain(-1);
      expect(places).toEqual([...new Set(places)].sort((one, other) => one - other));
      expect(places.at(-1)).toBe(events.length - 1);
      expect(causes.length).toBeLessThanOrEqual(EXPLAIN_LIMITS.steps);
      expect(causes.at(-1)?.step).toBe(causes.length + omitted);
      for (const { evidence, event_id, commands } of causes) {
        const { data } = events.find((each) => each.event_id === event_id) as ExplainedEvent;
        expect(evidence).toEqual(data.evidence);
        expect(commands.map(({ command_id }) => command_id)).toEqual(
          data.commands.map(({ command_id }) => command_id),
        );
      }
    });
  });

  it('says the same of the same, and without the oldest decisions something still, which owns that it lacks them', () => {
    always((events, said) => {
      expect(explain(JSON.parse(JSON.stringify(events)))).toEqual(said);
      for (let from = 1; from < events.length; from += 1) {
        const rest = explain(events.slice(from));
        expect(rest?.phase).toBe(said.phase);
        const needed = events.findIndex(({ event_id }) => event_id === said.causes[0]?.event_id);
        if (from <= needed) expect(rest?.complete).toBe(true);
      }
    });
  });

  it('knows of every link and session that is not well why it is not', () => {
    always((events, { phase, status, why_not }) => {
      const { data } = events.at(-1) as ExplainedEvent;
      const held = data.kind === 'link' && data.suppressed !== undefined;
      const waits = [
        'requested',
        'waiting-for-capacity',
        'suppressed',
        'degraded',
        'interrupted',
        'code-issued',
      ];
      if (held || waits.includes(phase)) expect(why_not.length).toBeGreaterThan(0);
      if (status === 'closed') expect(why_not).toEqual([]);
    });
  });
});
