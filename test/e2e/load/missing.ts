import type { Redis } from 'ioredis'
import type { WriterReport } from './report.ts'

const batch = 1000

/**
 * How many of the acknowledged sessions are not there; with `until`, of those that were acknowledged up to that time (ms of
 * `monotonicMs`). Keys end 900 s after they were written: ask before. Throws when a reply is an error.
 */
export const missing = async (
  redis: Redis,
  { acknowledged }: Pick<WriterReport, 'acknowledged'>,
  { until = Infinity }: { readonly until?: number } = {},
): Promise<number> => {
  const keys = acknowledged.filter(({ atMs }) => atMs <= until).map(({ key }) => key)
  let lost = 0
  for (let start = 0; start < keys.length; start += batch) {
    const pipeline = redis.pipeline()
    for (const key of keys.slice(start, start + batch)) pipeline.get(key)
    for (const [error, value] of (await pipeline.exec()) ?? []) {
      if (error) throw error
      if (value === null) lost += 1
    }
  }
  return lost
}
