/**
 * Applies decisions of connections, each connection's as one run of versions without gaps. A version that is
 * there is skipped, so a repetition changes nothing; a run that does not join on changes nothing either.
 *
 * Events of a row that is not there any more would be counted from the wrong version: they go when it begins again.
 *
 * KEYS: per connection its row, events and failovers.
 * ARGV: events kept, failovers kept; then per connection: first version, last version, the events (one JSON a
 * version), count + fields and values of the row, count + fields to remove, count + (epoch, ledger) pairs.
 * Returns per connection the version that was there before.
 */
export const CONNECTION_DECISIONS = `
local eventsKept, failoversKept = tonumber(ARGV[1]), tonumber(ARGV[2])
local at = 3
local before = {}
for k = 1, #KEYS, 3 do
  local row, events, failovers = KEYS[k], KEYS[k + 1], KEYS[k + 2]
  local first, last = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  local firstEvent = at + 2
  local set = firstEvent + last - first + 1
  local del = set + 1 + tonumber(ARGV[set])
  local led = del + 1 + tonumber(ARGV[del])
  local have = tonumber(redis.call('HGET', row, 'version') or 0)
  if have < last and have + 1 >= first then
    if have == 0 then redis.call('DEL', events) end
    redis.call('RPUSH', events, unpack(ARGV, firstEvent + have + 1 - first, set - 1))
    if last > eventsKept then redis.call('LTRIM', events, -eventsKept, -1) end
    redis.call('HSET', row, unpack(ARGV, set + 1, del - 1))
    if led > del + 1 then redis.call('HDEL', row, unpack(ARGV, del + 1, led - 1)) end
    for l = led + 1, led + tonumber(ARGV[led]), 2 do
      redis.call('ZREMRANGEBYSCORE', failovers, ARGV[l], ARGV[l])
      redis.call('ZADD', failovers, ARGV[l], ARGV[l + 1])
      redis.call('ZREMRANGEBYRANK', failovers, 0, -failoversKept - 1)
    end
  end
  at = led + 1 + tonumber(ARGV[led])
  before[#before + 1] = have
end
return before
`;
