import type { SessionStoreStatus } from '../api/session-store-status.ts'
import { writeStatusPart } from '../stores/write-status-part.ts'
import type { Flush } from './flush.ts'
import type { FlushRuntime } from './runtime.ts'

const manager = 'session-store-operator-revocation'

/** Puts into the store's status how far a node must have come to have the deletion of a flush, and who has not said that it has. */
export const writeRevocation = async (
  runtime: FlushRuntime,
  flush: Flush,
  revocation: NonNullable<SessionStoreStatus['revocation']>,
  signal: AbortSignal,
): Promise<void> => await writeStatusPart(runtime.client, flush.store, { revocation }, manager, signal)
