/** A server's version, as far as rights depend on it. */
export interface ServerVersion {
  readonly major: number
  readonly minor: number
}

/** Where a client finds its store. */
export interface Binding {
  /** `rediss` with TLS. */
  readonly scheme: 'redis' | 'rediss'
  readonly host: string
  readonly port: number
  readonly username: string
  /** As a URL takes it. */
  readonly password: string
  /** As in the SessionStore: without the colon that ends it. */
  readonly keyPrefix: string
}

/** How a session is written down. */
export type Payload =
  | 'JSON'
  | 'Ruby Marshal'
  | 'Ruby Marshal, in a cache entry'
  | 'Python pickle'
  | 'MessagePack'
  | 'PHP session'
  | 'Java serialization, in a hash'
  | 'Go gob'
  | 'unknown'

/** What we know of one session library. Facts carry the version they were read or measured in. */
export interface Preset {
  readonly name: string
  /** The library, and the versions it was run with. */
  readonly library: string
  /** Where a session lies, `<prefix>` being the store's `keyPrefix`; indexes beside it. */
  readonly keys: readonly string[]
  readonly payload: Payload
  /** Where in a session it says whose it is. */
  readonly principal: string
  /**
   * The same as a path: names of fields, and places of elements in digits; of a hash, its field first. Undefined: it depends on the application, which says so in
   * `spec.sessions.principalPath`.
   */
  readonly principalPath?: readonly string[]
  /** The keys of a session after `<prefix>:`, by its id or the cookie's value: more than one where the library would look in more, or where the form is not certain. */
  readonly keysOfId: (id: string) => readonly string[]
  /**
   * The set that the library keeps of a person's sessions: its key after `<prefix>:`, and the id that one of its members stands for; undefined: it cannot be read. A
   * hint: libraries miss some, and forget to take others away. Undefined: it keeps none.
   */
  readonly principalIndex?: {
    readonly set: (principal: string) => string
    readonly idOf: (member: Uint8Array) => string | undefined
  }
  /** A request without a session takes over the id that its cookie has: while that id is remembered as ended, its user cannot log in. */
  readonly reusesIds?: true
  /** The library's own time to live, and what renews it. */
  readonly lifetime: string
  /** Which request that is in flight while a session is deleted writes it back. */
  readonly revives: string
  /** The least list of commands it needs, as ACL rules. Never a category: Redis 8 put modules' commands into `@read` and `@write`. */
  readonly commands: (version: ServerVersion) => readonly string[]
  /** Channels that it publishes to or listens on, as ACL patterns without the `&`; default none. */
  readonly channels?: (keyPrefix: string) => readonly string[]
  /** Classes of Redis' `notify-keyspace-events` that it needs; default none. */
  readonly keyspaceEvents?: string
  /** Keys that rightly have no end of their own, as patterns after `<prefix>:` in which `*` is any text: no policy touches them. Default none. */
  readonly endless?: readonly string[]
  /**
   * Where a session says when it began: keys as patterns after `<prefix>:`, and the field of the hash, ms since 1970 in digits or as a Java `Long`. Undefined: it
   * does not say.
   */
  readonly birth?: { readonly keys: string; readonly field: string }
  /** Where a session says when it was used last, in the same way. */
  readonly lastAccess?: { readonly keys: string; readonly field: string }
  /** The prefix in the form in which the library wants it. */
  readonly libraryPrefix: (keyPrefix: string) => string
  /** The URL in the form which the library's parser accepts. */
  readonly uri: (binding: Binding) => string
  /** What to tell the library beside what the Secret says, or undefined. */
  readonly setUp?: string
  /** What to do about sessions that never expire: which option of the library sets a time to live. */
  readonly immortalRemedy: string
  /** What an operator's flush cannot reach or what it costs, for this library; said in every FlushSessions. */
  readonly notCovered: readonly string[]
  /** What the application's users see while writes are refused. */
  readonly fenceCost: string
}
