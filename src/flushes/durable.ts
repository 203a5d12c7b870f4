import type { RedisConnection } from '../redis/connection.ts'

/** How long the append-only file may take to reach the disk, in ms; it is written every second. */
const durableTimeoutMs = 5_000

/** True when everything written so far on this connection is on the server's disk (`WAITAOF`, from 7.2 on). */
export const isDurable = async (connection: RedisConnection, signal: AbortSignal): Promise<boolean> => {
  const reply = await connection.call(['WAITAOF', 1, 0, durableTimeoutMs], { signal })
  return Array.isArray(reply) && Number(reply[0]) >= 1
}
