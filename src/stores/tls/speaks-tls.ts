import type { ReadSessionStore } from '../../api/resources.ts'
import type { Pod } from '../../kubernetes/kinds.ts'

/** The pod's volume of certificates. */
export const tlsVolume = 'tls'

/** True of a pod whose server has a certificate. One that was made before TLS was asked for has none until it is replaced. */
export const speaksTls = (pod: Pod): boolean => pod.spec?.volumes?.some(({ name }) => name === tlsVolume) ?? false

/** True when the spec asks for TLS. */
export const wantsTls = ({ spec }: ReadSessionStore): boolean => spec.tls.mode !== 'Disabled'

/** True when servers that can speak TLS also serve those who do not: until all can, replicas and applications need it. */
export const servesPlaintext = (store: ReadSessionStore, pods: readonly Pod[]): boolean =>
  !wantsTls(store) || store.spec.tls.plaintext === 'Allow' || !pods.every(speaksTls)
