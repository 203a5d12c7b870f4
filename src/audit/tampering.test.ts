import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { UnreadableExportError } from './exported-record.ts'
import { readExport } from './read-export.ts'
import { makeChain, makeKey, nameOfRecord, toLine, toList, toObject } from './testing/chain.ts'
import { verifyRecords, type Verdict } from './verify.ts'

const key = makeKey()
const chain = makeChain('s1', 4, () => key)
const index = fc.nat({ max: chain.length - 1 })

const verdictOf = (text: string): Verdict | 'unreadable' => {
  try {
    return verifyRecords(readExport(text), [key.publicKey])
  } catch (error) {
    if (error instanceof UnreadableExportError) return 'unreadable'
    throw error
  }
}

type Path = readonly (string | number)[]

const pathsOf = (value: unknown, path: Path = []): readonly Path[] =>
  typeof value === 'object' && value !== null
    ? [path, ...Object.entries(value).flatMap(([name, inner]) => pathsOf(inner, [...path, name]))]
    : [path]

/** A copy with the value at a path replaced; `undefined` removes it. */
const changed = (value: unknown, [name, ...rest]: Path, to: (old: unknown) => unknown): unknown => {
  if (name === undefined) return to(value)
  const copy = structuredClone(value) as Record<string, unknown>
  copy[name] = changed(copy[name], rest, to)
  return copy
}

// Kubernetes' own metadata is not ours to sign.
const isSigned = ([first, second]: Path): boolean =>
  first === 'spec' || first === 'kind' || (first === 'metadata' && (second === 'name' || second === 'namespace'))

/** Names of the records there are, and what a record that lost its name is called. */
const isNamed = (verdict: Verdict | 'unreadable', place: number, also: readonly string[] = []): boolean => {
  const record = chain[place]
  if (verdict === 'unreadable' || verdict.ok || !record) return false
  return [nameOfRecord(record), `item ${place + 1}`, ...also].includes(verdict.record)
}

test('any value changed anywhere in a record is found, and the record named', () => {
  const value = fc.jsonValue()
  fc.assert(
    fc.property(index, fc.nat(), value, (place, choice, replacement) => {
      const objects = chain.map(toObject)
      const paths = pathsOf(objects[place]).filter(isSigned)
      const path = paths[choice % paths.length] ?? []
      const item = changed(objects[place], path, () => replacement)
      fc.pre(JSON.stringify(item) !== JSON.stringify(objects[place]))
      const verdict = verdictOf(JSON.stringify(toList(objects.with(place, item as (typeof objects)[number]))))
      expect({ path, verdict, named: isNamed(verdict, place) }).toMatchObject({ named: true })
    }),
    { numRuns: 500 },
  )
})

test('any field removed, or added beside those there are, is found', () => {
  for (const [place, object] of chain.map(toObject).entries())
    for (const path of pathsOf(object).filter(isSigned)) {
      const objects = chain.map(toObject)
      const without = changed(object, path, () => undefined) as typeof object
      expect({ path, named: isNamed(verdictOf(JSON.stringify(toList(objects.with(place, without)))), place) }).toEqual({
        path,
        named: true,
      })
      const more = changed(object, path, (old) =>
        typeof old === 'object' && old !== null && !Array.isArray(old) ? { ...old, more: 1 } : [old],
      ) as typeof object
      expect({ path, named: isNamed(verdictOf(JSON.stringify(toList(objects.with(place, more)))), place) }).toEqual({
        path,
        named: true,
      })
    }
})

const flip = (text: string, at: number, byte: number): string | undefined => {
  const bytes = Buffer.from(text)
  bytes[at % bytes.length] = byte
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

const signedPart = (text: string): unknown => {
  try {
    const { kind, metadata, spec, apiVersion } = JSON.parse(text) as ReturnType<typeof toObject>
    return { kind, name: metadata.name, namespace: metadata.namespace, spec, group: apiVersion.split('/')[0] }
  } catch {
    return text
  }
}

test('any byte changed in an exported record is found, unless it means the same', () => {
  const items = chain.map((record) => JSON.stringify(toObject(record), null, 2))
  const before = items.map((item) => JSON.stringify(signedPart(item)))
  fc.assert(
    fc.property(index, fc.nat(), fc.integer({ min: 9, max: 255 }), (place, at, byte) => {
      const item = flip(items[place] ?? '', at, byte)
      fc.pre(item !== undefined && JSON.stringify(signedPart(item)) !== before[place])
      const verdict = verdictOf(
        `{"apiVersion":"v1","kind":"List","items":[${items.with(place, item ?? '').join(',')}]}`,
      )
      expect({ verdict, found: verdict === 'unreadable' || isNamed(verdict, place) }).toMatchObject({ found: true })
    }),
    { numRuns: 2_000 },
  )
})

test('any byte changed in a line of the stream is found, but for the last, which may look like no line at all', () => {
  const lines = chain.map(toLine)
  fc.assert(
    fc.property(fc.nat({ max: chain.length - 2 }), fc.nat(), fc.integer({ min: 32, max: 255 }), (place, at, byte) => {
      const line = flip(lines[place] ?? '', at, byte)
      fc.pre(line !== undefined && line !== lines[place])
      const verdict = verdictOf(lines.with(place, line ?? '').join('\n'))
      // A changed line may claim another place or another store; whatever comes first by name is named.
      expect({ line, verdict, ok: verdict !== 'unreadable' && verdict.ok }).toMatchObject({ ok: false })
    }),
    { numRuns: 2_000 },
  )
})

test('records removed from anywhere but the end are found, in whatever order the rest is', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([...chain.keys()], { minLength: 1 }), (kept) => {
      const verdict = verdictOf(
        JSON.stringify(toList(kept.flatMap((place) => chain.slice(place, place + 1)).map(toObject))),
      )
      const missing = [...chain.keys()].find((place) => !kept.includes(place))
      if (missing === undefined || kept.every((place) => place < missing)) expect(verdict).toMatchObject({ ok: true })
      else expect(isNamed(verdict, missing)).toBe(true)
    }),
  )
})
