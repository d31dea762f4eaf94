import { createHash, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Broker,
  certificateIdentity,
  createGuestIdentity,
  type EndpointIdentity,
  type EndpointOptions,
  readBrokers,
} from '#libs/endpoint';
import { readConfig } from '#libs/platform';
import { CliConfig } from '../config.ts';
import { CliError, EXIT } from '../exit.ts';
import type { SessionContext } from './context.ts';
import { type CommonFlags, readFlagFile } from './flags.ts';
import { proxyFor } from './proxy.ts';

export type Role = 'controller' | 'target';

export interface Setup extends EndpointOptions {
  readonly proxy?: { readonly url: string };
  /** PEM of the authority. */
  readonly ca: string;
  readonly brokersFile: string;
}

export interface SetupOptions {
  readonly role: Role;
  /** Come with a key of one's own making, whatever certificate is there. */
  readonly guest?: boolean;
  /** Without a certificate it is a guest. */
  readonly mayBeGuest?: boolean;
  /** `sha256:…` that the authority must have. */
  readonly caPin?: string;
  /** An identity that was kept; goes before all others. */
  readonly kept?: (ca: string) => EndpointIdentity;
}

/** All that the SDK is to be given, of flags, environment and the local stack. @throws CliError, EndpointError */
export async function setUp(
  context: SessionContext,
  flags: CommonFlags,
  options: SetupOptions,
): Promise<Setup> {
  const { config, lines } = readConfig(CliConfig);
  if (lines.length > 0) throw new CliError(EXIT.usage, `the environment is not valid: ${lines.join('; ')}`);
  const brokersFile = flags.brokers ?? join(context.stackHome, 'brokers.json');
  const brokers = brokersOf(brokersFile);
  const caFile = flags.ca ?? config.tlsCa ?? join(context.stackHome, 'pki/ca.crt');
  const ca = readFlagFile('--ca', caFile);
  checkPin(ca, options.caPin);
  const proxy = proxyFor(config, brokers);
  return {
    brokers,
    brokersFile,
    ca,
    identity: await identityOf(context, flags, config, ca, options),
    agent: context.agent,
    ...(proxy === undefined ? {} : { proxy: { url: proxy } }),
  };
}

function brokersOf(file: string): Broker[] {
  const text = readFlagFile('--brokers', file);
  try {
    return readBrokers(JSON.parse(text));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new CliError(EXIT.usage, `--brokers ${file} is no JSON: ${error.message}`);
  }
}

async function identityOf(
  { stackHome }: SessionContext,
  flags: CommonFlags,
  config: Readonly<CliConfig>,
  ca: string,
  { role, guest, mayBeGuest, kept }: SetupOptions,
): Promise<EndpointIdentity> {
  if (kept) return kept(ca);
  const given = flags.cert ?? config.tlsCert;
  if (guest) {
    if (flags.cert !== undefined || flags.key !== undefined) {
      throw new CliError(EXIT.usage, '--guest comes without a certificate: leave out --cert and --key');
    }
    return createGuestIdentity(ca);
  }
  const ofStack = join(stackHome, `pki/${role}.crt`);
  if (given === undefined && !existsSync(ofStack)) {
    if (mayBeGuest) return createGuestIdentity(ca);
    throw new CliError(
      EXIT.usage,
      'who are you? --cert and --key name your certificate (trunkline pki issue makes one for development)',
    );
  }
  const cert = given ?? ofStack;
  const key = flags.key ?? (flags.cert === undefined ? config.tlsKey : undefined) ?? beside(cert);
  return certificateIdentity({ ca, cert: readFlagFile('--cert', cert), key: readFlagFile('--key', key) });
}

function beside(cert: string): string {
  return cert.replace(/\.(crt|pem|cert)$/, '.key');
}

/** What identifies an authority to a person: the SHA-256 of its certificate. @returns undefined when it is none */
export function pinOf(ca: string): string | undefined {
  try {
    return `sha256:${createHash('sha256').update(new X509Certificate(ca).raw).digest('hex')}`;
  } catch {
    return undefined;
  }
}

function checkPin(ca: string, wanted: string | undefined): void {
  if (wanted === undefined) return;
  const is = pinOf(ca);
  if (is === wanted.toLowerCase()) return;
  throw new CliError(
    EXIT.unreadable,
    `--ca is another authority than --ca-pin says (it is ${is ?? 'no certificate'}): take the controller's file`,
  );
}
