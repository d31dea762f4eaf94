/** The columns that lists of connections may be filtered by, in the order of an index row. */
export const INDEX_COLUMNS = ['status', 'kind', 'client_id', 'server_id'] as const;

/**
 * Brings the indexes of connections up to their rows. They stand in a slot of their own, so they are written
 * after the rows and by version: a late or repeated write changes nothing.
 *
 * KEYS: the rows' hash, the set of all. ARGV: the prefix of the indexes' keys; then per connection: id, version
 * and a value (or '') for each of INDEX_COLUMNS. Returns how many were newer.
 */
export const CONNECTION_INDEX = `
local columns = {'${INDEX_COLUMNS.join("', '")}'}
local rows, all, prefix = KEYS[1], KEYS[2], ARGV[1]
local taken = 0
for at = 2, #ARGV, 6 do
  local id, version = ARGV[at], tonumber(ARGV[at + 1])
  local old = redis.call('HGET', rows, id)
  local was = {string.match(old or '0\\t\\t\\t\\t', '^(%d+)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)$')}
  if version > tonumber(was[1]) then
    if not old then redis.call('ZADD', all, 0, id) end
    for c = 1, 4 do
      local before, now = was[c + 1], ARGV[at + 1 + c]
      if before ~= now then
        if before ~= '' then redis.call('ZREM', prefix .. columns[c] .. ':' .. before, id) end
        if now ~= '' then redis.call('ZADD', prefix .. columns[c] .. ':' .. now, 0, id) end
      end
    end
    redis.call('HSET', rows, id, table.concat(ARGV, '\\t', at + 1, at + 5))
    taken = taken + 1
  end
end
return taken
`;

/** Takes connections out of the indexes. KEYS and the prefix as above; ARGV then: ids. */
export const UNINDEX_CONNECTIONS = `
local columns = {'${INDEX_COLUMNS.join("', '")}'}
local rows, all, prefix = KEYS[1], KEYS[2], ARGV[1]
for at = 2, #ARGV do
  local id = ARGV[at]
  local was = {string.match(redis.call('HGET', rows, id) or '', '^(%d+)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)$')}
  for c = 1, 4 do
    if was[c + 1] and was[c + 1] ~= '' then redis.call('ZREM', prefix .. columns[c] .. ':' .. was[c + 1], id) end
  end
  redis.call('HDEL', rows, id)
  redis.call('ZREM', all, id)
end
return #ARGV - 1
`;
