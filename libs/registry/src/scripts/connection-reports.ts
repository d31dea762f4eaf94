/**
 * Takes what health reports say of connections, and only what is newer. A connection that no decision made
 * yet gets no row.
 *
 * Their health over time is a list of points, oldest first, each as `health.ts` writes it. A point is kept when it is another one than that
 * before it, as `isNewPoint` there says, so the same reports again change nothing. One that comes late is put in its place:
 * two agents of a connection report on different partitions.
 *
 * KEYS: per connection its row, its points. ARGV: points kept, how long they are (ms); then per connection: last_heartbeat (as
 * with agents), health_score, count + points. Returns how many were taken.
 */
export const CONNECTION_REPORTS = `
local kept, lifeMs = tonumber(ARGV[1]), tonumber(ARGV[2])
local function time(point) return tonumber(string.sub(point, 1, 13)) end
local function score(point) return math.floor(tonumber(string.match(point, '^[^ ]+', 15)) + 0.5) end
local function isNew(before, point)
  local then_, now = time(before), time(point)
  if then_ == now then return false end
  return math.floor(then_ / 60000) ~= math.floor(now / 60000) or score(before) ~= score(point)
end
local function add(points, point)
  local before, after = redis.call('LINDEX', points, -1), nil
  if before and time(before) > time(point) then
    before = nil
    for _, each in ipairs(redis.call('LRANGE', points, 0, -1)) do
      if time(each) > time(point) then after = each break end
      before = each
    end
  end
  if before and not isNew(before, point) then return false end
  if after then redis.call('LINSERT', points, 'BEFORE', after, point) else redis.call('RPUSH', points, point) end
  return true
end
local function letGo(points)
  local newest = time(redis.call('LINDEX', points, -1))
  redis.call('LTRIM', points, -kept, -1)
  while time(redis.call('LINDEX', points, 0)) < newest - lifeMs do redis.call('LPOP', points) end
  redis.call('PEXPIREAT', points, newest + lifeMs)
end
local at = 3
local taken = 0
for k = 1, #KEYS, 2 do
  local row, points = KEYS[k], KEYS[k + 1]
  local heartbeat, health, count = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
  local v = redis.call('HMGET', row, 'version', 'last_heartbeat')
  if v[1] then
    if not v[2] or v[2] < heartbeat then
      redis.call('HSET', row, 'last_heartbeat', heartbeat, 'health_score', health)
      taken = taken + 1
    end
    local added = false
    for p = at + 3, at + 2 + count do added = add(points, ARGV[p]) or added end
    if added then letGo(points) end
  end
  at = at + 3 + count
end
return taken
`;
