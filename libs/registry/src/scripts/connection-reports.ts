/**
 * Takes what health reports say of connections, and only what is newer. A connection that no decision made
 * yet gets no row.
 *
 * KEYS: per connection its row. ARGV: per connection: last_heartbeat (as with agents), health_score.
 * Returns how many were taken.
 */
export const CONNECTION_REPORTS = `
local taken = 0
for k = 1, #KEYS do
  local heartbeat, score = ARGV[2 * k - 1], ARGV[2 * k]
  local v = redis.call('HMGET', KEYS[k], 'version', 'last_heartbeat')
  if v[1] and (not v[2] or v[2] < heartbeat) then
    redis.call('HSET', KEYS[k], 'last_heartbeat', heartbeat, 'health_score', score)
    taken = taken + 1
  end
end
return taken
`;
