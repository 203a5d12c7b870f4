import { z } from 'zod'
import { group, version } from './resources.ts'
import type { CelRule } from './values.ts'

type Schema = Record<string, unknown>

/** One kind of ours, as far as a CRD says more than a schema. */
export interface Kind {
  readonly kind: string
  readonly plural: string
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly description: string
  readonly spec: z.ZodType
  readonly status?: z.ZodType
  readonly columns: readonly PrinterColumn[]
  /** Rules that look at metadata or at more than one part. */
  readonly rules?: readonly CelRule[]
}

interface PrinterColumn {
  readonly name: string
  readonly type: 'string' | 'integer' | 'date'
  readonly jsonPath: string
  readonly priority?: number
  readonly description?: string
}

const isObject = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Makes a JSON schema structural, as CRDs must be: no `$schema`, no bounds that only say "a JavaScript integer", no
 * `additionalProperties` beside preserved unknown fields, no `propertyNames`.
 */
const structural = (schema: Schema): Schema => {
  const result: Schema = {}
  for (const [key, value] of Object.entries(schema)) {
    if (key === '$schema' || key === 'propertyNames') continue
    if (key === 'minimum' && value === Number.MIN_SAFE_INTEGER) continue
    if (key === 'maximum' && value === Number.MAX_SAFE_INTEGER) continue
    if (key === 'additionalProperties' && (value === false || schema['x-kubernetes-preserve-unknown-fields'])) continue
    if (key === 'required' && Array.isArray(value) && value.length === 0) continue
    if (key === 'properties' && isObject(value)) {
      result[key] = Object.fromEntries(
        Object.entries(value).map(([name, property]) => [name, isObject(property) ? structural(property) : property]),
      )
    } else if ((key === 'items' || key === 'additionalProperties') && isObject(value)) {
      result[key] = structural(value)
    } else {
      result[key] = value
    }
  }
  if (isObject(result['default'])) result['default'] = { ...defaultsOf(result), ...result['default'] }
  return result
}

/** What an empty object becomes: rules of CEL look at a default before the defaults inside of it are filled in. */
const defaultsOf = (schema: Schema): Schema => {
  const properties = isObject(schema['properties']) ? Object.entries(schema['properties']) : []
  return Object.fromEntries(
    properties.flatMap(([name, property]) =>
      isObject(property) && 'default' in property ? [[name, property['default']]] : [],
    ),
  )
}

/** The OpenAPI schema of a zod schema, as people send it (defaults not yet filled in). */
export const openApiSchema = (schema: z.ZodType): Schema =>
  structural(z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input' }) as Schema)

/** The CustomResourceDefinition of one kind. */
export const customResourceDefinition = (kind: Kind): object => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${kind.plural}.${group}` },
  spec: {
    group,
    names: {
      kind: kind.kind,
      listKind: `${kind.kind}List`,
      plural: kind.plural,
      singular: kind.singular,
      shortNames: kind.shortNames,
      categories: ['sessions'],
    },
    scope: 'Namespaced',
    versions: [
      {
        name: version,
        served: true,
        storage: true,
        additionalPrinterColumns: kind.columns,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            description: kind.description,
            required: ['spec'],
            properties: {
              apiVersion: { type: 'string' },
              kind: { type: 'string' },
              metadata: { type: 'object' },
              spec: openApiSchema(kind.spec),
              ...(kind.status ? { status: openApiSchema(kind.status) } : {}),
            },
            ...(kind.rules ? { 'x-kubernetes-validations': kind.rules } : {}),
          },
        },
        ...(kind.status ? { subresources: { status: {} } } : {}),
      },
    ],
  },
})
