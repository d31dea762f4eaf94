import type { Browser, Page } from 'playwright-core';
import { TOPIC, topicName } from '#libs/contracts';
import { KafkaLog } from '#libs/log';
import { openPage } from '../../support/console/page.ts';
import { claimEvent, decisionEvent, linkDecision } from '../../support/decisions.ts';
import { waitFor } from '../../support/wait-for.ts';
import type { ControllerProcess } from '../controller.ts';
import { atMost, type Comparison, quantiles, ratiosOf } from '../figures.ts';
import { type BenchOptions, say } from '../options.ts';

const PARTITIONS = 12;
const WARM_UP = 10;
const WRITER = { writer_epoch: 1, writer_id: '6c0c3b4e-7f5e-4c55-8d0b-9c3a8f7b9f10' };
const AIM = 1.5;

/** Milliseconds since 1970, as the page's own clock has them, to fractions. */
const NOW = 'performance.timeOrigin + performance.now()';
/** Reads the live stream and nothing else; notes when a server has come, and the frame after, before which nothing can be shown. */
const BARE_READER = `(async () => {
  window.arrived = new Map();
  window.framed = new Map();
  const answer = await fetch('/api/v1/events');
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  window.begun = true;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    for (const [, server] of value.matchAll(/"server_id":"(visible-\\d+)"/g)) {
      if (arrived.has(server)) continue;
      arrived.set(server, ${NOW});
      requestAnimationFrame(() => framed.set(server, ${NOW}));
    }
  }
})()`;
/** Notes when the only row has another server: it is painted with that frame. */
const WATCHER = `(() => {
  window.seen = new Map();
  const list = document.querySelector('tl-console').renderRoot.querySelector('main > .view');
  const table = list.renderRoot.querySelector('tl-virtual-table');
  const look = () => {
    const text = table.renderRoot.querySelector('[role=gridcell]')?.parentElement.textContent ?? '';
    const server = /visible-\\d+/.exec(text)?.[0];
    if (server !== undefined && !seen.has(server)) seen.set(server, ${NOW});
  };
  new MutationObserver(look).observe(table.renderRoot, { childList: true, characterData: true, subtree: true });
})()`;

/**
 * From the moment at which a decision is sent to Kafka until an open page of the console shows it, beside until a page that
 * does nothing else hears of it: both in one browser, of one controller process, of the same decision. One at a time.
 */
export async function decisionToVisible(
  { brokers, samples }: BenchOptions,
  region: string,
  controller: ControllerProcess,
  browser: Browser,
): Promise<Comparison> {
  const log = new KafkaLog({ brokers: brokers.split(','), clientId: 'bench-console' });
  const topic = topicName(region, TOPIC.controllerEvents);
  const id = 'bank-client-1:primary';
  const decide = (version: number) =>
    log.publish([
      decisionEvent(
        topic,
        WRITER,
        linkDecision(id, version, {
          home_region: region,
          server_id: `visible-${version}`,
          epoch: version,
          decided_at: new Date().toISOString(),
        }),
      ),
    ]);
  const partitions = Array.from({ length: PARTITIONS }, (_none, partition) => partition);
  await log.publish(partitions.map((partition) => claimEvent(topic, partition, WRITER)));
  await decide(1);
  const [shown, bare] = [await openPage(browser, controller.url), await openPage(browser, controller.url)];
  try {
    await shown.page.goto(`${controller.url}/#/connections`);
    await shown.page.getByText('visible-1', { exact: true }).first().waitFor();
    await shown.page.evaluate(WATCHER);
    await bare.page.goto(`${controller.url}/health/live`);
    void bare.page.evaluate(BARE_READER).catch(() => undefined);
    await bare.page.waitForFunction('window.begun');
    say(`a decision → visible on the page: ${samples} times`);
    const visible: number[] = [];
    const framed: number[] = [];
    const heard: number[] = [];
    for (let n = 0; n < WARM_UP + samples; n++) {
      const version = n + 2;
      const sentMs = performance.timeOrigin + performance.now();
      await decide(version);
      const [seenMs, framedMs, heardMs] = await Promise.all([
        timeOf(shown.page, 'seen', version),
        timeOf(bare.page, 'framed', version),
        timeOf(bare.page, 'arrived', version),
      ]);
      if (n < WARM_UP) continue;
      visible.push(seenMs - sentMs);
      framed.push(framedMs - sentMs);
      heard.push(heardMs - sentMs);
    }
    const [measured, floor] = [quantiles(visible), quantiles(framed)];
    const ratios = ratiosOf(measured, floor);
    return {
      name: 'decision → visible on the page',
      unit: 'ms',
      measured,
      floor,
      floorIs:
        'the frame after the same event came to a page of the same browser that reads the live stream and shows nothing',
      ratios,
      aims: [atMost('p50 to floor', ratios.p50, AIM)],
      notes: { 'until the event came to that page, ms': quantiles(heard) },
    };
  } finally {
    await Promise.all([shown.close(), bare.close()]);
    await log.close();
  }
}

function timeOf(page: Page, map: 'seen' | 'framed' | 'arrived', version: number): Promise<number> {
  return waitFor(() => page.evaluate<number | undefined>(`window.${map}.get('visible-${version}')`), {
    what: `visible-${version} ${map}`,
    everyMs: 2,
  });
}
