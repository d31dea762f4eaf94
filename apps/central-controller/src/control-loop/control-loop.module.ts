import { Module } from '@nestjs/common';
import { Gauge } from '#libs/platform';
import { type LogPartGiven, logPart } from '../core/log-part.ts';
import { type Peer, PeerClient } from '../failover/peer-client.ts';
import { ControlLoopPart } from './control-loop.part.ts';

@Module({
  providers: [
    logPart('control-loop', (given) => {
      const { log, config, timings, deps, metrics, tracing } = given;
      const { fleetAgeMs, peerDeadlineMs, reservationMs } = timings;
      const options = { ...config, fleetAgeMs, peerDeadlineMs, reservationMs };
      return new ControlLoopPart(log, options, { ...deps, metrics, tracing, peers: peersOf(given) });
    }),
  ],
})
export class ControlLoopModule {}

/** A client for each configured peer; its configuration promises certificates where there is one. */
function peersOf({ config, configuration, metrics, deps }: LogPartGiven): ReadonlyMap<string, Peer> {
  const open = new Gauge({
    name: 'trunkline_peer_circuit_open',
    help: '1 while a peer is left alone because it did not answer',
    labelNames: ['peer'],
    registers: [metrics],
  });
  const { tls, peers } = configuration;
  if (tls === undefined) return new Map();
  const made = new Map<string, Peer>();
  for (const peer of peers) {
    const label = { peer: peer.region };
    open.set(label, 0);
    const circuit = (isOpen: boolean) => {
      open.set(label, isOpen ? 1 : 0);
      deps.logger[isOpen ? 'warn' : 'info'](
        label,
        isOpen ? 'peer left alone for a while' : 'peer asked again',
      );
    };
    made.set(peer.region, new PeerClient(peer, { region: config.region, tls, clock: deps.clock, circuit }));
  }
  return made;
}
