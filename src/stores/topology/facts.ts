import type { PrimaryStatus } from '../../api/session-store-status.ts'
import type { Info } from '../../redis/info.ts'

/** What is known of one node when it is decided who is the primary. */
export interface NodeFacts {
  readonly name: string
  /** UID of its pod. */
  readonly uid: string
  readonly ordinal: number
  /** Its pod is being deleted, or the spec asks for fewer. */
  readonly leaving: boolean
  readonly state: 'answering' | 'starting' | 'gone' | 'silent'
  /** How long it has not answered, in ms. */
  readonly silentMs: number
  /** Its files outlast its pod: who has its name next is this node still. */
  readonly onClaim: boolean
  /** There may be a file of its sessions that it would read when it starts. */
  readonly mayHaveFile: boolean
  /** What it says of itself, when it answers. */
  readonly info: Info | undefined
}

/** What the decision rests on. */
export interface Facts {
  /** What status says; undefined before the first primary. */
  readonly primary: PrimaryStatus | undefined
  readonly nodes: readonly NodeFacts[]
  /** How many replicas the spec asks for. */
  readonly replicas: number
  /** How long ago the replicas were cut from a primary that is silent, in ms; undefined: they were not. */
  readonly isolatedMs: number | undefined
}

/** What a new primary is chosen by, the best first. */
export type Basis =
  /** It followed the primary. */
  | 'Replica'
  /** It followed the primary before that one, and had not caught up with the last. */
  | 'EarlierHistory'
  /** It read its own file when it started. */
  | 'Disk'
  /** Nobody has anything. */
  | 'Empty'
  /** There was no primary yet. */
  | 'First'
  /** The primary gave over, and both had the same. */
  | 'Handover'

/** Why there is no primary now. */
export type NoPrimary = 'Starting' | 'PrimaryUnreachable' | 'NoCandidate' | 'WaitingForData'

export type Decision =
  /** The primary of record answers as one. */
  | { readonly act: 'serve'; readonly node: NodeFacts }
  /** The promotion of record is not finished. */
  | { readonly act: 'finish'; readonly node: NodeFacts }
  | { readonly act: 'promote'; readonly node: NodeFacts; readonly basis: Basis; readonly cause: string }
  /** The primary of record is silent: cut the replicas from it, and wait until it cannot acknowledge a write any more. */
  | { readonly act: 'isolate'; readonly reason: NoPrimary; readonly message: string }
  /** Look again soon. */
  | { readonly act: 'wait'; readonly reason: NoPrimary; readonly message: string }
  /** Nothing can be done before a person, or Kubernetes, brings something back. */
  | { readonly act: 'stop'; readonly reason: NoPrimary; readonly message: string }
