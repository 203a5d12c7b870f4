import type { SessionStoreSpec } from '../../api/session-store.ts'
import type { CredentialStatus } from '../../api/session-store-status.ts'
import { parseDurationMs } from '../../api/values.ts'

/** What is known of one client's credentials. */
export interface RotationFacts {
  readonly rotation: SessionStoreSpec['clients'][number]['rotation']
  /** What status says; undefined for a new client. */
  readonly known: CredentialStatus | undefined
  /** The user that the client's Secret names now. */
  readonly user: string
  /** The other user, when the ACL has it. */
  readonly other: string | undefined
  /** Connections of the other user on all nodes; undefined while a node cannot be asked. */
  readonly inUse: number | undefined
  /** How long it has had none, in ms. */
  readonly unusedMs: number
  /** How the password that the client brings compares with the current one; undefined of a client that brings none. */
  readonly own: 'same' | 'other' | 'unusable' | undefined
  readonly now: Date
}

export type RotationStep =
  | { readonly step: 'none' }
  /** Write down which user the Secret names. */
  | { readonly step: 'note'; readonly retiring: string | undefined; readonly rotated: boolean }
  /** Make the other user, and have the Secret name it. */
  | { readonly step: 'rotate'; readonly cause: string }
  /** Let the other user in no more. */
  | { readonly step: 'retire'; readonly user: string; readonly forced: boolean }
  | { readonly step: 'wait'; readonly user: string; readonly due: boolean }

/**
 * A user that had no connection for this long is in use nowhere, in ms. Not at once: an application that connects anew for each request has none in
 * between, and one whose pod restarts has none for a while.
 */
export const unusedMs = 60_000

/** The next step of one client's rotation: one at a time, and the old user goes before there is a third. */
export const planRotation = (facts: RotationFacts): RotationStep => {
  const { rotation, known, user, other, inUse } = facts
  if (!known) return { step: 'note', retiring: other, rotated: false }
  if (known.user !== user) return { step: 'note', retiring: other, rotated: true }
  const cause = causeOf(facts)
  // A user that nobody was ever told of: left by a process that ended between making it and publishing it.
  if (other !== undefined && known.retiring !== other) {
    return cause === undefined ? { step: 'retire', user: other, forced: false } : { step: 'rotate', cause }
  }
  if (other !== undefined) {
    const forced = rotation.force !== undefined && rotation.force === known.request
    if (forced || (inUse === 0 && facts.unusedMs >= unusedMs)) return { step: 'retire', user: other, forced }
    return { step: 'wait', user: other, due: cause !== undefined }
  }
  if (cause !== undefined) return { step: 'rotate', cause }
  return known.retiring === undefined ? { step: 'none' } : { step: 'note', retiring: undefined, rotated: false }
}

const causeOf = ({ rotation, known, own, now }: RotationFacts): string | undefined => {
  if (own === 'unusable') return undefined
  if (own === 'other') return 'its passwordSecret has another password'
  if (rotation.request !== undefined && rotation.request !== known?.request) return `request ${rotation.request}`
  if (rotation.interval === undefined || own !== undefined) return undefined
  const ageMs = now.getTime() - Date.parse(known?.since ?? '')
  return ageMs >= parseDurationMs(rotation.interval) ? `interval ${rotation.interval}` : undefined
}
