import type { StoreReason } from '../../api/conditions.ts'
import type { ReadSessionStore } from '../../api/resources.ts'
import type { PersistentVolumeClaim } from '../../kubernetes/kinds.ts'
import type { EnsuredClaims } from './ensure-claims.ts'
import { storeNamespace } from '../names.ts'
import { answers, type Observed, type StoreNode } from '../observe.ts'
import { capacityBytes, requestedBytes } from '../plan/claim.ts'
import { podTrouble } from '../pod-state.ts'
import type { Report } from '../report.ts'

/** Says whether what a store keeps on disks is written, and where it is to grow. Nothing where it keeps nothing. */
export const reportPersistence = (
  store: ReadSessionStore,
  { nodes, claims }: Observed,
  ensured: EnsuredClaims | undefined,
  report: Report,
): void => {
  const { mode } = store.spec.persistence
  if (mode === 'None') return
  const say = (reason: StoreReason<'Persisted'>, message: string) => report.set('Persisted', 'False', reason, message)
  const refused = nodes.map((node) => node.pod && podTrouble(node.pod)).find((each) => each?.reason === 'VolumeRefused')
  const failing = nodes.flatMap((node) => failureOf(node, mode))
  const lost = claims.find(({ status }) => status?.phase === 'Lost')
  const small = claims.find((each) => (capacityBytes(each) ?? Number.POSITIVE_INFINITY) < requestedBytes(each))
  const [failure] = failing
  if (refused) {
    say('VolumeRefused', refused.message)
    report.set('Degraded', 'True', 'VolumeRefused', refused.message)
  } else if (lost)
    say('VolumeLost', `The volume of claim ${lost.metadata.name ?? ''} is gone: delete the claim and its pod`)
  else if (failure !== undefined) say('WriteFailing', failure)
  else if (ensured?.notResized !== undefined)
    say('ClaimNotResized', `The claims stay as large as they are: ${ensured.notResized}`)
  else if (small) report.set('Persisted', 'True', 'ClaimResizing', resizing(small))
  else report.set('Persisted', 'True', mode, 'What the store keeps on its disks is written')
}

const failureOf = (node: StoreNode, mode: string): readonly string[] => {
  if (!answers(node)) return []
  const { file } = node.state.info
  const full = 'most likely its disk is full: let it grow (persistence.claim.size)'
  if (mode === 'AppendOnly' && file.appendFailed)
    return [`${node.name} cannot write to its append-only file, and refuses writes of its clients: ${full}`]
  if (mode === 'AppendOnly' && file.rewriteFailed)
    return [`${node.name} cannot write its append-only file anew, which grows meanwhile: ${full}`]
  if (mode === 'Snapshot' && file.snapshotFailed)
    return [`${node.name} cannot write a snapshot, and keeps the one before: ${full}`]
  return []
}

const resizing = ({ metadata, status }: PersistentVolumeClaim): string => {
  const [condition] = (status?.conditions ?? []).filter(({ status: is }) => is === 'True')
  const more = condition ? `: ${condition.type}${condition.message ? `, ${condition.message}` : ''}` : ''
  return `The volume of claim ${metadata.name ?? ''} is growing${more}`
}

/** Says that nobody may read a volume: its sessions are from before a flush. */
export const reportBehind = (store: ReadSessionStore, { name }: StoreNode, report: Report): void => {
  const namespace = storeNamespace(store)
  const message = `The volume of ${name} is from before the last flush of this store: it holds sessions that were revoked, and nobody can read them. Bring back the volume that was there, or begin with no session at all: kubectl delete pvc -n ${namespace} data-${name} --wait=false && kubectl delete pod -n ${namespace} ${name}`
  report.set('Ready', 'False', 'VolumeBehindFlush', message)
  report.set('Degraded', 'True', 'VolumeBehindFlush', message)
}
