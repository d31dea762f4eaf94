import { createLogger, createRegistry } from '#libs/platform';
import { logObserver } from './log-observer.ts';

describe('the lag of a partition', () => {
  const metrics = createRegistry('test');
  const observer = logObserver(metrics, createLogger({ name: 'test', level: 'fatal' }), 'east');
  const exported = async () => {
    const values = (await metrics.getMetricsAsJSON()).find(({ name }) => name === 'trunkline_consumer_lag');
    return values?.values.map(({ labels, value }) => [`${labels.topic}/${labels.partition}`, value]);
  };

  it('is that of the consumer furthest behind', async () => {
    observer.lag?.('loop', 'events', 3, 7);
    observer.lag?.('projector', 'events', 3, 2);
    expect(await exported()).toEqual([['events/3', 7]]);
    observer.lag?.('loop', 'events', 3, 0);
    expect(await exported()).toEqual([['events/3', 2]]);
  });

  it('is forgotten with the last consumer that has the partition', async () => {
    observer.lag?.('projector', 'events', 3, undefined);
    expect(await exported()).toEqual([['events/3', 0]]);
    observer.lag?.('loop', 'events', 3, undefined);
    expect(await exported()).toEqual([]);
  });
});
