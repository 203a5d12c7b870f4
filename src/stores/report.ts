import type { Condition } from '../api/values.ts'

export type ConditionType =
  | 'Ready'
  | 'Progressing'
  | 'Degraded'
  | 'MemorySafe'
  | 'CredentialsCurrent'
  | 'Persisted'
  | 'CertificateCurrent'
  | 'EngineSupported'
  | 'UpdateAvailable'

/** A condition as one pass found it; when it last changed is worked out when status is written. */
export type Finding = Pick<Condition, 'status' | 'reason' | 'message'> & { readonly type: ConditionType }

/** Collects what one pass found, for status. */
export class Report {
  readonly #findings = new Map<ConditionType, Finding>()

  set(type: ConditionType, status: 'True' | 'False' | 'Unknown', reason: string, message: string): void {
    this.#findings.set(type, { type, status, reason, message })
  }

  get(type: ConditionType): Finding | undefined {
    return this.#findings.get(type)
  }

  get findings(): readonly Finding[] {
    return [...this.#findings.values()]
  }
}
