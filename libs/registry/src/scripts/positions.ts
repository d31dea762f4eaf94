/**
 * Moves a projector's position on, if it stands where its owner left it.
 *
 * KEYS: the region's positions and rebuild marks. ARGV: field; the position expected there, the new one, each as
 * stored (\`<offset>:<writer_epoch>:<writer_id>\`). Returns what stands there afterwards, or nothing when it is
 * missing. An offset is never lowered. A rebuild whose target is passed is over.
 */
export const MOVE_POSITION = `
local positions, rebuild, field = KEYS[1], KEYS[2], ARGV[1]
local found = redis.call('HGET', positions, field)
if not found then return false end
local function offset(position) return tonumber(string.match(position, '^%d+')) end
if found ~= ARGV[2] and offset(found) < offset(ARGV[2]) then return found end
if offset(found) < offset(ARGV[3]) or found == ARGV[2] then
  redis.call('HSET', positions, field, ARGV[3])
  found = ARGV[3]
end
local target = redis.call('HGET', rebuild, field)
if target and tonumber(target) <= offset(found) then redis.call('HDEL', rebuild, field) end
return found
`;

/**
 * Begins a rebuild: from here on readers are told, and the position starts again.
 *
 * KEYS: as above. ARGV: field, first position, target offset.
 */
export const BEGIN_REBUILD = `
if tonumber(ARGV[3]) > tonumber(string.match(ARGV[2], '^%d+')) then
  redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
else
  redis.call('HDEL', KEYS[2], ARGV[1])
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
`;
