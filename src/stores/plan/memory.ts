import { backlogBytes } from '../../redis/config.ts'

const mebibyte = 2 ** 20

/** What memory and disk beside the data depend on. */
export interface StoreShape {
  readonly mode: 'None' | 'AppendOnly' | 'Snapshot'
  readonly replicated: boolean
}

/**
 * The container's memory limit for a `maxmemory`, in bytes, rounded up to a MiB. `maxmemory` counts data and most buffers; beside it
 * stand the process itself (about 8 MiB), fragmentation (a quarter is the usual alarm threshold of `mem_fragmentation_ratio`) and
 * the buffers of a burst of clients. Each file is written by a fork, and so is what a replica reads first: pages that are
 * written meanwhile exist twice. The backlog for replicas is not counted to `maxmemory` either.
 */
export const memoryLimitBytes = (maxmemoryBytes: number, { mode, replicated }: StoreShape): number => {
  const forks = mode !== 'None' || replicated
  const factor = forks ? 1.75 : 1.25
  const fixed = (forks ? 64 : 32) * mebibyte + (replicated ? backlogBytes : 0)
  return Math.ceil((maxmemoryBytes * factor + fixed) / mebibyte) * mebibyte
}

const filesFactor = { None: 0, AppendOnly: 3, Snapshot: 2 } as const

/**
 * What a store's files need of a disk, in bytes. An append-only file is rewritten at twice its size (`auto-aof-rewrite-percentage 100`), and during a rewrite
 * old and new stand side by side, as two snapshots do. A replica that has sessions already takes over its primary's whole data by way of a file, which
 * is deleted, or becomes the file that it keeps.
 */
export const diskBytes = (maxmemoryBytes: number, { mode, replicated }: StoreShape): number =>
  filesFactor[mode] * maxmemoryBytes + (mode === 'None' ? 16 : 64) * mebibyte + (replicated ? maxmemoryBytes : 0)

/** Local disk that a pod asks for, in bytes: the kubelet evicts one that uses more than it asked for when the node is short. */
export const ephemeralStorageBytes = (maxmemoryBytes: number, shape: StoreShape, onClaim: boolean): number =>
  onClaim ? 16 * mebibyte : diskBytes(maxmemoryBytes, shape)

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
