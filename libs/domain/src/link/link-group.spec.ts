import { line, Scenario } from '../../testing/scenario.ts';
import { last, lose } from '../../testing/talk.ts';

describe('links of one link group', () => {
  const group = { link_group: 'acquirer' };

  it('stand on different servers while there are enough, whatever else speaks for one', () => {
    const given = new Scenario()
      .server('server-1', { linkGroups: { acquirer: 1 } })
      .server('server-2', { carried: 9, location: 'far', health: 40 });
    expect(line(given.request({ ...group, preferred_server: 'server-1' }))).toContain(
      'on server-2 then server-1',
    );
  });

  it('share a server when there is no other, the one with the fewest of them first', () => {
    const given = new Scenario()
      .server('server-1', { linkGroups: { acquirer: 2 } })
      .server('server-2', { linkGroups: { acquirer: 1 }, carried: 9 });
    expect(line(given.request(group))).toContain('on server-2');
    expect(line(new Scenario().server('server-1', { linkGroups: { acquirer: 7 } }).request(group))).toContain(
      'on server-1',
    );
  });

  it('are told to the server, so that its reports tell of them', () => {
    const given = new Scenario().server('server-1');
    given.request(group);
    expect(last(given)?.commands[0]).toMatchObject({ name: 'accept-client', link_group: 'acquirer' });
  });

  it('do not count the link itself on the server that it leaves', () => {
    const given = new Scenario()
      .server('server-1', { linkGroups: { acquirer: 1 } })
      .server('server-2', { linkGroups: { acquirer: 1 }, carried: 5 });
    given.request(group);
    given.established();
    expect(given.known().placement?.server_id).toBe('server-1');
    given.server('server-1', { incarnation: 'b', linkGroups: { acquirer: 1 } });
    expect(lose(given)).toContain('on server-1');
  });
});
