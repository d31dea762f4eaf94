/**
 * Answers to requests that may be sent again, for a time. By Redis' own clock, which all processes share.
 *
 * KEYS of all of them: the answers (hash: key → `<fingerprint>\t<answer>`, no answer while the request runs), when
 * each ends (sorted set, in milliseconds).
 */
const COMMON = `
local answers, ends = KEYS[1], KEYS[2]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function forget(keys)
  if #keys == 0 then return end
  redis.call('HDEL', answers, unpack(keys))
  redis.call('ZREM', ends, unpack(keys))
end
`;

/**
 * Takes a key for a request, unless there is one already; of too many keys the ones that end next are let go.
 *
 * ARGV: key, fingerprint, how long the request may take (ms), keys kept at most. Returns nothing when the key is
 * taken now, else what stands there.
 */
export const CLAIM_ANSWER = `
${COMMON}
forget(redis.call('ZRANGEBYSCORE', ends, '-inf', now, 'LIMIT', 0, 100))
local held = redis.call('HGET', answers, ARGV[1])
if held then
  if tonumber(redis.call('ZSCORE', ends, ARGV[1]) or 0) > now then return held end
  forget({ARGV[1]})
end
local over = redis.call('ZCARD', ends) + 1 - tonumber(ARGV[4])
if over > 0 then forget(redis.call('ZRANGE', ends, 0, math.min(over, 100) - 1)) end
redis.call('HSET', answers, ARGV[1], ARGV[2] .. '\\t')
redis.call('ZADD', ends, now + tonumber(ARGV[3]), ARGV[1])
return false
`;

/** Keeps the answer. ARGV: key, fingerprint, answer, for how long (ms). */
export const KEEP_ANSWER = `
${COMMON}
redis.call('HSET', answers, ARGV[1], ARGV[2] .. '\\t' .. ARGV[3])
redis.call('ZADD', ends, now + tonumber(ARGV[4]), ARGV[1])
return 1
`;

/** Gives the key of a request free that was not answered. ARGV: key, fingerprint. */
export const RELEASE_ANSWER = `
${COMMON}
if redis.call('HGET', answers, ARGV[1]) == ARGV[2] .. '\\t' then forget({ARGV[1]}) end
return 1
`;
