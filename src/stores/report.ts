import type { StoreConditionType, StoreReason } from '../api/conditions.ts'
import type { Condition } from '../api/values.ts'

/** A condition as one pass found it; when it last changed is worked out when status is written. */
export type Finding = Pick<Condition, 'status' | 'reason' | 'message'> & { readonly type: StoreConditionType }

/** A word of the kubelet's: as it comes. */
export type KubeletReason = string & { readonly from: 'kubelet' }

/** Collects what one pass found, for status. */
export class Report {
  readonly #findings = new Map<StoreConditionType, Finding>()

  set<T extends StoreConditionType>(
    type: T,
    status: 'True' | 'False' | 'Unknown',
    reason: StoreReason<T> | KubeletReason,
    message: string,
  ): void {
    this.#findings.set(type, { type, status, reason, message })
  }

  get(type: StoreConditionType): Finding | undefined {
    return this.#findings.get(type)
  }

  get findings(): readonly Finding[] {
    return [...this.#findings.values()]
  }
}
