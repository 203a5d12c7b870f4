import type { ReadSessionStore } from '../../api/resources.ts'
import { pods, type Pod } from '../../kubernetes/kinds.ts'
import { isApiError } from '../../kubernetes/errors.ts'
import { nameOf } from '../../kubernetes/objects.ts'
import { tlsFiles, tlsPort } from '../../redis/config.ts'
import { isRedisError } from '../../redis/errors.ts'
import { shownCertificate } from '../../redis/tls-peer.ts'
import { pairs } from '../live-config.ts'
import { certificateVersionAnnotation } from '../names.ts'
import type { AnsweringNode } from '../observe.ts'
import type { StoreRuntime } from '../runtime.ts'
import { leafOf, versionOf, type Material } from './material.ts'
import { speaksTls } from './speaks-tls.ts'

/** How long a server may take to show its certificate, in ms. */
const handshakeMs = 2_000

/**
 * Has a server use a version of its certificate, while it runs, and proves it by a handshake. False while its files are not in the pod yet, which takes the
 * kubelet a second once the pod has changed, and up to a minute and a half when it has not.
 */
export const loadCertificate = async (
  runtime: StoreRuntime,
  store: ReadSessionStore,
  { uid, address, pod, state: { connection, info } }: AnsweringNode,
  material: Material,
  signal: AbortSignal,
): Promise<boolean> => {
  if (!pod || !speaksTls(pod) || address === undefined) return true
  const version = versionOf(material)
  if (runtime.certificates.loaded(uid, info.runId)?.version === version) return true
  const files = tlsFiles(version)
  const used = pairs(await connection.call(['CONFIG', 'GET', ...Object.keys(files)], { signal }))
  if (Object.entries(files).some(([name, path]) => used.get(name) !== path)) {
    await touch(runtime, pod, version, signal)
    try {
      // All in one, so that certificate and key fit; what cannot be read or does not fit is refused, and the one of before stays.
      await connection.call(['CONFIG', 'SET', ...Object.entries(files).flat()], { signal })
    } catch (error) {
      if (isRedisError(error, 'refused')) return false
      throw error
    }
  }
  const leaf = leafOf(material)
  const peer = await runtime.certificates.peer(runtime, store, signal)
  try {
    const shown = await shownCertificate({ host: address, port: tlsPort }, peer, handshakeMs)
    if (shown.fingerprint256 !== leaf.fingerprint256) return false
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'failed'
    runtime.log.info({ pod: pod.metadata.name, reason }, 'A server did not show its certificate; trying again')
    return false
  }
  runtime.certificates.noteLoaded(uid, { runId: info.runId, version, serial: leaf.serialNumber })
  return true
}

/** Has the kubelet look at the pod now, and with it at its volumes: a Secret alone wakes nobody (pkg/kubelet/kubelet.go, `HandlePodUpdates`). */
const touch = async (runtime: StoreRuntime, pod: Pod, version: string, signal: AbortSignal): Promise<void> => {
  const { uid, annotations } = pod.metadata
  if (annotations?.[certificateVersionAnnotation] === version) return
  try {
    const metadata = { ...(uid === undefined ? {} : { uid }), annotations: { [certificateVersionAnnotation]: version } }
    await runtime.client.patch(pods, nameOf(pod), { metadata }, { signal })
  } catch (error) {
    // Gone meanwhile, or another pod with its name.
    if (!isApiError(error, 'notFound', 'conflict')) throw error
  }
}
