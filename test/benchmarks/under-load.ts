import { connectClient } from '../e2e/fixtures.ts'
import { missing } from '../e2e/load/missing.ts'
import { load, type Loaded } from '../e2e/replicated/fixture.ts'
import type { Suite } from '../e2e/suite.ts'

/** What a writer saw of one act. */
export interface Seen {
  /** The longest time without an acknowledged write, of all connections together. */
  readonly gapMs: number
  /** Requests that failed. */
  readonly failed: number
  readonly acknowledged: number
  /** Of the acknowledged sessions, those that are gone afterwards. */
  readonly lost: number
}

/** Starts writing sessions to a store that is there, with the Secret of now. Stop it by `see`. */
export const writeTo = async (suite: Suite, name: string): Promise<Loaded> => await load(suite, name, 0)

/**
 * Ends the writing, and tells what was seen between the two times. Each act has a writer of its own: what that wrote has not expired when it is looked for, by a
 * client with the Secret of then.
 */
export const see = async (
  { cluster, objects, namespace }: Suite,
  name: string,
  { client: before, writer }: Loaded,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Promise<Seen> => {
  const report = await writer.stop()
  before.redis.disconnect()
  await before.close()
  const client = await connectClient(cluster, objects, namespace, name)
  try {
    return {
      gapMs: report.gapMs(fromMs, toMs),
      failed: report.failedAttempts.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs).length,
      acknowledged: report.acknowledged.length,
      lost: await missing(client.redis, report),
    }
  } finally {
    client.redis.disconnect()
    await client.close()
  }
}

export const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)
