import { ALPN_SESSION, endpointSpiffeId, spiffeId } from '#libs/contracts';
import { createAuthority, createSelfSigned, issueLeaf } from '#libs/pki';
import { fakeProxy, type Impostor, plainServer, silentServer, tlsServer } from '../testing/impostors.ts';
import { Rig } from '../testing/rig.ts';
import type { Broker } from './brokers.ts';
import { certificateIdentity } from './identity.ts';
import { Leg } from './leg.ts';
import type { EndpointOptions } from './options.ts';

describe('a connection to a broker', () => {
  let rig: Rig;
  let open: Impostor[] = [];
  beforeAll(async () => {
    rig = await Rig.start('broker-us-1');
  });
  afterEach(async () => {
    await Promise.all(open.map((impostor) => impostor.close()));
    open = [];
  });
  afterAll(() => rig.stop());

  const keep = async <I extends Impostor>(starting: Promise<I>): Promise<I> => {
    const impostor = await starting;
    open.push(impostor);
    return impostor;
  };
  const real = (): Broker => rig.exchange.broker('broker-us-1').broker;
  const at = ({ port }: { port: number }): Broker => ({ ...real(), port, address: `127.0.0.1:${port}` });
  const dial = async (broker: Broker, more: Partial<EndpointOptions> = {}): Promise<string> => {
    const timings = { dialMs: 1_500 };
    const options = { brokers: [broker], identity: rig.ann, timings, ...more };
    const { leg, welcome } = await Leg.connect(broker, 'probe', options, 1_000);
    leg.close();
    return welcome.broker_id;
  };
  const refused = (code: string) => expect.objectContaining({ name: 'EndpointError', code });

  it('is made when the broker is who it should be', async () => {
    expect(await dial(real())).toBe('broker-us-1');
  });

  it('is not made with a broker of another name, or of another host', async () => {
    await expect(dial({ ...real(), id: 'broker-in-3' })).rejects.toEqual(refused('untrusted-broker'));
    await expect(dial({ ...real(), host: 'elsewhere.example' })).rejects.toEqual(refused('untrusted-broker'));
  });

  it('is not made with a broker of another authority', async () => {
    const authority = await createAuthority('Another CA', Date.now());
    const uri = spiffeId('east', 'broker', 'broker-us-1');
    const pair = await issueLeaf(authority, { name: 'broker-us-1', uri }, Date.now());
    const impostor = await keep(tlsServer({ ...pair, ALPNProtocols: [ALPN_SESSION] }));
    await expect(dial(at(impostor))).rejects.toEqual(refused('untrusted-broker'));
  });

  it('tells an interceptor, which makes up a certificate for the name', async () => {
    const company = await createAuthority('Company proxy CA', Date.now());
    const pair = await issueLeaf(company, { name: 'localhost', uri: 'https://proxy.example/' }, Date.now());
    const chained = await keep(tlsServer(pair));
    await expect(dial(at(chained))).rejects.toEqual(refused('intercepted'));
    const alone = await keep(tlsServer(await createSelfSigned('localhost', Date.now())));
    await expect(dial(at(alone))).rejects.toEqual(refused('intercepted'));
  });

  it('is not made with what does not speak the protocol', async () => {
    const uri = spiffeId('east', 'broker', 'broker-us-1');
    const pair = await rig.exchange.issue('broker-us-1', uri);
    const noAlpn = await keep(tlsServer(pair));
    await expect(dial(at(noAlpn))).rejects.toEqual(refused('wrong-protocol'));
    const plain = await keep(plainServer('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await expect(dial(at(plain))).rejects.toEqual(refused('wrong-protocol'));
    const old = await keep(tlsServer({ ...pair, maxVersion: 'TLSv1.2', ALPNProtocols: [ALPN_SESSION] }));
    await expect(dial(at(old))).rejects.toEqual(refused('wrong-protocol'));
  });

  it('is not had when nobody is there, or nobody answers in time', async () => {
    const gone = await silentServer();
    await gone.close();
    await expect(dial(at(gone))).rejects.toEqual(refused('no-broker'));
    const silent = await keep(silentServer());
    await expect(dial(at(silent), { timings: { dialMs: 200 } })).rejects.toEqual(refused('no-broker'));
  });

  it('is refused to a certificate that the broker does not know', async () => {
    const other = await createAuthority('Another CA', Date.now());
    const pair = await issueLeaf(other, { name: 'eve', uri: endpointSpiffeId('eve') }, Date.now());
    const eve = certificateIdentity({ ca: rig.exchange.authority.cert, ...pair });
    await expect(dial(real(), { identity: eve })).rejects.toEqual(refused('identity-refused'));
  });

  it('is given up when its caller gives up', async () => {
    const silent = await keep(silentServer());
    const signal = AbortSignal.timeout(50);
    await expect(dial(at(silent), { signal })).rejects.toEqual(refused('aborted'));
  });

  describe('through a proxy', () => {
    const through = (proxy: Impostor, user = ''): Partial<EndpointOptions> => ({
      proxy: { url: `http://${user}127.0.0.1:${proxy.port}` },
    });

    it('is made, with the user and password of its address', async () => {
      const credentials = `Basic ${Buffer.from('ann:p@ss').toString('base64')}`;
      const proxy = await keep(fakeProxy({ credentials }));
      expect(await dial(real(), through(proxy, 'ann:p%40ss@'))).toBe('broker-us-1');
      expect(proxy.asked).toEqual([`127.0.0.1:${real().port}`]);
      await expect(dial(real(), through(proxy, 'ann:wrong@'))).rejects.toEqual(refused('proxy-auth'));
      await expect(dial(real(), through(proxy))).rejects.toEqual(refused('proxy-auth'));
    });

    it('names the broker by its host, when no address is given', async () => {
      const proxy = await keep(fakeProxy({ to: real() }));
      const { address: _address, ...byName } = real();
      expect(await dial({ ...byName, port: 7443 }, through(proxy))).toBe('broker-us-1');
      expect(proxy.asked).toEqual(['localhost:7443']);
    });

    it('is not had when the proxy refuses, or is none, or is not there', async () => {
      const refusing = await keep(fakeProxy({ status: 502 }));
      await expect(dial(real(), through(refusing))).rejects.toEqual(refused('proxy-failed'));
      const none = await keep(plainServer('220 smtp.example\r\n'));
      await expect(dial(real(), through(none))).rejects.toEqual(refused('proxy-failed'));
      const gone = await silentServer();
      await gone.close();
      await expect(dial(real(), through(gone))).rejects.toEqual(refused('proxy-failed'));
      await expect(dial(real(), { proxy: { url: 'socks://x' } })).rejects.toEqual(refused('bad-options'));
    });

    it('tells a proxy that breaks the encryption open', async () => {
      const company = await createAuthority('Company proxy CA', Date.now());
      const pair = await issueLeaf(company, { name: 'localhost', uri: 'https://proxy.example/' }, Date.now());
      const inside = await keep(tlsServer(pair));
      const proxy = await keep(fakeProxy({ to: inside }));
      await expect(dial(real(), through(proxy))).rejects.toEqual(refused('intercepted'));
    });
  });
});
