import type { KubernetesObject } from './objects.ts'

type Requirement = (labels: Readonly<Record<string, string>>) => boolean

/** Splits at commas that are not inside parentheses. */
const splitRequirements = (selector: string): readonly string[] =>
  (selector.match(/[^,(]+(?:\([^)]*\))?/g) ?? []).map((part) => part.trim())

const parseRequirement = (text: string): Requirement => {
  const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(text)
  if (set) {
    const [, key = '', operator, list = ''] = set
    const values = list.split(',').map((value) => value.trim())
    return (labels) => values.includes(labels[key] ?? '\0') === (operator === 'in')
  }
  const equality = /^([^!=\s]+)\s*(!=|==|=)\s*(\S*)$/.exec(text)
  if (equality) {
    const [, key = '', operator, value] = equality
    return (labels) => (labels[key] === value) === (operator !== '!=')
  }
  const presence = /^(!?)([^!=\s]+)$/.exec(text)
  if (presence) {
    const [, not, key = ''] = presence
    return (labels) => key in labels === (not !== '!')
  }
  throw new Error(`label selector: "${text}" is not understood`)
}

/** Kubernetes' label selector syntax as a predicate; throws when it is not understood. */
export const parseLabelSelector = (selector: string): ((object: KubernetesObject) => boolean) => {
  const requirements = splitRequirements(selector).map(parseRequirement)
  return (object) => requirements.every((holds) => holds(object.metadata.labels ?? {}))
}

/** The field selectors that every kind has, as a predicate; throws on others, which a cache could not evaluate. */
export const parseFieldSelector = (selector: string): ((object: KubernetesObject) => boolean) => {
  const requirements = selector.split(',').map((text) => {
    const match = /^metadata\.(name|namespace)==?([^=!]+)$/.exec(text.trim())
    if (!match) throw new Error(`field selector: "${text}" is neither metadata.name= nor metadata.namespace=`)
    const field = match[1] === 'name' ? 'name' : 'namespace'
    return (object: KubernetesObject) => object.metadata[field] === match[2]
  })
  return (object) => requirements.every((holds) => holds(object))
}

/** A label selector as an object has it (`LabelSelector`); empty: everything. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>> | undefined
  readonly matchExpressions?:
    | readonly {
        readonly key: string
        readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
        readonly values?: readonly string[] | undefined
      }[]
    | undefined
}

/** Whether labels match, by Kubernetes' rules: `NotIn` also matches where the label is absent. */
export const matchesLabels = (
  { matchLabels = {}, matchExpressions = [] }: LabelSelector,
  labels: Readonly<Record<string, string>> = {},
): boolean =>
  Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
  matchExpressions.every(({ key, operator, values = [] }) => {
    const value = labels[key]
    switch (operator) {
      case 'In':
        return value !== undefined && values.includes(value)
      case 'NotIn':
        return value === undefined || !values.includes(value)
      case 'Exists':
        return value !== undefined
      case 'DoesNotExist':
        return value === undefined
      default:
        return operator satisfies never
    }
  })
