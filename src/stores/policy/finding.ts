import type { StoreReason } from '../../api/conditions.ts'
import type { SessionStoreSpec } from '../../api/session-store.ts'
import type { Condition } from '../../api/values.ts'
import type { Preset } from '../../sessions/preset.ts'

export interface SessionCounts {
  readonly immortal: number
  readonly overMax: number
  readonly tooOld: number
  /** A sweep had to set or shorten times to live not long ago. */
  readonly corrected: boolean
}

type Finding = Pick<Condition, 'status' | 'message'> & { readonly reason: StoreReason<'PolicyMet'> }

/** Who puts right what is found. */
export interface Enforcement {
  readonly enforcement: SessionStoreSpec['sessions']['ttl']['enforcement']
  /** Sweeps do: `Enforce`, and the store is not paused. */
  readonly acts: boolean
  /** Why the last sweep did not come to its end, if it did not. */
  readonly failure?: string | undefined
}

/** What the condition PolicyMet says. The library's own remedy is in it: a sweep treats the symptom, and again on each request. */
export const policyFinding = (
  { enforcement, acts, failure }: Enforcement,
  counts: SessionCounts,
  preset: Preset,
): Finding => {
  const found = (reason: StoreReason<'PolicyMet'>, message: string): Finding => ({ status: 'False', reason, message })
  if (enforcement === 'Disabled') {
    return { status: 'Unknown', reason: 'Disabled', message: 'spec.sessions.ttl.enforcement is Disabled: nobody looks' }
  }
  if (failure !== undefined) {
    const message = `Redis refused the last sweep (${failure}), so it is not known which sessions break the limits, and none was put right since. It is tried again.`
    return { status: 'Unknown', reason: 'SweepFailed', message }
  }
  const enforce =
    enforcement === 'Enforce'
      ? 'Sweeps put it right when spec.maintenance.paused is false.'
      : 'Or set spec.sessions.ttl.enforcement: Enforce.'
  // While sweeps put them right, new ones come in between: `Corrected` says so, and what to do.
  if (counts.immortal > 0 && !(acts && counts.corrected)) {
    return found(
      'ImmortalSessions',
      `Sessions without a time to live would live for ever. ${acts ? 'The next sweep gives them one. ' : ''}The lasting remedy: ${preset.immortalRemedy}.${acts ? '' : ` ${enforce}`}`,
    )
  }
  if (counts.tooOld > 0 && !acts)
    return found(
      'SessionsTooOld',
      `There are sessions that began longer ago than spec.sessions.ttl.absolute. ${enforce}`,
    )
  if (counts.overMax > 0 && !acts) {
    return found(
      'LongerThanMaximum',
      `There are sessions with more time to live than spec.sessions.ttl.max. Set the library's own time to no more than that. ${enforce}`,
    )
  }
  if (counts.corrected) {
    return {
      status: 'True',
      reason: 'Corrected',
      message: `Sweeps keep the policy; the application does not by itself: sessions without an end, or over ttl.max, come again and again. The lasting remedy: ${preset.immortalRemedy}; and a time of the library no longer than ttl.max.`,
    }
  }
  return { status: 'True', reason: 'AsExpected', message: 'Every session has a time to live within the limits' }
}
