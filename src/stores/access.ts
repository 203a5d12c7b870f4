import type { ReadSessionStore } from '../api/resources.ts'
import { secrets, type Secret } from '../kubernetes/kinds.ts'
import { aclFile, clientUser, ownUsers, passwordHash, type AclUser } from '../redis/acl.ts'
import { presetFor } from '../sessions/presets.ts'
import {
  clientSecretData,
  otherTurn,
  passwordOf,
  turnOf,
  userName,
  type ClientCredential,
  type Turn,
} from './client-secret.ts'
import { newPassword } from './credentials.ts'
import { serverVersion, type ResolvedEngine } from './engines.ts'
import { NameTakenError } from './name-taken-error.ts'
import { fenceAnnotation, isOwnedBy, labels, objectNames, ownedMetadata, storeName, storeNamespace } from './names.ts'
import { operatorLogin, replicationPasswords } from './own-credentials.ts'
import { readOwnPassword } from './own-password.ts'
import type { StoreRuntime } from './runtime.ts'
import { decode, encode, findSecret, holds } from './secret-data.ts'
import { hasClaims } from './plan/claim.ts'
import { revocationKey } from './plan/stateful-set.ts'
import { readClientTls, type ClientTls } from './tls/client-tls.ts'
import { isReplicated } from './topology/replicas.ts'

/** Who may do what on a store's Redis, as the Secrets say it now. */
export interface Access {
  readonly users: readonly AclUser[]
  /** ACL users of the clients, for what concerns all of them. */
  readonly clientUsers: readonly string[]
  /** Which of a client's two users its Secret names. */
  readonly turns: ReadonlyMap<string, Turn>
  /** UID of the FlushSessions that holds writes back, or undefined. */
  readonly fencedBy: string | undefined
}

const aclKey = 'users.acl'
/** On a client's Secret that outlives its store: the store's name. One of the same name takes it over, password and all. */
const retainedAnnotation = 'sessionstore.dev/retained-from'

/**
 * Makes the Secrets of a store hold what its spec says: one per client, and the ACL file (hashes only) that its pods boot with. Secrets
 * are read live, one by one: the operator may not list them. Who holds writes back stays as the Secret says, but for `hold` (a flush takes the
 * fence if nobody has it) and `release` (it gives it back if it has it): nobody can take it from another. Throws `NameTakenError` when a Secret of that name belongs to somebody else.
 */
export const ensureAccess = async (
  runtime: Pick<StoreRuntime, 'client' | 'clock' | 'masterKey' | 'previousMasterKey'>,
  store: ReadSessionStore,
  engine: ResolvedEngine,
  options: FenceChange & CredentialChange & RevocationChange & Call = {},
): Promise<Access> => {
  const call = options.signal ? { signal: options.signal } : {}
  const names = objectNames(storeName(store))
  const preset = presetFor(store.spec.sessions)
  const current = await findSecret(runtime, store, names.acl, call)
  if (current && !isOwnedBy(current, store)) throw new NameTakenError('Secret', names.acl)
  const fencedBy = holderAfter(current?.metadata.annotations?.[fenceAnnotation], options)

  const clients: AclUser[] = []
  const turns = new Map<string, Turn>()
  const hashes = clientHashes(decode(current, aclKey))
  const tls = await readClientTls(runtime, store, call)
  for (const { name } of store.spec.clients) {
    const { turn, password } = await ensureClientSecret(runtime, store, name, tls, options)
    turns.set(name, turn)
    const add = (user: string, hash: string) =>
      clients.push(
        clientUser({
          name: user,
          passwordHash: hash,
          keyPrefix: store.spec.sessions.keyPrefix,
          commands: preset.commands(serverVersion(engine.version)),
          channels: preset.channels?.(store.spec.sessions.keyPrefix) ?? [],
          fenced: fencedBy !== undefined,
        }),
      )
    add(userName(name, turn), passwordHash(password))
    // The other one stays as it is until somebody says that it may go.
    const other = userName(name, otherTurn(turn))
    const hash = options.prepare?.find(({ user }) => user === other)?.passwordHash ?? hashes.get(other)
    if (hash !== undefined && !options.retire?.includes(other)) add(other, hash)
  }
  const users = [
    ...ownUsers({
      operator: passwordHash(operatorLogin(runtime, store).password),
      replication: isReplicated(store) ? replicationPasswords(runtime, store).map(passwordHash) : [],
    }),
    ...clients,
  ]
  // First the Secrets: until the ACL file is written it still names who is to go, so a crash in between leaves nothing behind.
  await removeClientSecrets(runtime, store, current, call)
  const known = Number(decode(current, revocationKey))
  const revocation = Math.max(known, store.status?.revocation?.number ?? 0, options.revocation ?? 0)
  const data = { [aclKey]: aclFile(users), ...(hasClaims(store) ? { [revocationKey]: String(revocation) } : {}) }
  await writeAcl(runtime, store, current, data, fencedBy, call)
  return { users, clientUsers: clients.map((user) => user.name), turns, fencedBy }
}

/** Hashes of the passwords of the clients' users, by user, as an ACL file has them. */
const clientHashes = (file: string): ReadonlyMap<string, string> =>
  new Map([...file.matchAll(/^user (\S+-[ab]) .*?(#[0-9a-f]{64})/gm)].map(([, user = '', hash = '']) => [user, hash]))

/** A change of who holds writes back, by the UID of a FlushSessions. */
export interface FenceChange {
  readonly hold?: string
  readonly release?: string
}

/** A deletion of a flush. */
export interface RevocationChange {
  /** Its number, which data must have from now on to be read by anybody. It never goes back. */
  readonly revocation?: number
}

/** A step of a rotation. */
export interface CredentialChange {
  /** Let these users in as well: of a client's two the one that its Secret does not name. */
  readonly prepare?: readonly { readonly user: string; readonly passwordHash: string }[]
  /** What clients' Secrets are to name from now on. */
  readonly publish?: readonly { readonly client: string; readonly credential: ClientCredential }[]
  /** Let these users in no more: of a client's two the one that its Secret does not name. */
  readonly retire?: readonly string[]
}

const holderAfter = (holder: string | undefined, { hold, release }: FenceChange): string | undefined => {
  if (hold !== undefined && holder === undefined) return hold
  return release !== undefined && holder === release ? undefined : holder
}

/** The UID of the FlushSessions that holds a store's writes back, read live; undefined when none does. */
export const readFence = async (
  runtime: Pick<StoreRuntime, 'client'>,
  store: ReadSessionStore,
  signal: AbortSignal,
): Promise<string | undefined> => {
  const secret = await findSecret(runtime, store, objectNames(storeName(store)).acl, { signal })
  return secret && isOwnedBy(secret, store) ? secret.metadata.annotations?.[fenceAnnotation] : undefined
}

type Call = { readonly signal?: AbortSignal }

const writeAcl = async (
  runtime: Pick<StoreRuntime, 'client'>,
  store: ReadSessionStore,
  current: Secret | undefined,
  data: Readonly<Record<string, string>>,
  fencedBy: string | undefined,
  call: Call,
): Promise<void> => {
  const annotations = fencedBy === undefined ? undefined : { [fenceAnnotation]: fencedBy }
  const desired = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: ownedMetadata(store, objectNames(storeName(store)).acl, annotations),
    type: 'Opaque',
    data: encode(data),
  }
  if (!current) {
    await runtime.client.create(secrets, desired, call)
  } else if (!holds(current, data) || current.metadata.annotations?.[fenceAnnotation] !== fencedBy) {
    // With the resourceVersion that was read: nobody else's change is overwritten unseen.
    const { resourceVersion, uid } = current.metadata
    const identity = {
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(uid === undefined ? {} : { uid }),
    }
    await runtime.client.replace(secrets, { ...desired, metadata: { ...desired.metadata, ...identity } }, call)
  }
}

/** The Secret of one client; resolves with what it says. A password that somebody put into it is the client's from then on. */
const ensureClientSecret = async (
  runtime: Pick<StoreRuntime, 'client'>,
  store: ReadSessionStore,
  client: string,
  tls: ClientTls | undefined,
  { publish, signal }: CredentialChange & Call,
): Promise<ClientCredential> => {
  const call = signal ? { signal } : {}
  const name = objectNames(storeName(store)).clientSecret(client)
  const current = await findSecret(runtime, store, name, call)
  const retain = store.spec.deletionPolicy === 'Retain'
  if (current && !isOwnedBy(current, store) && !isRetained(current, store)) throw new NameTakenError('Secret', name)
  const credential =
    publish?.find((each) => each.client === client)?.credential ??
    (await credentialIn(runtime, store, client, current, call))
  const shown = { certificate: decode(current, 'tls.crt'), key: decode(current, 'tls.key') }
  const data = clientSecretData(
    store,
    client,
    credential,
    tls && { ...tls, certificate: tls.certificate(client, shown) },
  )
  const metadata = retain
    ? {
        name,
        namespace: storeNamespace(store),
        labels: labels(store),
        annotations: { [retainedAnnotation]: storeName(store) },
      }
    : ownedMetadata(store, name)
  const desired = { apiVersion: 'v1', kind: 'Secret', type: 'servicebinding.io/redis', metadata, data: encode(data) }
  if (!current) {
    await runtime.client.create(secrets, desired, call)
  } else if (
    !holds(current, data) ||
    hasMore(current, data) ||
    retain !== isRetained(current, store) ||
    isOwnedBy(current, store) === retain
  ) {
    const { resourceVersion } = current.metadata
    const precondition = resourceVersion === undefined ? {} : { resourceVersion }
    await runtime.client.replace(secrets, { ...desired, metadata: { ...metadata, ...precondition } }, call)
  }
  return credential
}

/** What a client's Secret says; where that is nothing, the client's own password or a new one. */
const credentialIn = async (
  runtime: Pick<StoreRuntime, 'client'>,
  store: ReadSessionStore,
  client: string,
  secret: Secret | undefined,
  call: Call,
): Promise<ClientCredential> => {
  const turn = turnOf(client, decode(secret, 'username'))
  const known = passwordOf(decode(secret, 'password'))
  if (known !== undefined) return { turn, password: known }
  const own = await readOwnPassword(runtime, store, client, call)
  return { turn, password: own?.password ?? newPassword() }
}

/** What TLS has put there goes with it. */
const hasMore = ({ data = {} }: Secret, wanted: Readonly<Record<string, string>>): boolean =>
  ['ca.crt', 'tls.crt', 'tls.key'].some((key) => data[key] !== undefined && wanted[key] === undefined)

const isRetained = (secret: Secret, store: ReadSessionStore): boolean =>
  secret.metadata.annotations?.[retainedAnnotation] === storeName(store) &&
  (secret.metadata.ownerReferences ?? []).length === 0

/** Deletes the Secrets of clients that the ACL file named before and the spec names no more. */
const removeClientSecrets = async (
  runtime: Pick<StoreRuntime, 'client'>,
  store: ReadSessionStore,
  before: Secret | undefined,
  call: Call,
): Promise<void> => {
  const declared = new Set(store.spec.clients.map((client) => client.name))
  const named = [...clientHashes(decode(before, aclKey)).keys()].map((user) => user.slice(0, -2))
  for (const client of new Set(named)) {
    if (declared.has(client)) continue
    const name = objectNames(storeName(store)).clientSecret(client)
    const secret = await findSecret(runtime, store, name, call)
    if (secret && (isOwnedBy(secret, store) || isRetained(secret, store))) {
      await runtime.client.delete(
        secrets,
        { namespace: storeNamespace(store), name },
        { ...call, ...(secret.metadata.uid === undefined ? {} : { uid: secret.metadata.uid }) },
      )
    }
  }
}
