/** What follows from both decisions and reports: the status of the life that the last report was from. */
const DERIVE = `
local function derive(row)
  local v = redis.call('HMGET', row, 'incarnation', 'lost_incarnation', 'draining_incarnation', 'reports_draining')
  local life = v[1] or v[2]
  local status = (v[2] and v[2] == life) and 'lost' or 'alive'
  local draining = (v[4] == 'true' or (v[3] and v[3] == v[1])) and 'true' or 'false'
  redis.call('HSET', row, 'status', status, 'draining', draining)
end
`;

/**
 * Applies decisions on rows that are no connections; as with connections, by version.
 *
 * KEYS: per aggregate its row. ARGV: per aggregate: first version, last version, count + fields and values,
 * count + fields to remove. Returns per aggregate the version that was there before.
 */
const rowDecisions = (functions: string, after: string) => `
${functions}
local at = 1
local before = {}
for k = 1, #KEYS do
  local row = KEYS[k]
  local first, last = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  local set = at + 2
  local del = set + 1 + tonumber(ARGV[set])
  local have = tonumber(redis.call('HGET', row, 'version') or 0)
  if have < last and have + 1 >= first then
    redis.call('HSET', row, unpack(ARGV, set + 1, del - 1))
    local n = tonumber(ARGV[del])
    if n > 0 then redis.call('HDEL', row, unpack(ARGV, del + 1, del + n)) end
    ${after}
  end
  at = del + 1 + tonumber(ARGV[del])
  before[#before + 1] = have
end
return before
`;

export const AGENT_DECISIONS = rowDecisions(DERIVE, 'derive(row)');
/** What operators set for a control region. */
export const REGION_DECISIONS = rowDecisions('', '');

/**
 * Takes what health reports say of agents; an older report than the last one changes nothing.
 *
 * KEYS: per agent its row. ARGV: per agent: last_heartbeat (RFC 3339, UTC, milliseconds: it sorts as text),
 * count + fields and values, count + fields to remove. Returns how many were newer.
 */
export const AGENT_REPORTS = `
${DERIVE}
local at = 1
local taken = 0
for k = 1, #KEYS do
  local row, heartbeat = KEYS[k], ARGV[at]
  local set = at + 1
  local del = set + 1 + tonumber(ARGV[set])
  local n = tonumber(ARGV[del])
  local last = redis.call('HGET', row, 'last_heartbeat')
  if not last or last < heartbeat then
    redis.call('HSET', row, 'last_heartbeat', heartbeat, unpack(ARGV, set + 1, del - 1))
    if n > 0 then redis.call('HDEL', row, unpack(ARGV, del + 1, del + n)) end
    derive(row)
    taken = taken + 1
  end
  at = del + 1 + n
end
return taken
`;
