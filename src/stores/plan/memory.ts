const mebibyte = 2 ** 20

/**
 * The container's memory limit for a `maxmemory`, in bytes, rounded up to a MiB. `maxmemory` counts data and most buffers; beside it
 * stand the process itself (about 8 MiB), fragmentation (a quarter is the usual alarm threshold of `mem_fragmentation_ratio`) and
 * the buffers of a burst of clients. With an append-only file a rewrite forks: pages that are written meanwhile exist twice.
 */
export const memoryLimitBytes = (maxmemoryBytes: number, appendOnly: boolean): number => {
  const factor = appendOnly ? 1.75 : 1.25
  const fixed = (appendOnly ? 64 : 32) * mebibyte
  return Math.ceil((maxmemoryBytes * factor + fixed) / mebibyte) * mebibyte
}

/**
 * Local disk that an append-only store asks for, in bytes: the kubelet evicts a pod that uses more than it asked for when the node is
 * short. The file is rewritten at twice its size (`auto-aof-rewrite-percentage 100`), and during a rewrite old and new stand side by side.
 */
export const ephemeralStorageBytes = (maxmemoryBytes: number, appendOnly: boolean): number =>
  appendOnly ? 3 * maxmemoryBytes + 64 * mebibyte : 16 * mebibyte

export interface MaxmemoryFacts {
  /** What the spec asks for. */
  readonly wantedBytes: number
  /** What the store was last configured with; undefined for a new one. */
  readonly configuredBytes: number | undefined
  /** What Redis uses now; undefined while it cannot be asked. */
  readonly usedBytes: number | undefined
}

export interface MaxmemoryDecision {
  readonly bytes: number
  /** Why the spec's value is not in force, or undefined. */
  readonly held: 'BelowUsedMemory' | 'UsedMemoryUnknown' | undefined
}

/** Room above what is used that a smaller `maxmemory` must leave, so that it does not evict the next moment. */
const shrinkMargin = 1.05

/** A smaller `maxmemory` would make Redis evict or refuse until it fits: it waits until what is used fits. */
export const decideMaxmemory = ({ wantedBytes, configuredBytes, usedBytes }: MaxmemoryFacts): MaxmemoryDecision => {
  if (configuredBytes === undefined || wantedBytes >= configuredBytes) return { bytes: wantedBytes, held: undefined }
  if (usedBytes === undefined) return { bytes: configuredBytes, held: 'UsedMemoryUnknown' }
  if (usedBytes * shrinkMargin > wantedBytes) return { bytes: configuredBytes, held: 'BelowUsedMemory' }
  return { bytes: wantedBytes, held: undefined }
}
