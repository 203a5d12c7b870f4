import type { Flush } from './flush.ts'

/** True when the store wants a second person to agree to what was planned. */
export const needsApproval = ({ object, store, status }: Pick<Flush, 'object' | 'store' | 'status'>): boolean => {
  const { approval } = store.spec.flushes
  if (!approval) return false
  return object.spec.scope.all !== undefined || (status.plan?.percent ?? 0) > approval.abovePercent
}
