import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { identityOfPem, type TlsIdentity } from '#libs/relay';
import type { ControllerConfig } from './config.ts';

/** The controllers of another control region, and where their gRPC door is dialled. */
export interface PeerConfig {
  readonly region: string;
  /** `host:port`. */
  readonly address: string;
}

/** What a controller shows to its peers, and whom it believes. */
export type TlsFiles = TlsIdentity;

/** The variables of the files, by the member of TlsIdentity that they are. */
const FILES = {
  ca: { property: 'tlsCa', variable: 'TRUNKLINE_TLS_CA' },
  cert: { property: 'tlsCert', variable: 'TRUNKLINE_TLS_CERT' },
  key: { property: 'tlsKey', variable: 'TRUNKLINE_TLS_KEY' },
} as const;

/** A peer that is no region of ours could never see its reservations used. */
export function readPeers({ region, regions, peers }: ControllerConfig, problems: string[]): PeerConfig[] {
  if (!Array.isArray(peers)) return [];
  const found = peers.map((peer) => {
    const end = peer.indexOf('=');
    return { region: peer.slice(0, end), address: peer.slice(end + 1) };
  });
  for (const peer of found) {
    if (peer.region === region) {
      problems.push(`TRUNKLINE_PEERS: ${JSON.stringify(peer.region)}; it must not name its own region`);
    } else if (Array.isArray(regions) && !regions.includes(peer.region)) {
      problems.push(
        `TRUNKLINE_PEERS: ${JSON.stringify(peer.region)}; TRUNKLINE_REGIONS must name it as well`,
      );
    }
  }
  return found;
}

/** Read now: whoever finds out at the first handshake that a file is wrong found out too late. */
export function readTls(config: ControllerConfig, problems: string[]): TlsFiles | undefined {
  const { parts, peers } = config;
  const asks = parts.includes('control-loop') && peers.length > 0;
  const given = Object.values(FILES).some(({ property }) => config[property] !== undefined);
  if (!given && !asks && !parts.includes('failover')) return undefined;
  const before = problems.length;
  const tls = { ca: '', cert: '', key: '' };
  for (const [name, { property, variable }] of Object.entries(FILES)) {
    const text = readPem(variable, config[property], problems);
    if (text !== undefined) tls[name as keyof typeof FILES] = text;
  }
  if (problems.length > before) return undefined;
  problems.push(...identityProblems(tls.cert, config));
  return tls;
}

function readPem(variable: string, file: string | undefined, problems: string[]): string | undefined {
  if (file === undefined) {
    problems.push(`${variable}: not set; failover, and a control loop with peers, need mTLS`);
    return undefined;
  }
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    problems.push(`${variable}: ${file}; it cannot be read (${(error as NodeJS.ErrnoException).code})`);
    return undefined;
  }
}

/** A certificate for anything but a controller of this region would be refused by every peer. */
function identityProblems(cert: string, { region, tlsCert }: ControllerConfig): string[] {
  const wanted = `it must name spiffe://trunkline/${region}/central-controller/<any>`;
  try {
    const named = identityOfPem(cert);
    if (named?.region === region && named.kind === 'central-controller') return [];
    const names = new X509Certificate(cert).subjectAltName ?? 'nobody';
    return [`TRUNKLINE_TLS_CERT: ${tlsCert}; names ${names}; ${wanted}`];
  } catch {
    return [`TRUNKLINE_TLS_CERT: ${tlsCert}; it is no certificate`];
  }
}
