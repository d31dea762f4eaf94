import { KafkaLog } from '#libs/log';
import { launchBrowser } from '../../support/console/browser.ts';
import { startController } from '../controller.ts';
import type { Comparison } from '../figures.ts';
import { unique } from '../kafka.ts';
import type { BenchOptions } from '../options.ts';
import { firstPaint } from './paint.ts';
import { scrollTenThousand } from './scroll.ts';
import { decisionToVisible } from './visible.ts';

const PARTITIONS = 12;

/** What whoever looks at the console waits for: in a headless Chromium, of a real controller process. */
export async function consoleBenches(options: BenchOptions): Promise<Comparison[]> {
  const { brokers, redisUrl, samples, rounds } = options;
  const region = unique('console');
  const log = new KafkaLog({ brokers: brokers.split(','), clientId: 'bench-console-topics' });
  await log.ensureTopics(region, { partitions: PARTITIONS });
  await log.close();
  const controller = await startController({ region, brokers, redisUrl, parts: ['projector', 'rest'] });
  const browser = await launchBrowser();
  try {
    await controller.ready();
    return [
      await decisionToVisible({ ...options, samples: samples * 4 }, region, controller, browser),
      await firstPaint(browser, controller.url, samples),
      await scrollTenThousand(browser, rounds),
    ];
  } finally {
    await browser.close();
    await controller.stop();
  }
}
