import { type Inflate, inflateSync } from 'node:zlib'
import { MarshalReader } from './ruby-marshal-reader.ts'
import { textOf } from './bytes-as-text.ts'
import { maxPayloadBytes, type PayloadReader, Undecodable, valueAt } from './value.ts'

/**
 * Ruby Marshal 4.8. A symbol is its name, a Bignum a bigint, a class or module its name, a Regexp its source, a Struct or an object the map of its
 * members or instance variables (`@name`), one with `marshal_dump` what that gave, one with `_dump` that text, or undefined if it is not text (Time).
 * Instance variables of what is no plain object, modules that extend it, its class and a hash's default are read over.
 */
export const readRubyMarshal: PayloadReader = (payload) => new MarshalReader(payload, textOf).read()

/** Each byte a character: the bytes can be had back. */
const bytewise = (bytes: Buffer): string => bytes.toString('latin1')

/** How each entry begins: version 4.8, an object, a new symbol of 27 bytes. */
const head = Buffer.from('\u0004\u0008o:\u0020ActiveSupport::Cache::Entry', 'latin1')

/**
 * The value in an `ActiveSupport::Cache::Entry` as the cache stores of Rails 6.1 write it: in `@value`, from a KiB on as Marshal compressed by zlib
 * (`@compressed`); before Rails 5 the names were `@v` and `@c`. Rails 7 writes something else unless `cache_format_version` is 6.1. That an entry has
 * expired is not looked at.
 */
export const readCacheEntry: PayloadReader = (payload) => {
  if (!head.equals(payload.subarray(0, head.length)))
    throw new Undecodable('Rails cache: not a cache entry of Rails 6.1')
  const entry = new MarshalReader(payload, bytewise).read()
  const [value, compressed] = entry instanceof Map && entry.has('@v') ? ['@v', '@c'] : ['@value', '@compressed']
  if (!(entry instanceof Map && entry.has(value))) throw new Undecodable('Rails cache: an entry without a value')
  if (valueAt(entry, [compressed]) !== true) return valueAt(readRubyMarshal(payload), [value])
  const bytes = valueAt(entry, [value])
  if (typeof bytes !== 'string') throw new Undecodable('Rails cache: an entry that says it is compressed, and is not')
  return readRubyMarshal(inflate(Buffer.from(bytes, 'latin1')))
}

const inflate = (bytes: Uint8Array): Uint8Array => {
  const { buffer, engine } = inflateBounded(bytes)
  if (engine.bytesWritten !== bytes.length) throw new Undecodable('Rails cache: goes on after its compressed value')
  return buffer
}

const inflateBounded = (bytes: Uint8Array) => {
  try {
    // The types of Node know `info`, but not that the answer is another one with it.
    const inflated: unknown = inflateSync(bytes, { maxOutputLength: maxPayloadBytes, info: true })
    return inflated as { readonly buffer: Buffer; readonly engine: Inflate }
  } catch (error) {
    throw new Undecodable(`Rails cache: does not inflate, or to more than ${maxPayloadBytes} bytes`, { cause: error })
  }
}
