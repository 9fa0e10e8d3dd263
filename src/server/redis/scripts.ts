// What the Redis server is asked to do, as scripts: each runs there as a whole, by the server's own clock.
//
// The first key of most scripts is the register: a sorted set of the counting processes, each with the time at which its lease ends. A
// limit on requests or tokens is a number, the time at which nothing of it is in use any more (GCRA). A limit on concurrent requests is a
// hash of how many run in each process; those of a process whose lease has ended do not count. Times are milliseconds since 2026 instead of
// 1970, so that doubles have digits left for the share of one token of many.
import { TOLERANCE_MS } from '../../limits/limit-line.ts';

export interface Script {
  text: string;
  /** SHA-1, by which a server that has run the script knows it. */
  digest: string;
}

const CLOCK = `
local time = redis.call('TIME')
local now = (time[1] - 1767225600) * 1000 + time[2] / 1000
local function text(number) return string.format('%.17g', number) end
`;

const READING = `${CLOCK}
local function running(key, sweeps)
  local sum = 0
  local held = redis.call('HGETALL', key)
  for at = 1, #held, 2 do
    local lease = redis.call('ZSCORE', KEYS[1], held[at])
    if lease and tonumber(lease) > now then
      sum = sum + held[at + 1]
    elseif sweeps then
      redis.call('HDEL', key, held[at])
    end
  end
  return sum
end
local function in_use(key, kind, period, sweeps)
  if kind == 'concurrent' then return running(key, sweeps) end
  local left = math.max(0, (redis.call('GET', key) or now) - now)
  -- More is not possible, unless the clock was set back.
  if kind == 'requests' then return math.min(left, period) end
  return left
end
`;

/**
 * Keys: the register and the places. Arguments: the process and its lease in ms, then for each place its kind, share, period and most.
 * Returns 1 if the request was counted towards all, else 0, and then what is in use of each.
 */
export const ENTER = script(`${READING}
local process, lease = ARGV[1], tonumber(ARGV[2])
local answer = { 1 }
for at = 2, #KEYS do
  local from = 4 * at - 5
  local kind, share, period, most = ARGV[from], tonumber(ARGV[from + 1]), tonumber(ARGV[from + 2]), tonumber(ARGV[from + 3])
  if kind == 'concurrent' and not redis.call('ZSCORE', KEYS[1], process) then
    return redis.error_reply('UNREGISTERED the server has forgotten this process')
  end
  local used = in_use(KEYS[at], kind, period, true)
  if kind == 'concurrent' then
    if used >= most then answer[1] = 0 end
  elseif used + share - period > ${TOLERANCE_MS} then
    answer[1] = 0
  end
  answer[at] = used
end
for at = 2, #KEYS do
  local from = 4 * at - 5
  local kind, share = ARGV[from], tonumber(ARGV[from + 1])
  if answer[1] == 1 then
    if kind == 'concurrent' then
      redis.call('HINCRBY', KEYS[at], process, 1)
      redis.call('PEXPIRE', KEYS[at], 2 * lease)
      answer[at] = answer[at] + 1
    elseif kind == 'requests' then
      answer[at] = answer[at] + share
      redis.call('SET', KEYS[at], text(now + answer[at]), 'PX', math.ceil(answer[at]))
    end
  end
  answer[at] = text(answer[at])
end
return answer
`);

/** Keys and arguments as in `ENTER`, of which it only needs the kinds and periods. Returns what is in use of each. */
export const READ = script(`${READING}
local answer = {}
for at = 2, #KEYS do
  local from = 4 * at - 5
  answer[at - 1] = text(in_use(KEYS[at], ARGV[from], tonumber(ARGV[from + 2])))
end
return answer
`);

/** Keys: places of tokens or requests. Arguments: how many ms of its period more of each are to be in use; negative: fewer. */
export const ADD = script(`${CLOCK}
for at = 1, #KEYS do
  local left = math.max(0, (redis.call('GET', KEYS[at]) or now) - now) + ARGV[at]
  if left > 0 then
    redis.call('SET', KEYS[at], text(now + left), 'PX', math.ceil(left))
  else
    redis.call('DEL', KEYS[at])
  end
end
`);

/** Keys: places of concurrent requests. Argument: the process. */
export const LEAVE = script(`
for at = 1, #KEYS do
  if redis.call('HINCRBY', KEYS[at], ARGV[1], -1) <= 0 then redis.call('HDEL', KEYS[at], ARGV[1]) end
end
`);

/**
 * Keys: the register and the places where requests run. Arguments: the process, its lease in ms, its previous name, and how many requests
 * run in each place. What takes memory comes first: a full server refuses that only if the script has not written before, and would
 * otherwise seem to have room.
 */
export const REGISTER = script(`${CLOCK}
local lease = tonumber(ARGV[2])
redis.call('ZADD', KEYS[1], text(now + lease), ARGV[1])
redis.call('ZREM', KEYS[1], ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', text(now))
redis.call('PEXPIRE', KEYS[1], 2 * lease)
for at = 2, #KEYS do
  redis.call('HSET', KEYS[at], ARGV[1], ARGV[at + 2])
  redis.call('PEXPIRE', KEYS[at], 2 * lease)
end
`);

/** Keys: the register and the places where requests run. Arguments: the process, and its lease in ms. */
export const RENEW = script(`${CLOCK}
local lease = tonumber(ARGV[2])
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  return redis.error_reply('UNREGISTERED the server has forgotten this process')
end
redis.call('ZADD', KEYS[1], text(now + lease), ARGV[1])
for at = 1, #KEYS do redis.call('PEXPIRE', KEYS[at], 2 * lease) end
`);

/** Key: the register. Argument: the process, which ends. */
export const REMOVE = script(`redis.call('ZREM', KEYS[1], ARGV[1])`);

function script(text: string): Script {
  return { text, digest: new Bun.CryptoHasher('sha1').update(text).digest('hex') };
}
