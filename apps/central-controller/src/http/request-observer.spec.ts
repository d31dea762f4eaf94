import type { SpanAttributes, SpanOptions, Tracing } from '#libs/platform';
import { CONNECTION, useRestApp } from '../../../../test/support/rest-app.ts';
import { waitFor } from '../../../../test/support/wait-for.ts';

const TRACE = 'ab'.repeat(16);
const CALLER = { traceparent: `00-${TRACE}-${'cd'.repeat(8)}-01`, tracestate: 'vendor=1' };
const OURS = { traceparent: `00-${TRACE}-${'ef'.repeat(8)}-01`, tracestate: 'vendor=1' };
const CONNECTIONS = '/api/v1/connections';
const FAILOVER = `${CONNECTIONS}/${encodeURIComponent(CONNECTION.connection_id)}/failover`;

interface Seen extends SpanOptions {
  readonly name: string;
  added: SpanAttributes;
  ended?: string | true;
}

describe('what is told of a request', () => {
  const spans: Seen[] = [];
  const tracing: Tracing = {
    isOn: true,
    start: (name, options) => {
      const span: Seen = { ...options, name, added: {} };
      spans.push(span);
      return {
        context: OURS,
        add: (more) => Object.assign(span.added, more),
        end: (failure) => {
          span.ended ??= failure ?? true;
        },
      };
    },
    stop: async () => undefined,
  };
  const rest = useRestApp(tracing);
  beforeEach(() => {
    spans.length = 0;
  });

  it('is a span in the caller’s trace, which the fact that was asked for goes on in', async () => {
    const answer = await rest.post(FAILOVER).set(CALLER).send({ reason: 'now' });
    expect(answer.status).toBe(202);
    const [span] = await waitFor(() => spans[0]?.ended && spans);
    expect(span).toMatchObject({
      name: 'POST',
      kind: 'server',
      parent: CALLER,
      attributes: { 'http.request.method': 'POST', 'url.path': FAILOVER },
      added: { 'http.route': '/api/v1/connections/:id/failover', 'http.response.status_code': 202 },
      ended: true,
    });
    expect(rest.published[0]?.headers).toEqual(OURS);
  });

  it('is one for an event too', async () => {
    const attributes = { specversion: '1.0', id: 'a', source: '/x', type: 'trunkline.connection-closed.v1' };
    const data = { connection_id: CONNECTION.connection_id, epoch: 1, reason: 'over' };
    const answer = await rest
      .post('/api/v1/events')
      .set(CALLER)
      .set('content-type', 'application/cloudevents+json')
      .send(JSON.stringify({ ...attributes, data }));
    expect([answer.status, rest.published[0]?.headers]).toEqual([202, OURS]);
    expect(spans[0]?.parent).toEqual(CALLER);
  });

  it('begins a trace where the caller has none, or a broken one', async () => {
    await rest.post(FAILOVER).set('traceparent', 'broken').set('tracestate', 'a=1').send({ reason: 'now' });
    expect(spans[0]?.parent).toBeUndefined();
    expect(rest.published[0]?.headers).toEqual(OURS);
  });

  it('is no span of what probes and scrapes ask for', async () => {
    await rest.http().get('/health/live');
    await rest.http().get('/metrics');
    expect(spans).toEqual([]);
  });

  it('is its time by route and status, never by what stands in a path', async () => {
    await rest.http().get(`${CONNECTIONS}/${encodeURIComponent(CONNECTION.connection_id)}`);
    await rest.http().get(`${CONNECTIONS}/nobody:here`);
    await rest.http().get('/api/v1/no/such/thing');
    await rest.http().get('/wp-admin');
    const labels = await waitFor(async () => {
      const { text } = await rest.http().get('/metrics');
      const counts = /^trunkline_http_request_duration_seconds_count\{(.*)\} \d+$/gm;
      const found = [...text.matchAll(counts)].map(([, inner = '']) =>
        [...inner.matchAll(/(method|route|status)="([^"]*)"/g)].map(([, , value]) => value).join(' '),
      );
      return found.includes('any none 404') && found;
    });
    expect(labels).toEqual(
      expect.arrayContaining(['GET /api/v1/connections/:id 200', 'GET /api/v1/connections/:id 404']),
    );
    expect(labels.filter((each) => each.endsWith('404'))).toHaveLength(2);
    expect(labels.join()).not.toMatch(/nobody|bank-client|wp-admin/);
  });
});
