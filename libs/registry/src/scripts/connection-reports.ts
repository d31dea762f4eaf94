/**
 * Takes what health reports say of connections, and only what is newer. A connection that no decision made
 * yet gets no row.
 *
 * Their health over time is a list of points, oldest first, each as `health.ts` writes it. A point is kept when it is another one than that
 * before it, as `isNewPoint` there says, so the same reports again change nothing. One that comes late is put in its place:
 * two agents of a connection report on different partitions.
 *
 * KEYS: per connection its row and, where it is given points, the list of them. ARGV: points kept, how long they are (ms); then per
 * connection: last_heartbeat (as with agents), health_score, count + points. Returns the numbers, from 1, of those that have no row.
 */
export const CONNECTION_REPORTS = `
local kept, lifeMs = tonumber(ARGV[1]), tonumber(ARGV[2])
local function time(point) return tonumber(string.sub(point, 1, 13)) end
local function score(point) return math.floor(tonumber(string.match(point, '^[^ ]+', 15)) + 0.5) end
local function add(points, point)
  local now = time(point)
  local before, after = redis.call('LINDEX', points, -1), nil
  local earlier = before and time(before)
  if before and earlier > now then
    before = nil
    for _, each in ipairs(redis.call('LRANGE', points, 0, -1)) do
      local at = time(each)
      if at > now then after = each break end
      before, earlier = each, at
    end
  end
  if before and earlier == now then return false end
  if before and math.floor(earlier / 60000) == math.floor(now / 60000) and score(before) == score(point) then return false end
  if after then redis.call('LINSERT', points, 'BEFORE', after, point) else redis.call('RPUSH', points, point) end
  return true
end
local function letGo(points)
  local newest = time(redis.call('LINDEX', points, -1))
  redis.call('LTRIM', points, -kept, -1)
  while time(redis.call('LINDEX', points, 0)) < newest - lifeMs do redis.call('LPOP', points) end
  redis.call('PEXPIREAT', points, newest + lifeMs)
end
local at, k, number = 3, 1, 0
local without = {}
while k <= #KEYS do
  local row = KEYS[k]
  local heartbeat, health, count = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
  number = number + 1
  local v = redis.call('HMGET', row, 'version', 'last_heartbeat')
  if not v[1] then
    without[#without + 1] = number
  else
    if not v[2] or v[2] < heartbeat then redis.call('HSET', row, 'last_heartbeat', heartbeat, 'health_score', health) end
    local added = false
    for p = at + 3, at + 2 + count do added = add(KEYS[k + 1], ARGV[p]) or added end
    if added then letGo(KEYS[k + 1]) end
  end
  at = at + 3 + count
  k = k + (count > 0 and 2 or 1)
end
return without
`;
