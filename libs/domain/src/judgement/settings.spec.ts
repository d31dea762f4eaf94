import fc from 'fast-check';
import { LIMITS, POLICY_DEFAULTS } from '#libs/contracts';
import {
  EMPTY_SETTINGS,
  frozenUntilMs,
  isApproved,
  policyOf,
  type SettingChange,
  type Settings,
  withSetting,
} from './index.ts';

const fold = (changes: readonly SettingChange[]): Settings => changes.reduce(withSetting, EMPTY_SETTINGS);

const order = fc.record({
  setting_version: fc.integer({ min: 1, max: 4 }),
  event_id: fc.constantFrom('a', 'b', 'c', 'd'),
});
const policyChange = (names: fc.Arbitrary<string>): fc.Arbitrary<SettingChange> =>
  fc.record({ order, name: names, max: fc.integer({ min: 1, max: 32 }) }).map((each) => ({
    kind: 'policy',
    // What a policy says follows from which setting it is, as a fact's data does from its id.
    policy: { ...each.order, name: each.name, settings: { damping_max_moves: worthOf(each.order) } },
  }));
const worthOf = (each: { setting_version: number; event_id: string }): number =>
  each.setting_version * 4 + each.event_id.charCodeAt(0) - 97;
const freezeChange: fc.Arbitrary<SettingChange> = order.map((each) => ({
  kind: 'freeze',
  freeze: { ...each, untilMs: worthOf(each) },
}));
const approvalChange = (causes: fc.Arbitrary<string>): fc.Arbitrary<SettingChange> =>
  fc.record({ order, cause: causes }).map((each) => ({
    kind: 'approval',
    approval: { ...each.order, cause: each.cause, untilMs: worthOf(each.order) },
  }));
const few = fc.constantFrom('scheme', 'other', '__proto__');
const changes = fc.array(fc.oneof(policyChange(few), freezeChange, approvalChange(few)), { maxLength: 40 });

/** The same things in another order, some of them twice. */
const shuffled = <T>(items: readonly T[], by: readonly number[]): T[] =>
  [...items, ...items.slice(0, items.length / 2)]
    .map((item, at) => ({ item, rank: by[at % Math.max(1, by.length)] ?? 0, at }))
    .sort((a, b) => a.rank - b.rank || b.at - a.at)
    .map(({ item }) => item);

describe('the settings of a control region', () => {
  it('come out the same in every partition, whatever the order and however often each was read', () => {
    fc.assert(
      fc.property(changes, fc.array(fc.integer(), { minLength: 1 }), (given, by) => {
        expect(fold(shuffled(given, by))).toEqual(fold(given));
      }),
      { numRuns: 200 },
    );
  });

  it('come out the same beyond their bounds too', () => {
    const many = fc.integer({ min: 0, max: LIMITS.policies + 40 }).map((each) => `name-${each}`);
    const lots = fc.array(fc.oneof(policyChange(many), approvalChange(many)), {
      minLength: 400,
      maxLength: 700,
    });
    fc.assert(
      fc.property(lots, fc.array(fc.integer(), { minLength: 1 }), (given, by) => {
        const settings = fold(given);
        expect(settings.policies.length).toBeLessThanOrEqual(LIMITS.policies);
        expect(settings.approvals.length).toBeLessThanOrEqual(LIMITS.approvals);
        expect(fold(shuffled(given, by))).toEqual(settings);
      }),
      { numRuns: 8, endOnFailure: true },
    );
  });

  it('are the same value when a setting is older than what is known, and plain data', () => {
    const newer: SettingChange = {
      kind: 'freeze',
      freeze: { setting_version: 2, event_id: 'a', untilMs: 900 },
    };
    const known = fold([newer]);
    const older = { ...newer.freeze, setting_version: 1, event_id: 'z' };
    expect(withSetting(known, { kind: 'freeze', freeze: older })).toBe(known);
    expect(withSetting(known, newer)).toBe(known);
    expect(JSON.parse(JSON.stringify(known))).toEqual(known);
  });
});

describe('the policy of a link', () => {
  const policy = (name: string, over: object = {}): SettingChange => ({
    kind: 'policy',
    policy: { setting_version: 7, event_id: 'e', name, settings: { damping_max_moves: 3 }, ...over },
  });

  it('is the one it asked for, else the one of its server group, else the defaults in version 0', () => {
    const settings = fold([
      policy('own'),
      policy('b-scheme', { server_group: 'scheme' }),
      policy('a-scheme', { server_group: 'scheme', setting_version: 2 }),
    ]);
    const nameOf = (request: { policy?: string; server_group: string }) => policyOf(request, settings).name;
    expect(nameOf({ policy: 'own', server_group: 'scheme' })).toBe('own');
    expect(nameOf({ policy: 'never-set', server_group: 'scheme' })).toBe('a-scheme');
    expect(nameOf({ server_group: 'scheme' })).toBe('a-scheme');
    expect(policyOf({ server_group: 'other' }, settings)).toEqual({ version: 0, settings: POLICY_DEFAULTS });
  });

  it('says what it was set to and is as the defaults in the rest', () => {
    expect(policyOf({ policy: 'own', server_group: 'scheme' }, fold([policy('own')]))).toEqual({
      name: 'own',
      version: 7,
      settings: { ...POLICY_DEFAULTS, damping_max_moves: 3 },
    });
  });
});

describe('a freeze and an approval', () => {
  it('hold until their time, and not at it', () => {
    const at = { setting_version: 1, event_id: 'a', untilMs: 500 };
    const settings = fold([
      { kind: 'freeze', freeze: at },
      { kind: 'approval', approval: { ...at, cause: 'scheme/servers-lost' } },
    ]);
    expect([frozenUntilMs(settings, 499), frozenUntilMs(settings, 500)]).toEqual([500, undefined]);
    const approved = (cause: string, nowMs: number) => isApproved(settings, cause, nowMs);
    expect(approved('scheme/servers-lost', 499)).toBe(true);
    expect(approved('scheme/servers-lost', 500)).toBe(false);
    expect(approved('other/servers-lost', 499)).toBe(false);
    expect(frozenUntilMs(EMPTY_SETTINGS, 0)).toBeUndefined();
  });
});
