import type { SessionStoreSpec } from '../../api/session-store.ts'
import type { Condition } from '../../api/values.ts'
import type { Preset } from '../../sessions/preset.ts'

export interface SessionCounts {
  readonly live: number
  readonly immortal: number
  readonly correctedTotal: number
}

/** What the condition PolicyMet says. The library's own remedy is in it: a sweep treats the symptom, and again on each request. */
export const policyFinding = (
  ttl: SessionStoreSpec['sessions']['ttl'],
  counts: SessionCounts,
  preset: Preset,
): Pick<Condition, 'status' | 'reason' | 'message'> => {
  if (ttl.enforcement === 'Disabled') {
    return { status: 'Unknown', reason: 'Disabled', message: 'spec.sessions.ttl.enforcement is Disabled: nobody looks' }
  }
  if (counts.immortal > 0) {
    const enforced = ttl.enforcement === 'Enforce'
    return {
      status: 'False',
      reason: 'ImmortalSessions',
      message: `Sessions without a time to live would live for ever. ${enforced ? 'The next sweep gives them one. ' : ''}The lasting remedy: ${preset.immortalRemedy}.${enforced ? '' : ' Or set spec.sessions.ttl.enforcement: Enforce.'}`,
    }
  }
  if (counts.correctedTotal > 0) {
    return {
      status: 'True',
      reason: 'Corrected',
      message: `Sweeps keep the policy; the application does not by itself. The lasting remedy: ${preset.immortalRemedy}.`,
    }
  }
  return { status: 'True', reason: 'AsExpected', message: 'Every session has a time to live' }
}
