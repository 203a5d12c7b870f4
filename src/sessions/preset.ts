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
  readonly password: string
  /** As in the SessionStore: without the colon that ends it. */
  readonly keyPrefix: string
}

/** What we know of one session library. Facts carry the version they were read or measured in. */
export interface Preset {
  readonly name: string
  /** The library and its versions. */
  readonly library: string
  /** The least list of commands it needs, as ACL rules. Never a category: Redis 8 put modules' commands into `@read` and `@write`. */
  readonly commands: (version: ServerVersion) => readonly string[]
  /** The prefix in the form in which the library wants it. */
  readonly libraryPrefix: (keyPrefix: string) => string
  /** The URL in the form which the library's parser accepts. */
  readonly uri: (binding: Binding) => string
  /** What to do about sessions that never expire: which option of the library sets a time to live. */
  readonly immortalRemedy: string
  /** What an operator's flush cannot reach or what it costs, for this library; said in every FlushSessions. */
  readonly notCovered: readonly string[]
  /** What the application's users see while writes are refused. */
  readonly fenceCost: string
}
