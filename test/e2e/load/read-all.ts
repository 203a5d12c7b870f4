import { setTimeout as sleep } from 'node:timers/promises'
import { ReplyError, type Redis } from 'ioredis'

const batch = 1000
const attempts = 20

const readBatch = async (redis: Redis, keys: readonly string[]): Promise<readonly (string | null)[]> => {
  const pipeline = redis.pipeline()
  for (const key of keys) pipeline.get(key)
  return ((await pipeline.exec()) ?? []).map(([error, value]) => {
    if (error) throw error
    return value as string | null
  })
}

/**
 * The values of all keys, in their order; null where there is none. ioredis sends a command again when its connection was closed, as happens to whoever is
 * led to a primary of before, but not a pipeline of which some replies came: this does. Throws when a reply is an error.
 */
export const readAll = async (redis: Redis, keys: readonly string[]): Promise<readonly (string | null)[]> => {
  const values: (string | null)[] = []
  for (let start = 0; start < keys.length; start += batch) {
    for (let attempt = 1; ; attempt += 1)
      try {
        values.push(...(await readBatch(redis, keys.slice(start, start + batch))))
        break
      } catch (error) {
        if (error instanceof ReplyError || attempt === attempts) throw error
        await sleep(50)
      }
  }
  return values
}
