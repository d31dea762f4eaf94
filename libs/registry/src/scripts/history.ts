/**
 * The history of a connection: all its decisions, small. The newest stand in its events; each full block of older ones
 * is sealed. A block's member in the index is `<first version, 12 digits>:<crc>:<time>`: the time is the latest decision
 * up to the block's end. Its score is the latest up to its first decision: time as the history counts it never goes back.
 *
 * KEYS of all of them but the one that takes several connections: the row, the events, the blocks (hash by first version, 12 digits), the index.
 */
const HISTORY = `
local row, events, blocks, index = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local function member(rank)
  local found = redis.call('ZRANGE', index, rank, rank)[1]
  if not found then return nil end
  local first, time = string.match(found, '^(%d+):%x+:(%d+)$')
  return first, tonumber(time)
end
local function name(first) return string.format('%012.0f', first) end
`;

/**
 * Reads what may be sealed: full blocks of decisions behind the newest sealed one.
 *
 * ARGV: decisions a block. Returns nothing when there is none, or the events lack some of it; else the first
 * version, the latest time before it, and the events.
 */
export const HISTORY_OPEN = `
${HISTORY}
local size = tonumber(ARGV[1])
local version = tonumber(redis.call('HGET', row, 'version') or 0)
local sealed, time = member(-1)
local from = sealed and tonumber(sealed) + size or 1
local count = math.floor((version + 1 - from) / size) * size
local first = version - redis.call('LLEN', events) + 1
if count <= 0 or first > from then return false end
return {from, time or 0, redis.call('LRANGE', events, from - first, from - first + count - 1)}
`;

/**
 * Adds blocks that join on to the newest one; what is sealed stays as it is. A step that was stopped before this call
 * is taken again by whoever gives the same decisions again, so a block comes whole or not at all.
 *
 * ARGV: decisions a block, blocks kept; then per block: first version, crc (hexadecimal), latest time before its
 * end, latest time up to its first decision, the bytes. Returns how many were added.
 */
export const SEAL_HISTORY = `
${HISTORY}
local size, kept = tonumber(ARGV[1]), tonumber(ARGV[2])
local added = 0
for at = 3, #ARGV, 5 do
  local first = tonumber(ARGV[at])
  local sealed = member(-1)
  if first == (sealed and tonumber(sealed) + size or 1) then
    redis.call('HSET', blocks, name(first), ARGV[at + 4])
    redis.call('ZADD', index, ARGV[at + 3], name(first) .. ':' .. ARGV[at + 1] .. ':' .. ARGV[at + 2])
    added = added + 1
  end
end
while redis.call('ZCARD', index) > kept do
  redis.call('HDEL', blocks, (member(0)))
  redis.call('ZREMRANGEBYRANK', index, 0, 0)
end
return added
`;

/**
 * Finds the decisions that were the newest at a moment, of each connection one.
 *
 * KEYS: per connection the four. ARGV: the moment (milliseconds), decisions a block. Returns per connection nothing when there is
 * none; else a word and: 'event', its version, the event; or 'block', the block that has it; or 'before': there was no decision yet;
 * or 'dropped', the first moment that is still known; or 'lacking': something that should be there is not.
 */
export const HISTORY_AT = `
${HISTORY}
local moment, size = tonumber(ARGV[1]), tonumber(ARGV[2])
local function newest()
  local version = tonumber(redis.call('HGET', row, 'version') or 0)
  if version == 0 then return false end
  local sealed, time = member(-1)
  local from = sealed and tonumber(sealed) + size or 1
  if not time or time <= moment then
    local first = version - redis.call('LLEN', events) + 1
    if first > from and from <= version then return {'lacking'} end
    local found, at
    local past = false
    for stride = from, version, 32 do
      for i, event in ipairs(redis.call('LRANGE', events, stride - first, stride - first + 31)) do
        local decided = tonumber(string.sub(event, 1, 13))
        if not decided then return {'lacking'} end
        past = decided > moment
        if past then break end
        found, at = event, stride + i - 1
      end
      if past then break end
    end
    if found then return {'event', at, found} end
    if not sealed then return {'before'} end
  end
  local hit = redis.call('ZREVRANGEBYSCORE', index, ARGV[1], '-inf', 'LIMIT', 0, 1)[1]
  if not hit then
    local oldest = redis.call('ZRANGE', index, 0, 0, 'WITHSCORES')
    if tonumber(string.match(oldest[1], '^%d+')) == 1 then return {'before'} end
    return {'dropped', oldest[2]}
  end
  local first = string.match(hit, '^%d+')
  local next = member(redis.call('ZRANK', index, hit) + 1)
  local bytes = redis.call('HGET', blocks, first)
  if not bytes or (next and tonumber(next) ~= tonumber(first) + size) then return {'lacking'} end
  return {'block', bytes}
end
local answers = {}
for k = 1, #KEYS, 4 do
  row, events, blocks, index = KEYS[k], KEYS[k + 1], KEYS[k + 2], KEYS[k + 3]
  answers[#answers + 1] = newest()
end
return answers
`;

/**
 * Reads decisions by version.
 *
 * ARGV: the first one wanted, the last one wanted, decisions a block. Returns nothing when there is no such
 * connection; else the newest version, the first version kept, the blocks that have some of them (false: it should be
 * there), the version of the first event given, and the events.
 */
export const HISTORY_RANGE = `
${HISTORY}
local size = tonumber(ARGV[3])
local version = tonumber(redis.call('HGET', row, 'version') or 0)
if version == 0 then return false end
local oldest, sealed = member(0), member(-1)
local kept = oldest and tonumber(oldest) or 1
local open = sealed and tonumber(sealed) + size or 1
local from, to = math.max(tonumber(ARGV[1]), kept), math.min(tonumber(ARGV[2]), version)
local found = {}
for first = from - (from - 1) % size, math.min(to, open - 1), size do
  found[#found + 1] = redis.call('HGET', blocks, name(first))
end
local first = version - redis.call('LLEN', events) + 1
local at = math.max(from, open)
if at > to then return {version, kept, found, 0, {}} end
if at < first then return {version, kept, {false}, 0, {}} end
return {version, kept, found, at, redis.call('LRANGE', events, at - first, to - first)}
`;

/**
 * What an audit compares with the log. Returns the row's version, how many events there are, whether they are as this
 * library writes them, how many blocks there are, and the index with its scores.
 */
export const HISTORY_LOOK = `
${HISTORY}
local head = redis.call('LINDEX', events, 0)
return {
  tonumber(redis.call('HGET', row, 'version') or 0), redis.call('LLEN', events),
  head and string.find(head, '^%d+{') and 1 or 0,
  redis.call('HLEN', blocks), redis.call('ZRANGE', index, 0, -1, 'WITHSCORES'),
}
`;
