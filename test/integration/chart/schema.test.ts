import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { expect, test } from 'vitest'
import { chart, helm } from './install.ts'

const template = (values: object) =>
  helm(
    undefined,
    'template',
    'x',
    chart,
    ...Object.entries(values).map(([key, value]) => `--set-json=${key}=${JSON.stringify(value)}`),
  )

test.each<readonly [string, object, readonly string[]]>([
  ['an unknown value', { replicaCount: 3 }, ['replicaCount', 'not allowed']],
  ['an unknown value inside of another', { watch: { namespace: 'a' } }, ['/watch', 'namespace', 'not allowed']],
  ['a namespace that cannot be one', { 'watch.namespaces': ['Shop'] }, ['/watch/namespaces/0', 'Shop']],
  ['a text for a number', { replicas: 'two' }, ['/replicas', 'want integer']],
  ['a log level that is none', { logLevel: 'trace' }, ['/logLevel', "'debug'"]],
  ['an engine that is none', { engines: { KeyDB: {} } }, ['/engines', 'KeyDB']],
  [
    'a version of an engine that is not a line',
    { 'engines.Redis': { '8.8.3': { image: 'x' } } },
    ['/engines/Redis', '8.8.3'],
  ],
  ['an engine without an image', { 'engines.Redis': { '8.8': {} } }, ['/engines/Redis/8.8', 'image']],
  ['a digest that is none', { 'image.digest': 'latest' }, ['/image/digest', 'latest']],
  ['a choice that is none', { 'cluster.mutatingAdmissionPolicy': true }, ['/cluster/mutatingAdmissionPolicy']],
  ['an argument that is no text', { args: [1] }, ['/args/0', 'want string']],
  [
    'a label that selects the pods',
    { podLabels: { 'app.kubernetes.io/name': 'x' } },
    ['/podLabels/app.kubernetes.io', 'name'],
  ],
  ['a pull secret by name alone', { imagePullSecrets: ['s'] }, ['/imagePullSecrets/0', 'want object']],
])('%s is refused by name', async (_what, values, words) => {
  const { ok, stderr } = await template(values)
  expect(ok).toBe(false)
  for (const word of words) expect(stderr).toContain(word)
})

test('namespaces and every namespace exclude each other, and the message says so', async () => {
  const { ok, stderr } = await template({ 'watch.namespaces': ['a'], 'watch.allNamespaces': true })
  expect(ok).toBe(false)
  expect(stderr).toContain('watch.namespaces and watch.allNamespaces exclude each other')
})

interface Schema {
  readonly description?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: unknown
}

/** Every value of the schema, by its path, that is not free for its user to fill. */
const pathsOf = (schema: Schema, path: string): readonly (readonly [string, Schema])[] => [
  [path, schema],
  ...Object.entries(schema.properties ?? {}).flatMap(([name, property]) => pathsOf(property, `${path}.${name}`)),
]
const schema = JSON.parse(readFileSync(join(chart, 'values.schema.json'), 'utf8')) as Schema

test('every value has a description, and none takes an unknown one beside it', () => {
  const paths = pathsOf(schema, '').slice(1)
  expect(paths.filter(([, { description }]) => !description).map(([path]) => path)).toEqual([])
  const open = paths.filter(
    ([path, value]) => value.properties && value.additionalProperties !== false && path !== '.global',
  )
  expect(open.map(([path]) => path)).toEqual([])
})

test('the schema and values.yaml name the same values', () => {
  const values = parse(readFileSync(join(chart, 'values.yaml'), 'utf8')) as Readonly<Record<string, unknown>>
  expect(Object.keys(values).toSorted()).toEqual(Object.keys(schema.properties ?? {}).toSorted())
})

test('the README has each value with its default', () => {
  const values = parse(readFileSync(join(chart, 'values.yaml'), 'utf8')) as unknown
  const readme = readFileSync(join(chart, 'README.md'), 'utf8')
  const documented = [...readme.matchAll(/^\| `([\w.]+)` \| `(.*?)` \|/gm)].map(([, path, text]) => `${path} = ${text}`)
  expect(documented.toSorted()).toEqual(
    defaultsOf(values, '')
      .map(([path, value]) => `${path} = ${value === '' ? "''" : JSON.stringify(value).replaceAll('"', '')}`)
      .toSorted(),
  )
})

/** Defaults by path; an object that the schema leaves free is one value. */
const defaultsOf = (value: unknown, path: string): readonly (readonly [string, unknown])[] => {
  const free = pathsOf(schema, '').some(([at, { properties }]) => at === `.${path}` && !properties)
  if (free || typeof value !== 'object' || value === null || Object.keys(value).length === 0) return [[path, value]]
  return Object.entries(value).flatMap(([name, child]) => defaultsOf(child, path ? `${path}.${name}` : name))
}
