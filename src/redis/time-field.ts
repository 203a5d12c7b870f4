/** A field of a hash that has a time in ms since 1970: in digits, or as Java writes a `Long`. */
export interface TimeField {
  /** Which keys are such hashes, after `<prefix>:`; `*` is any text. Keys of other types are passed over. */
  readonly keys: string
  readonly field: string
}

/**
 * Lua that reads such a time. Needs `hashes` (a Lua pattern) and `field`; gives `timeIn(key)`: ms since 1970, or why there is none. A Java Long is 82
 * bytes, its value the last eight, big endian (Spring Session 3.5 and 4.1).
 */
export const timeFieldLua = `
local function timeIn(key)
  if not string.match(key, hashes) then return nil, 'none' end
  local value = redis.pcall('HGET', key, field)
  -- A hash without it is what a request in flight wrote back of a session that was deleted: it logs nobody in, and requests with it fail.
  if value == false then return 0 end
  if type(value) ~= 'string' then return nil, 'none' end
  if string.sub(value, 1, 2) ~= '\\172\\237' then return tonumber(value), 'unreadable' end
  if #value ~= 82 then return nil, 'unreadable' end
  local ms = 0
  for at = #value - 7, #value do ms = ms * 256 + string.byte(value, at) end
  return ms
end
`
