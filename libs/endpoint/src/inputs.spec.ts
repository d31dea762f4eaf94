import { endpointSpiffeId, spiffeId } from '#libs/contracts';
import { createAuthority, createSelfSigned, issueLeaf } from '#libs/pki';
import { brokerNamed, dialAddress, readBrokers } from './brokers.ts';
import { openController } from './controller.ts';
import { ENDPOINT_ERRORS, EndpointError } from './errors.ts';
import { certificateIdentity, createGuestIdentity, guestIdentity } from './identity.ts';
import { attachTarget } from './target.ts';

const BROKER = { id: 'broker-in-3', host: 'broker-in-3.company.com', port: 7443, region: 'west' };

describe('a broker list', () => {
  it('is read, without members that it does not name', () => {
    expect(readBrokers([{ ...BROKER, note: 'x' }])).toEqual([BROKER]);
    expect(readBrokers([{ ...BROKER, address: '[::1]:17445' }])[0]).toMatchObject({ address: '[::1]:17445' });
  });

  it.each([
    ['no list', {}],
    ['an empty list', []],
    ['too many', Array.from({ length: 65 }, (_, index) => ({ ...BROKER, id: `b${index}` }))],
    ['an id twice', [BROKER, BROKER]],
    ['no object', [7]],
    ['a bad id', [{ ...BROKER, id: 'a b' }]],
    ['a bad host', [{ ...BROKER, host: '' }]],
    ['a bad port', [{ ...BROKER, port: 70_000 }]],
    ['a bad region', [{ ...BROKER, region: undefined }]],
    ['a bad address', [{ ...BROKER, address: 'nowhere' }]],
    ['a bad port in an address', [{ ...BROKER, address: '127.0.0.1:0' }]],
  ])('is refused: %s', (_what, list) => {
    expect(() => readBrokers(list)).toThrow(expect.objectContaining({ code: 'bad-brokers' }));
  });

  it('says how to dial, also what a redirect names', () => {
    const listed = { ...BROKER, address: '127.0.0.1:17445' };
    expect(dialAddress(listed)).toEqual({ host: '127.0.0.1', port: 17_445 });
    expect(dialAddress(BROKER)).toEqual({ host: 'broker-in-3.company.com', port: 7_443 });
    expect(brokerNamed([listed], 'broker-in-3', 'elsewhere:1')).toBe(listed);
    expect(brokerNamed([], 'broker-us-9', 'broker-us-9.company.com:7443')).toMatchObject({
      ...{ id: 'broker-us-9', host: 'broker-us-9.company.com', port: 7_443 },
    });
  });
});

describe('an identity', () => {
  const bad = expect.objectContaining({ code: 'bad-identity' });

  it('is what the certificate names', async () => {
    const authority = await createAuthority('Test CA', Date.now());
    const { cert: ca } = authority;
    const ann = await issueLeaf(authority, { name: 'ann', uri: endpointSpiffeId('ann') }, Date.now());
    expect(certificateIdentity({ ca, ...ann })).toMatchObject({ id: 'ann', guest: false });
    const broker = await issueLeaf(
      authority,
      { name: 'b', uri: spiffeId('east', 'broker', 'b') },
      Date.now(),
    );
    expect(() => certificateIdentity({ ca, ...broker })).toThrow(bad);
    const feigned = { name: 'g', uri: endpointSpiffeId(`guest-${'0'.repeat(32)}`) };
    const guest = await issueLeaf(authority, feigned, Date.now());
    expect(() => certificateIdentity({ ca, ...guest })).toThrow(bad);
    expect(() => certificateIdentity({ ca, cert: ann.cert, key: broker.key })).toThrow(bad);
    expect(() => certificateIdentity({ ca: 'no PEM', ...ann })).toThrow(bad);
    expect(() => certificateIdentity({ ca, cert: 'no PEM', key: ann.key })).toThrow(bad);
  });

  it("of a guest is its key's, the same when it was kept, another for another key", async () => {
    const { cert: ca } = await createAuthority('Test CA', Date.now());
    const guest = await createGuestIdentity(ca);
    expect(guestIdentity({ ca, cert: guest.cert, key: guest.key }).id).toBe(guest.id);
    expect(guestIdentity({ ca, ...(await createSelfSigned('x', Date.now())) }).id).not.toBe(guest.id);
  });
});

describe('a call with bad input', () => {
  it('is refused without asking any broker', async () => {
    const authority = await createAuthority('Test CA', Date.now());
    const identity = await createGuestIdentity(authority.cert);
    const options = {
      brokers: [BROKER],
      identity,
      consent: true,
      forward: { host: '127.0.0.1', port: 22 },
    } as const;
    for (const [code, fault] of [
      ['E7F3-K9QX-M2B4', 'wrong-length'],
      ['E7F3-K9QX-M2B4-TU', 'wrong-symbol'],
      ['E7F3-K9QX-M2B4-T0', 'mistyped'],
    ] as const) {
      const refused = attachTarget({ ...options, code });
      await expect(refused).rejects.toMatchObject({ code: 'bad-code', detail: fault, retriable: false });
    }
    await expect(openController({ brokers: [], identity })).rejects.toMatchObject({ code: 'no-broker' });
  });
});

describe('the errors', () => {
  it('are one table: a code, a text, whether it may pass', () => {
    for (const [code, { retriable, text }] of Object.entries(ENDPOINT_ERRORS)) {
      const error = new EndpointError(code as keyof typeof ENDPOINT_ERRORS, 'why');
      expect(error).toMatchObject({ code, retriable, message: `${text} (why)` });
    }
  });
});
