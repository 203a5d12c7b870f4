import { openApiSchema, type Kind } from './crd.ts'
import { apiVersion } from './resources.ts'

interface Property {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, Property>>
  readonly items?: Property
  readonly additionalProperties?: Property
  readonly required?: readonly string[]
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly maxLength?: number
  readonly 'x-kubernetes-validations'?: readonly { readonly message?: string; readonly fieldPath?: string }[]
}

const typeOf = (property: Property): string => {
  if (property.enum) return property.enum.map((value) => `\`${String(value)}\``).join(' \\| ')
  if (property.type === 'array') return `list of ${property.items ? typeOf(property.items) : 'any'}`
  if (property.type === 'object' && property.additionalProperties) return 'map'
  return property.type ?? 'any'
}

const notes = (property: Property): string => {
  const parts = [property.description ?? '']
  if (property.default !== undefined && typeof property.default !== 'object') {
    parts.push(`Default \`${JSON.stringify(property.default).replaceAll('"', '')}\`.`)
  }
  if (property.pattern) parts.push(`Pattern \`${property.pattern.replaceAll('|', '\\|')}\`.`)
  return parts.filter((part) => part !== '').join(' ')
}

const rows = (property: Property, path: string): string[] => {
  const object = property.type === 'array' ? property.items : property
  const suffix = property.type === 'array' ? '[]' : ''
  return Object.entries(object?.properties ?? {}).flatMap(([name, child]) => {
    const childPath = path === '' ? name : `${path}${suffix}.${name}`
    const required = object?.required?.includes(name) ? ' **required**' : ''
    return [`| \`${childPath}\` | ${typeOf(child)}${required} | ${notes(child)} |`, ...rows(child, childPath)]
  })
}

const ruleLines = (property: Property, path: string): string[] => [
  ...(property['x-kubernetes-validations'] ?? []).map(
    (rule) => `- \`${path}${rule.fieldPath ?? ''}\`: ${rule.message ?? ''}`,
  ),
  ...Object.entries(property.properties ?? {}).flatMap(([name, child]) => ruleLines(child, `${path}.${name}`)),
  ...(property.items ? ruleLines(property.items, `${path}[]`) : []),
]

/** The API reference in Markdown, from the same schemas as the CRDs. */
export const reference = (kinds: readonly Kind[]): string => {
  const lines = [
    '# API reference',
    '',
    `Generated from \`src/api\` by \`npm run generate\`. All kinds are namespaced, of \`${apiVersion}\`, in the category \`sessions\``,
    '(`kubectl get sessions` lists them).',
    '',
  ]
  for (const kind of kinds) {
    const spec = openApiSchema(kind.spec) as Property
    lines.push(
      `## ${kind.kind}`,
      '',
      kind.description,
      '',
      `\`kubectl get ${[kind.plural, ...kind.shortNames].join('`, `kubectl get ')}\``,
      '',
    )
    lines.push('### spec', '', '| field | type | |', '|---|---|---|', ...rows(spec, ''), '')
    const refusals = [...(kind.rules ?? []).map((rule) => `- ${rule.message ?? ''}`), ...ruleLines(spec, 'spec')]
    if (refusals.length > 0) lines.push('Refused at admission, with these words:', '', ...refusals, '')
    if (kind.status) {
      lines.push('### status', '', '| field | type | |', '|---|---|---|', ...rows(openApiSchema(kind.status), ''), '')
    }
  }
  return `${lines.join('\n').trimEnd()}\n`
}
