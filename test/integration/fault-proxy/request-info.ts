export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'other'

/** What a request to the API server is about. */
export interface RequestInfo {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly verb: Verb
  /** `pods`, `statefulsets.apps`; empty for paths that are no resource. */
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  /** For a create, the name in the body. */
  readonly name: string
  /** Of an apply; empty for what is none. */
  readonly fieldManager: string
}

/** Which requests are meant; what is left out matches all. */
export interface Match {
  readonly verb?: Verb | readonly Verb[]
  readonly resource?: string
  readonly subresource?: string
  readonly namespace?: string
  readonly name?: string
  readonly fieldManager?: string
}

const pathSyntax =
  /^\/(?:api|apis\/(?<group>[^/]+))\/v[^/]+(?:\/namespaces\/(?<namespace>[^/]+)(?=\/))?\/(?<plural>[^/]+)(?:\/(?<name>[^/]+))?(?:\/(?<subresource>[^/]+))?$/

/** Reads a request as the API server's own RequestInfo does. */
export const requestInfo = (method: string, path: string, body: string): RequestInfo => {
  const url = new URL(path, 'http://proxy')
  const { group, namespace = '', plural, name, subresource = '' } = pathSyntax.exec(url.pathname)?.groups ?? {}
  if (plural === undefined) {
    return { method, path, verb: 'other', resource: '', subresource: '', namespace: '', name: '', fieldManager: '' }
  }
  const watches = ['true', '1'].includes(url.searchParams.get('watch') ?? '')
  return {
    method,
    path,
    verb: verbOf(method, name !== undefined, watches),
    resource: group === undefined ? plural : `${plural}.${group}`,
    subresource,
    namespace: decodeURIComponent(namespace),
    name: name === undefined ? nameInBody(body) : decodeURIComponent(name),
    fieldManager: url.searchParams.get('fieldManager') ?? '',
  }
}

const verbOf = (method: string, named: boolean, watches: boolean): Verb => {
  switch (method) {
    case 'GET':
      return watches ? 'watch' : named ? 'get' : 'list'
    case 'POST':
      return 'create'
    case 'PUT':
      return 'update'
    case 'PATCH':
      return 'patch'
    case 'DELETE':
      return 'delete'
    default:
      return 'other'
  }
}

const nameInBody = (body: string): string => {
  if (body === '') return ''
  try {
    const { metadata } = JSON.parse(body) as { metadata?: { name?: string; generateName?: string } }
    return metadata?.name ?? metadata?.generateName ?? ''
  } catch {
    return ''
  }
}

export const isWrite = ({ verb }: RequestInfo): boolean => ['create', 'update', 'patch', 'delete'].includes(verb)

export const matches = (match: Match, info: RequestInfo): boolean => {
  const verbs = match.verb === undefined ? undefined : [match.verb].flat()
  return (
    (verbs === undefined || verbs.includes(info.verb)) &&
    (['resource', 'subresource', 'namespace', 'name', 'fieldManager'] as const).every(
      (field) => match[field] === undefined || match[field] === info[field],
    )
  )
}
