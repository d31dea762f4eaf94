/** The columns that lists of connections may be filtered by, in the order of an index row. */
export const INDEX_COLUMNS = [
  'status',
  'kind',
  'client_id',
  'server_id',
  'broker_id',
  'phase',
  'home_region',
] as const;

/** An index row is its members with tabs between: version, a value (or '') for each column, when it was decided. */
const COMMON = `
local columns = {'${INDEX_COLUMNS.join("', '")}'}
local rows, all, updated, prefix = KEYS[1], KEYS[2], KEYS[3], ARGV[1]
local function membersOf(row)
  local members = {}
  for member in string.gmatch(row .. '\\t', '([^\\t]*)\\t') do members[#members + 1] = member end
  return members
end
local function indexOf(c, value) return prefix .. columns[c] .. ':' .. value end
`;

/**
 * Brings the indexes of connections up to their rows. They stand in a slot of their own, so they are written
 * after the rows and by version: a late or repeated write changes nothing.
 *
 * KEYS: the rows' hash, the set of all, the set by \`updated_at\`. ARGV: the prefix of the indexes' keys; then per
 * connection: id and the members of its index row. Returns how many were newer.
 */
export const CONNECTION_INDEX = `
${COMMON}
local taken = 0
for at = 2, #ARGV, #columns + 3 do
  local id, last = ARGV[at], at + #columns + 2
  local old = redis.call('HGET', rows, id)
  local was = old and membersOf(old) or {'0'}
  if tonumber(ARGV[at + 1]) > tonumber(was[1]) then
    if not old then redis.call('ZADD', all, 0, id) end
    for c = 1, #columns do
      local before, now = was[c + 1] or '', ARGV[at + 1 + c]
      if before ~= now then
        if before ~= '' then redis.call('ZREM', indexOf(c, before), id) end
        if now ~= '' then redis.call('ZADD', indexOf(c, now), 0, id) end
      end
    end
    if old then redis.call('ZREM', updated, was[#columns + 2] .. '|' .. id) end
    redis.call('ZADD', updated, 0, ARGV[last] .. '|' .. id)
    redis.call('HSET', rows, id, table.concat(ARGV, '\\t', at + 1, last))
    taken = taken + 1
  end
end
return taken
`;

/** Takes connections out of the indexes. KEYS and the prefix as above; ARGV then: ids. */
export const UNINDEX_CONNECTIONS = `
${COMMON}
for at = 2, #ARGV do
  local id = ARGV[at]
  local was = membersOf(redis.call('HGET', rows, id) or '')
  for c = 1, #columns do
    local before = was[c + 1] or ''
    if before ~= '' then redis.call('ZREM', indexOf(c, before), id) end
  end
  redis.call('ZREM', updated, (was[#columns + 2] or '') .. '|' .. id)
  redis.call('HDEL', rows, id)
  redis.call('ZREM', all, id)
end
return #ARGV - 1
`;
