import { shiftedPorts } from './site.mjs';

/**
 * What a person reads once the stack is there.
 * @param {number} portOffset
 * @param {number} seconds
 */
export function welcome(portOffset, seconds) {
  const portOf = shiftedPorts(portOffset);
  const at = (/** @type {number} */ port, path = '') => `http://127.0.0.1:${port}${path}`;
  const east = portOf('central-controller-east', 'http');
  const west = portOf('central-controller-west', 'http');
  const control = portOf('iso-client-1', 'control');
  return `
Trunkline is ready (${seconds.toFixed(1)} s)

  console              ${at(east, '/')} (the scheme's: ${at(west, '/')})
  bank's controller    ${at(east, '/api/v1/connections')}
  scheme's controller  ${at(west, '/api/v1/agents')}
  API documentation    ${at(east, '/docs')}
  the bank's payments  ${at(control, '/control')}
  brokers, as seen     .trunkline/brokers.json (-india, -usa: through the WAN simulator)
  token for POST       .trunkline/token (or: npx trunkline token --role operator)
  logs                 .trunkline/log/<name>.log

A program that died stays dead until: npm run up -- <name>
Ctrl-C stops everything.
`;
}
