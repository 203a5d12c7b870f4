import type { Payload } from './preset.ts'
import { readGob } from './readers/gob.ts'
import { readJava } from './readers/java.ts'
import { readJson } from './readers/json.ts'
import { readMessagePack } from './readers/message-pack.ts'
import { readPhpSession } from './readers/php.ts'
import { readPickle } from './readers/pickle.ts'
import { readCacheEntry, readRubyMarshal } from './readers/ruby-marshal.ts'
import type { PayloadReader } from './readers/value.ts'

/** Who reads which payload. */
export const readers: Readonly<Record<Exclude<Payload, 'unknown'>, PayloadReader>> & { readonly unknown?: undefined } =
  {
    JSON: readJson,
    'Ruby Marshal': readRubyMarshal,
    'Ruby Marshal, in a cache entry': readCacheEntry,
    'Python pickle': readPickle,
    MessagePack: readMessagePack,
    'PHP session': readPhpSession,
    'Java serialization, in a hash': readJava,
    'Go gob': readGob,
  }
