import type { Payload } from './preset.ts'
import { readJava } from './readers/java.ts'
import { readJson } from './readers/json.ts'
import { readCacheEntry, readRubyMarshal } from './readers/ruby-marshal.ts'
import type { PayloadReader } from './readers/value.ts'

/** Who reads which payload; others cannot be told apart by whose they are. */
export const readers: Readonly<Partial<Record<Payload, PayloadReader>>> = {
  JSON: readJson,
  'Ruby Marshal': readRubyMarshal,
  'Ruby Marshal, in a cache entry': readCacheEntry,
  'Java serialization, in a hash': readJava,
}
