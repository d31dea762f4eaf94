/**
 * Reads a connection's decisions after a version, oldest first, as one consistent look.
 *
 * KEYS: its row, its events. ARGV: the version before the first one wanted, how many.
 * Returns nothing when there is no such connection; else the version of the first event given, and the events.
 */
export const EVENTS_PAGE = `
local version = tonumber(redis.call('HGET', KEYS[1], 'version'))
if not version then return false end
local first = version - redis.call('LLEN', KEYS[2]) + 1
local from = math.max(tonumber(ARGV[1]) + 1, first)
local events = redis.call('LRANGE', KEYS[2], from - first, from - first + tonumber(ARGV[2]) - 1)
return {from, version, events}
`;
