import type { SessionDecision } from '#libs/contracts';
import { SessionWorld } from '../../testing/session-world.ts';
import { Audit, type AuditRecord } from './index.ts';

/** A session that was moved once, with what was said of it. */
function moved(): SessionWorld {
  const world = new SessionWorld();
  world.open('in-3').answerAll();
  world.pass(5_000).target('in-4', { resumed: true, consented: true });
  world.controller('in-4');
  world.opened();
  world.answerAll();
  world.pass(1_000).closed('hung-up');
  return world;
}

/** The log as it would stand; a test spoils the records before they are given. */
function audited(world: SessionWorld, spoil: (records: AuditRecord[]) => void = () => {}) {
  const records: AuditRecord[] = world.told.map(({ fact, origin }) => ({
    place: origin,
    key: world.id,
    ...{ name: fact.name, id: fact.id, timeMs: fact.timeMs, data: fact.data },
  }));
  for (const [offset, { name, data }] of world.decisions.entries()) {
    const timeMs = Date.parse(data.decided_at);
    const place = { topic: 'east.controller-events', partition: 0, offset };
    records.push({ place, key: world.id, name, id: `${world.id}/${data.version}`, timeMs, data });
    for (const [at, { name: command, ...rest }] of data.commands.entries()) {
      const sent = { topic: 'east.relay-commands', partition: 0, offset: offset * 10 + at };
      records.push({
        place: sent,
        ...{ key: rest.agent_id, name: command, id: rest.command_id, timeMs, data: rest },
      });
    }
  }
  spoil(records);
  const audit = new Audit();
  for (const record of records) audit.take(structuredClone(record));
  return audit.report();
}

const decisionsOf = (records: AuditRecord[]) =>
  records
    .filter(({ place }) => place.topic === 'east.controller-events')
    .map(({ data }) => data as SessionDecision);

const codes = (report: ReturnType<typeof audited>) => [...new Set(report.violations.map(({ code }) => code))];

describe('the audit of sessions', () => {
  it('finds nothing wrong with what the rules do, and has looked at it', () => {
    const world = moved();
    const report = audited(world);
    expect(report.violations).toEqual([]);
    expect(report.counts).toMatchObject({
      decisions: world.decisions.length,
      facts: world.told.length,
      commands: world.decisions.flatMap(({ data }) => data.commands).length,
    });
  });

  it('finds an epoch that was given to two brokers, or that went back', () => {
    const twice = audited(moved(), (records) => {
      for (const { placement } of decisionsOf(records).slice(-3)) {
        if (placement) Object.assign(placement, { broker_id: 'us-2' });
      }
    });
    expect(codes(twice)).toContain('epoch-went-back');
  });

  it('finds a relay that no decision allowed', () => {
    const report = audited(moved(), (records) => {
      const opened = records.findLast(({ name }) => name === 'relay-opened');
      Object.assign(opened?.data ?? {}, { broker_id: 'us-1' });
    });
    expect(codes(report)).toEqual(['unknown-placement']);
  });

  it('finds another target under the same code, and a status that is not the phase’s', () => {
    const report = audited(moved(), (records) => {
      const last = decisionsOf(records).at(-1);
      Object.assign(last ?? {}, { target_id: 'till-5', status: 'active' });
    });
    expect(report.violations.map(({ detail }) => detail)).toEqual([
      'its status is active, its phase ended',
      'its target is till-5, not till-4',
    ]);
  });

  it('finds a decision that is missing, and a command that none of them holds', () => {
    expect(
      codes(
        audited(moved(), (records) =>
          records.splice(
            records.findIndex(({ name }) => name === 'target-accepted'),
            1,
          ),
        ),
      ),
    ).toContain('version-gap');
    const invented = audited(moved(), (records) => {
      const sent = records.find(({ name }) => name === 'open-relay');
      Object.assign(sent?.data ?? {}, { command_id: `${moved().id}/99/open-relay/in-3` });
    });
    expect(codes(invented)).toEqual(['writer-void']);
  });

  it('knows what a broker as a whole was commanded, and by which decision', () => {
    const audit = (isInvented: boolean) =>
      audited(moved(), (records) => {
        const about = { timeMs: 1, id: 'in-3/1', key: 'in-3' };
        const commands = [{ name: 'drain', command_id: 'in-3/1/drain/in-3', connection_id: 'in-3' }];
        const data = { agent_id: 'in-3', version: 1, epoch: 1, evidence: [], commands };
        const place = (base: string) => ({ topic: `west.${base}`, partition: 0, offset: 0 });
        if (!isInvented)
          records.push({ place: place('controller-events'), name: 'agent-draining', ...about, data });
        const sent = { ...commands[0], decision_id: 'in-3/1', home_region: 'west', agent_id: 'in-3' };
        records.push({ place: place('relay-commands'), name: 'drain', ...about, data: sent });
      });
    expect(codes(audit(false))).toEqual([]);
    expect(codes(audit(true))).toEqual(['writer-void']);
  });

  it('finds a command that nobody answered and nobody gave up', () => {
    const world = new SessionWorld();
    world.open('in-3').answerAll();
    world.target('in-4', { resumed: true, consented: true });
    const report = audited(world, (records) => {
      const late = { agent_id: 'us-1', incarnation: 'u', control_region: 'east', connections: [] };
      const place = { topic: 'east.health-reports', partition: 0, offset: 0 };
      const about = { key: 'us-1', name: 'health-report', id: 'late', timeMs: world.nowMs + 60_000 };
      records.push({ place, ...about, data: late });
    });
    expect(report.violations.map(({ code, detail }) => `${code}: ${detail}`)).toEqual([
      `command-unended: ${world.id}/${world.state?.version}/hold-target/in-4 was neither answered nor superseded nor given up`,
      `command-unended: ${world.id}/${world.state?.version}/redirect-controller/in-3 was neither answered nor superseded nor given up`,
    ]);
  });
});
