import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { ALPN_LINK, spiffeId } from '#libs/contracts';
import { brokenLeaves, type KeyPairPem, readAuthority } from '#libs/pki';
import { encodePreface, REFUSE_CODES } from '#libs/relay';
import { waitFor } from '../../support/wait-for.ts';
import { CLIENT, CONNECTION, type Running, World } from './harness.ts';

const MEMBER = { name: CLIENT, uri: spiffeId('east', 'client-sidecar', CLIENT) };

/** Somebody who dials a server sidecar and says what he likes. */
class Dialler {
  readonly bytes: Buffer[] = [];
  isClosed = false;
  constructor(readonly socket: TLSSocket) {
    socket.on('data', (chunk) => this.bytes.push(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.isClosed = true;
    });
  }

  /** The number of the refusal, once it came. */
  refusal(): Promise<number> {
    return waitFor(
      () => {
        const frame = Buffer.concat(this.bytes);
        return frame.length >= 7 && frame[0] === 4 && frame.readUInt16BE(5);
      },
      { what: 'a refusal' },
    );
  }

  ready(): Promise<boolean> {
    return waitFor(() => this.bytes[0]?.[0] === 3, { what: 'ready' });
  }

  closed(withinMs = 10_000): Promise<boolean> {
    return waitFor(() => this.isClosed, { what: 'the end of the connection', withinMs });
  }
}

describe('a dial to a server sidecar', () => {
  let world: World;
  let server: Running;
  let ca: Buffer;
  let pki: string;
  beforeEach(async () => {
    world = new World();
    server = await world.server('server-1', [await world.backend()]);
    pki = await world.pki();
    ca = readFileSync(join(pki, 'ca.crt'));
  });
  afterEach(() => world.clear());

  const own = (name: string): KeyPairPem => ({
    cert: readFileSync(join(pki, `${name}.crt`), 'utf8'),
    key: readFileSync(join(pki, `${name}.key`), 'utf8'),
  });
  function dial(identity: Partial<KeyPairPem>, alpn: string = ALPN_LINK): Dialler {
    const socket = connect({
      host: '127.0.0.1',
      port: Number(server.linkPort),
      ca,
      ...identity,
      ALPNProtocols: [alpn],
      checkServerIdentity: () => undefined,
    });
    world.ends(() => socket.destroy());
    return new Dialler(socket);
  }
  const say = (dialler: Dialler, epoch: number, members = {}): Dialler => {
    dialler.socket.write(encodePreface({ epoch, connectionId: CONNECTION, clientId: CLIENT, ...members }));
    return dialler;
  };

  it('is ready when it was announced, and carried once only', async () => {
    await world.accept(server, 1);
    await say(dial(own(CLIENT)), 1).ready();
    expect(await say(dial(own(CLIENT)), 1).refusal()).toBe(REFUSE_CODES['already-carried']);
  });

  it('is refused for garbage, and for a version that is not known', async () => {
    const garbage = dial(own(CLIENT));
    garbage.socket.write('GET / HTTP/1.1\r\n\r\n');
    expect(await garbage.refusal()).toBe(REFUSE_CODES['bad-preface']);
    await garbage.closed();
    const later = dial(own(CLIENT));
    later.socket.write(Buffer.from('TRLK\x02'));
    expect(await later.refusal()).toBe(REFUSE_CODES['unsupported-version']);
  });

  it('is closed when the preface does not come in time', async () => {
    const silent = dial(own(CLIENT));
    silent.socket.write('TRL');
    await silent.closed();
    expect(silent.bytes).toEqual([]);
  });

  it('is refused when the preface names another client than the certificate', async () => {
    await world.accept(server, 1);
    expect(await say(dial(own(CLIENT)), 1, { clientId: 'somebody' }).refusal()).toBe(
      REFUSE_CODES['wrong-identity'],
    );
  });

  it('is refused to another client than the one that was announced', async () => {
    await world.pki([{ name: 'bank-2', uri: spiffeId('east', 'client-sidecar', 'bank-2') }]);
    await world.accept(server, 1);
    expect(await say(dial(own('bank-2')), 1, { clientId: 'bank-2' }).refusal()).toBe(
      REFUSE_CODES['wrong-identity'],
    );
  });

  it('is refused to whoever is no client sidecar, or of a region that is not known', async () => {
    await world.pki([{ name: 'far', uri: spiffeId('north', 'client-sidecar', 'far') }]);
    await world.accept(server, 1);
    expect(await dial(own('server-2')).refusal()).toBe(REFUSE_CODES['wrong-identity']);
    expect(await dial(own('far')).refusal()).toBe(REFUSE_CODES['wrong-identity']);
  });

  it('ends in the handshake without a certificate, with one that is not valid, or another protocol', async () => {
    await world.accept(server, 1);
    const broken = await brokenLeaves(readAuthority(pki), MEMBER, Date.now());
    for (const identity of [{}, broken.expired, broken.notYetValid, broken.otherAuthority]) {
      const dialler = say(dial(identity), 1);
      await dialler.closed();
      expect(dialler.bytes).toEqual([]);
    }
    await dial(own(CLIENT), 'http/1.1').closed();
  });

  it('is refused for an epoch below the one that is known, and for one that ended', async () => {
    await world.accept(server, 3);
    expect(await say(dial(own(CLIENT)), 2).refusal()).toBe(REFUSE_CODES['stale-epoch']);
    const stopped = await world.command(server, 'stop-sending-to-client', 3);
    expect(stopped.answer).toBe('command-succeeded');
    expect(await say(dial(own(CLIENT)), 3).refusal()).toBe(REFUSE_CODES['stale-epoch']);
    expect(await world.accept(server, 3)).toMatchObject({ answer: 'command-refused', reason: 'stale-epoch' });
  });

  it('waits when it comes before its announcement, two seconds at most', async () => {
    const early = say(dial(own(CLIENT)), 1);
    // A second one for the same epoch finds the first one waiting.
    expect(await say(dial(own(CLIENT)), 1).refusal()).toBe(REFUSE_CODES['not-expected']);
    expect(early.bytes).toEqual([]);
    await world.accept(server, 1);
    await early.ready();

    const never = say(dial(own(CLIENT)), 2);
    expect(await never.refusal()).toBe(REFUSE_CODES['not-expected']);
  });

  it('waits for its own announcement, whoever else dials for the same connection', async () => {
    await world.pki([{ name: 'bank-2', uri: spiffeId('east', 'client-sidecar', 'bank-2') }]);
    const stranger = say(dial(own('bank-2')), 9, { clientId: 'bank-2' });
    const refused = say(dial(own('bank-2')), 9, { clientId: 'bank-2' });
    // The second one shows that the first one waits.
    expect(await refused.refusal()).toBe(REFUSE_CODES['not-expected']);
    const early = say(dial(own(CLIENT)), 1);
    expect(await say(dial(own(CLIENT)), 1).refusal()).toBe(REFUSE_CODES['not-expected']);
    expect((await world.accept(server, 1)).answer).toBe('command-succeeded');
    await early.ready();
    expect(await stranger.refusal()).toBe(REFUSE_CODES['not-expected']);
  });

  it('is given up by a server whose announced client never came, which says so', async () => {
    await world.accept(server, 1);
    server.clock.aheadMs += 11_000;
    expect(await server.log.fact('connection-lost')).toMatchObject({
      epoch: 1,
      observed_by: 'server-sidecar',
    });
    expect(await say(dial(own(CLIENT)), 1).refusal()).toBe(REFUSE_CODES['stale-epoch']);
  });

  it('is refused by a server that has no lease', async () => {
    await world.accept(server, 1);
    server.log.isAway = true;
    server.clock.bootAheadMs += 61_000;
    expect(await say(dial(own(CLIENT)), 2).refusal()).toBe(REFUSE_CODES['lease-lapsed']);
  });

  it('ends for frames that are none, and the server says so', async () => {
    await world.accept(server, 1);
    const dialler = say(dial(own(CLIENT)), 1);
    await dialler.ready();
    dialler.socket.write(Buffer.from([9, 0, 0, 0, 0]));
    await dialler.closed();
    expect(await server.log.fact('connection-lost')).toMatchObject({ epoch: 1, reason: 'protocol-error' });
  });

  it('ends for a message that is not one in the framing of the link', async () => {
    await world.accept(server, 1);
    const dialler = say(dial(own(CLIENT)), 1);
    await dialler.ready();
    dialler.socket.write(Buffer.concat([Buffer.from([0, 0, 0, 0, 4]), Buffer.from([0, 9, 0x30, 0x32])]));
    expect(await server.log.fact('connection-lost')).toMatchObject({ reason: 'protocol-error' });
  });
});
