import { Places } from './places.ts';

const PARTITIONS = 3;
const REGIONS = ['east', 'west'];

describe('the id of a live event', () => {
  it('names every place and whose records counted there, and reads as itself again', () => {
    const places = Places.earliest(REGIONS, PARTITIONS);
    places.set('west', 2, { offset: 123_456_789, writer_epoch: 42, writer_id: 'a.b;c:d~e ü' });
    const text = places.text();
    expect(text).toMatch(/^[\x21-\x7e]+$/);
    expect(Places.parse(text, REGIONS, PARTITIONS)?.text()).toBe(text);
    expect(Places.parse(text, REGIONS, PARTITIONS)?.at('west', 2)).toEqual(places.at('west', 2));
  });
});
