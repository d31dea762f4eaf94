import type { Broker } from '#libs/endpoint';
import type { CliConfig } from '../config.ts';

/**
 * The proxy that brokers are reached through, as the environment says. NO_PROXY holds when it names every broker of
 * the list: a session may move to any of them.
 */
export function proxyFor(config: Readonly<CliConfig>, brokers: readonly Broker[]): string | undefined {
  const proxy = config.httpsProxy ?? config.httpsProxyLower;
  if (proxy === undefined) return undefined;
  const direct = brokers.every((broker) => isDirect(config.noProxy ?? [], broker));
  return direct ? undefined : proxy;
}

function isDirect(rules: readonly string[], { host, address }: Broker): boolean {
  const hosts = [host, ...(address === undefined ? [] : [address.replace(/:\d+$/, '')])];
  return rules.some((rule) => {
    const name = rule.replace(/^\*?\./, '').toLowerCase();
    return rule === '*' || hosts.some((each) => each === name || each.toLowerCase().endsWith(`.${name}`));
  });
}
