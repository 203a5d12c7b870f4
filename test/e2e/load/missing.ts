import type { Redis } from 'ioredis'
import { readAll } from './read-all.ts'
import type { WriterReport } from './report.ts'

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
  return (await readAll(redis, keys)).filter((value) => value === null).length
}
