import { EventParser } from './event-stream.ts';

const STREAM =
  'retry: 1000\nid: east:0~0\n: live\n\n' +
  'id: east:1~0\nevent: failover-decided\ndata: {"a":1}\n\n' +
  ': heartbeat\nid: east:2~0\n\n' +
  'event: failover-completed\ndata: one\ndata:two\n\n';
const EVENTS = [
  { event: 'failover-decided', data: '{"a":1}' },
  { event: 'failover-completed', data: 'one\ntwo' },
];

describe('the stream of events', () => {
  it.each(['\n', '\r\n', '\r'])('is read with lines that end in %j', (end) => {
    const parser = new EventParser();
    // A last bare \r could be half of an end of line: it waits for what follows.
    expect(parser.push(`${STREAM.replaceAll('\n', end)}:${end}`)).toEqual(EVENTS);
    expect(parser.lastId).toBe('east:2~0');
  });

  it('is read in whatever pieces it comes', () => {
    for (let size = 1; size <= 40; size++) {
      const parser = new EventParser();
      const events = [];
      for (let at = 0; at < STREAM.length; at += size)
        events.push(...parser.push(STREAM.slice(at, at + size)));
      expect(events).toEqual(EVENTS);
    }
  });

  it('has no event before its empty line', () => {
    const parser = new EventParser();
    expect(parser.push('event: x\ndata: 1\n')).toEqual([]);
    expect(parser.push('\n')).toEqual([{ event: 'x', data: '1' }]);
  });

  it('tells the id of a heartbeat, so that whoever hears nothing does not fall behind', () => {
    const parser = new EventParser();
    expect(parser.push(': heartbeat\nid: later\n\n')).toEqual([]);
    expect(parser.lastId).toBe('later');
  });
});
