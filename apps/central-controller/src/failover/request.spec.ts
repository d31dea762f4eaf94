import { create } from '@bufbuild/protobuf';
import { RequestFailoverRequestSchema } from './gen/trunkline/control/v1/controller_pb.ts';
import { Refusal } from './refusal.ts';
import { type Caller, factOf } from './request.ts';

const CALLER: Caller = {
  identity: { region: 'east', kind: 'central-controller', id: 'controller-east' },
  deadlineMs: 1_000,
};
const PEERS = new Set(['east', 'north']);
const FIELDS = {
  connectionId: 'bank-client-1:primary',
  clientId: 'bank-client-1',
  failedServerId: 'scheme-server-1',
  serverGroup: 'scheme',
  reason: 'server-lost',
  epoch: 2n,
  requestingRegion: 'east',
};

const asked = (fields: Partial<typeof FIELDS> = {}, caller: Partial<Caller> = {}) =>
  factOf(create(RequestFailoverRequestSchema, { ...FIELDS, ...fields }), { ...CALLER, ...caller }, PEERS);

/** The stable word, and what is said for people. */
function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof Refusal) return `${error.reason}: ${error.message}`;
    throw error;
  }
  return 'not refused';
}

describe('a request of a peer', () => {
  it('becomes a fact of this region', () => {
    expect(asked()).toEqual({
      connection_id: 'bank-client-1:primary',
      client_id: 'bank-client-1',
      server_group: 'scheme',
      failed_server_id: 'scheme-server-1',
      reason: 'server-lost',
      epoch: 2,
      requesting_region: 'east',
    });
  });

  it('names no failed server when none failed', () => {
    expect(asked({ failedServerId: '' })).not.toHaveProperty('failed_server_id');
  });

  it.each([
    ['nobody', undefined],
    ['a sidecar of the region', { region: 'east', kind: 'client-sidecar', id: 'bank-client-1' }],
    ['a controller of a region that is no peer', { region: 'south', kind: 'central-controller', id: 'c' }],
  ])('is refused to %s, whatever else is wrong with it', (_who, identity) => {
    expect(refusal(() => asked({ epoch: 0n }, { identity, deadlineMs: undefined }))).toMatch(/^unknown-peer/);
  });

  it('is refused to the controller of another region than it speaks for', () => {
    expect(refusal(() => asked({ requestingRegion: 'north' }))).toBe(
      'wrong-region: the certificate speaks for east, not for north',
    );
  });

  it('is refused without a deadline', () => {
    expect(refusal(() => asked({}, { deadlineMs: undefined }))).toMatch(/^no-deadline/);
  });

  it.each([
    ['connection_id', { connectionId: '' }],
    ['connection_id', { connectionId: 'bank client' }],
    ['connection_id', { connectionId: 'scheme-server-1' }],
    ['client_id', { clientId: '' }],
    ['client_id', { clientId: 'x'.repeat(65) }],
    ['server_group', { serverGroup: 'a/b' }],
    ['failed_server_id', { failedServerId: 'é' }],
    ['reason', { reason: '' }],
    ['reason', { reason: 'x'.repeat(513) }],
    ['epoch', { epoch: 0n }],
    ['epoch', { epoch: 2n ** 63n }],
    ['requesting_region', { requestingRegion: '' }],
  ])('is refused for its %s, which it names (%#)', (field, wrong) => {
    expect(refusal(() => asked(wrong))).toMatch(new RegExp(`^invalid-field: .*\\b${field}\\b`));
  });
});
