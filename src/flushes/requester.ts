import type { ReadFlushSessions } from '../api/resources.ts'
import type { Client } from '../kubernetes/client.ts'
import { isApiError } from '../kubernetes/errors.ts'
import type { KubernetesObject, Resource } from '../kubernetes/objects.ts'

/** Name of the policies in the chart; fixed by the API group, so that every operator in a cluster knows it. */
const policyName = 'flushsessions.sessionstore.dev'

/** A policy acts about a second after it was made, and five when it must first learn the schema (apiserver 0.36.3, policy/generic). */
const activationMs = 10_000

interface Policy extends KubernetesObject {
  readonly spec?: { readonly failurePolicy?: string }
}

interface Binding extends KubernetesObject {
  readonly spec?: { readonly policyName?: string; readonly validationActions?: readonly string[] }
}

const policies: Resource<Policy> = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  plural: 'validatingadmissionpolicies',
  kind: 'ValidatingAdmissionPolicy',
  namespaced: false,
}

const bindings: Resource<Binding> = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  plural: 'validatingadmissionpolicybindings',
  kind: 'ValidatingAdmissionPolicyBinding',
  namespaced: false,
}

/** What the policy proves, as its own annotation says: one of an older chart knows of no approval. */
const provesAnnotation = 'sessionstore.dev/proves'

/** Why it is not proven who approved, or undefined when it is. */
export const unprovenApprover = async (
  client: Client,
  flush: ReadFlushSessions,
  signal: AbortSignal,
): Promise<string | undefined> => {
  const unproven = await unprovenRequester(client, flush, signal)
  if (unproven !== undefined) return unproven
  const policy = await find(client, policies, signal)
  const proves = policy?.metadata.annotations?.[provesAnnotation] ?? ''
  return proves.split(',').includes('approver')
    ? undefined
    : `The ValidatingAdmissionPolicy ${policyName} is of an older chart, which knows of no approval: upgrade it with cluster.install=true, then create the FlushSessions again.`
}

/**
 * Why it is not proven who asked for a flush, or undefined when it is: the field is only worth something where the policy that compares it with
 * the caller was in force when the object was created.
 */
export const unprovenRequester = async (
  client: Client,
  flush: ReadFlushSessions,
  signal: AbortSignal,
): Promise<string | undefined> => {
  const remedy = 'Install the chart with cluster.install=true, then create the FlushSessions again.'
  if (flush.spec.requestedBy === undefined) return `spec.requestedBy is empty: nobody stamped it. ${remedy}`
  const policy = await find(client, policies, signal)
  const binding = await find(client, bindings, signal)
  if (!policy || !binding)
    return `The ValidatingAdmissionPolicy ${policyName} or its binding is missing, so spec.requestedBy may be forged. ${remedy}`
  const denies = binding.spec?.policyName === policyName && (binding.spec.validationActions ?? []).includes('Deny')
  if (policy.spec?.failurePolicy !== 'Fail' || !denies)
    return `The ValidatingAdmissionPolicy ${policyName} does not deny, so spec.requestedBy may be forged. ${remedy}`
  const created = (object: KubernetesObject) => Date.parse(object.metadata.creationTimestamp ?? '')
  if (created(flush) < Math.max(created(policy), created(binding)) + activationMs) {
    return `The ValidatingAdmissionPolicy ${policyName} was not in force yet when this was created, so spec.requestedBy may be forged. Create it again.`
  }
  return undefined
}

const find = async <T extends KubernetesObject>(
  client: Client,
  resource: Resource<T>,
  signal: AbortSignal,
): Promise<T | undefined> => {
  try {
    return await client.get(resource, { name: policyName }, { signal })
  } catch (error) {
    if (isApiError(error, 'notFound')) return undefined
    throw error
  }
}
