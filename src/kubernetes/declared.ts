import { sameQuantity } from './quantity.ts'

/** Keys whose values are quantities, where `1Gi` and `1024Mi` are the same. */
const quantityMaps = new Set(['limits', 'requests', 'capacity', 'hard', 'overhead', 'used'])
const quantityFields = new Set(['sizeLimit', 'divisor'])

/**
 * By which fields the API server merges the elements of a list, for the lists that we declare (`x-kubernetes-list-map-keys`
 * and `patchMergeKey` in Kubernetes' OpenAPI). Elements that others added to these lists are theirs. All other lists are
 * atomic.
 */
const listKeys: Readonly<Record<string, readonly string[]>> = {
  conditions: ['type'],
  containers: ['name'],
  env: ['name'],
  ephemeralContainers: ['name'],
  hostAliases: ['ip'],
  imagePullSecrets: ['name'],
  initContainers: ['name'],
  ownerReferences: ['uid'],
  resourceClaims: ['name'],
  secrets: ['name'],
  topologySpreadConstraints: ['topologyKey', 'whenUnsatisfiable'],
  volumeDevices: ['devicePath'],
  volumeMounts: ['mountPath'],
  volumes: ['name'],
}

/** Lists of plain values that are merged as sets. */
const setLists = new Set(['finalizers', 'accessModes'])

/** Maps of people's own keys. The API server drops them when they are empty, but no value in them. */
const freeMaps = new Set(['annotations', 'binaryData', 'data', 'labels', 'matchLabels', 'nodeSelector'])

type Json = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Which fields tell elements of this list apart; undefined for an atomic list. A list of ports has two forms. */
const keysOfList = (field: string, elements: readonly unknown[]): readonly string[] | undefined => {
  if (field !== 'ports') return listKeys[field]
  if (elements.every((element) => isObject(element) && 'containerPort' in element)) return ['containerPort', 'protocol']
  if (elements.every((element) => isObject(element) && typeof element['port'] === 'number' && 'name' in element)) {
    return ['port', 'protocol']
  }
  return undefined
}

/** A default of the API server for a field that is a list key: `protocol: TCP`. */
const keyValue = (element: Json, key: string): unknown => element[key] ?? (key === 'protocol' ? 'TCP' : undefined)

/** How the API server stores a kind. */
export interface Storage {
  /** It leaves out what has its zero value, such as `readOnly: false`: built-in kinds (`omitempty`), not custom ones. */
  readonly omitsZero?: boolean
}

/**
 * True when `observed` already holds all that `declared` declares. What the API server or others added besides is left
 * out of account; so is a declared null or undefined. Quantities compare by amount.
 */
export const holds = (declared: unknown, observed: unknown, storage: Storage = {}): boolean =>
  holdsValue(declared, observed, { storage, field: '', parent: '' })

interface Place {
  readonly storage: Storage
  readonly field: string
  readonly parent: string
}

const holdsValue = (declared: unknown, observed: unknown, place: Place): boolean => {
  const { field, parent, storage } = place
  if (declared === null || declared === undefined) return observed === null || observed === undefined
  if (Array.isArray(declared)) return holdsList(declared, observed, place)
  if (isObject(declared)) {
    if (!isObject(observed)) {
      return (observed === undefined || observed === null) && isEmpty(declared) && freeMaps.has(field)
    }
    return Object.entries(declared).every(
      ([name, value]) =>
        value === undefined ||
        value === null ||
        holdsValue(value, observed[name], { storage, field: name, parent: field }),
    )
  }
  if (declared === observed) return true
  if (observed === undefined) return storage.omitsZero === true && isZero(declared) && !freeMaps.has(parent)
  const isQuantity = quantityMaps.has(parent) || quantityFields.has(field)
  return isQuantity && isScalar(declared) && isScalar(observed) && sameQuantity(declared, observed)
}

const isZero = (value: unknown): boolean => value === '' || value === 0 || value === false

const isScalar = (value: unknown): value is string | number => typeof value === 'string' || typeof value === 'number'

const isEmpty = (value: Json): boolean => Object.values(value).every((each) => each === undefined || each === null)

const holdsList = (declared: readonly unknown[], observed: unknown, { field, storage }: Place): boolean => {
  const found: readonly unknown[] = Array.isArray(observed) ? observed : []
  if (setLists.has(field)) return declared.every((value) => found.includes(value))
  // what a list is called does not say what its elements' fields are called
  const inside: Place = { storage, field: '', parent: '' }
  const keys = keysOfList(field, declared)
  if (!keys) {
    return (
      declared.length === found.length && declared.every((element, index) => holdsValue(element, found[index], inside))
    )
  }
  return declared.every((element) => {
    if (!isObject(element)) return false
    const same = found.find(
      (other) => isObject(other) && keys.every((key) => keyValue(element, key) === keyValue(other, key)),
    )
    return same !== undefined && holdsValue(element, same, inside)
  })
}

/** JSON with sorted keys and without nulls: equal for equal declarations. */
export const canonicalJson = (value: unknown): string =>
  JSON.stringify(value, (_name, each: unknown) =>
    isObject(each)
      ? Object.fromEntries(
          Object.entries(each)
            .filter(([, child]) => child !== null && child !== undefined)
            .sort(([left], [right]) => (left < right ? -1 : 1)),
        )
      : each,
  )

/** The value without nulls and undefined, which in a declaration mean "not declared". */
export const withoutNulls = <T>(value: T): T => JSON.parse(canonicalJson(value)) as T
