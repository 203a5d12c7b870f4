/** A condition: what it says when it is True, and each reason with the status that it comes with and what it means. */
interface Explained {
  readonly says: string
  readonly reasons: Readonly<
    Record<string, readonly [status: 'True' | 'False' | 'Unknown' | 'True, False', means: string]>
  >
}

const unreachable = ['False', 'Redis does not answer the operator, or not as it should.'] as const
const invalid = 'The spec as it is stored cannot be read.'
const refused = 'A change that the spec asks for was refused by Redis: the message has its words.'
const nameTaken = 'An object that the store needs exists and is not its own.'
const rejected = 'The API server refuses an object of the store: a quota, a policy, a field of `spec.pod`.'
const noCandidate = 'No node that answers has the sessions, and one that is silent may have them.'
const silent = 'The primary does not answer, and may still acknowledge writes.'
const waitingForData = 'A node that is starting, or whose claim waits for its pod, may have a file with the sessions.'
const volumeRefused = 'A volume has sessions of another store, or something else that this one has not written.'
const behind = 'A volume is from before the last flush: it holds revoked sessions, and nobody can read them.'
const outOfMemory = 'Redis refuses writes: `maxmemory` is used up, and the policy drops nothing.'
const writeFailed = 'A write through the Service failed for another reason.'
const unschedulable = 'No node has room for the pod, or none fits.'
const evicted = 'The kubelet has evicted the pod.'
const certificate = 'The Secret with the certificate is missing, or cannot be used: what runs goes on as it is.'

/** Conditions of a SessionStore. No other reason can be reported; the kubelet's own (`ImagePullBackOff` and the like) come as they are, in Ready and Degraded. */
export const storeConditions = {
  Ready: {
    says: 'A write through its Service has just succeeded.',
    reasons: {
      WriteSucceeded: ['True', 'As it says.'],
      PodNotRunning: ['False', 'The pod does not run yet.'],
      PodNotReady: ['False', 'Redis runs, and the kubelet does not lead anybody to it yet.'],
      RedisUnreachable: unreachable,
      WriteFailed: ['False', writeFailed],
      OutOfMemory: ['False', outOfMemory],
      Starting: ['False', 'There is no primary yet.'],
      PrimaryUnreachable: ['False', silent],
      NoCandidate: ['False', noCandidate],
      WaitingForData: ['False', waitingForData],
      VolumeBehindFlush: ['False', behind],
      VolumeRefused: ['False', volumeRefused],
      Unschedulable: ['False', unschedulable],
      Evicted: ['False', evicted],
      NameTaken: ['False', nameTaken],
      Rejected: ['False', rejected],
      CertificateUnusable: ['False', certificate],
      EngineNotSupported: ['False', 'The operator does not know the line, and `spec.engine.image` is not set.'],
      Invalid: ['False', invalid],
    },
  },
  Progressing: {
    says: 'Something that the spec asks for is being done.',
    reasons: {
      Settled: ['False', 'Everything that the spec asks for is in force.'],
      Starting: ['True', 'Redis is not there yet.'],
      Resizing: ['True', "The kubelet is changing the container's memory limit."],
      Rolling: ['True', 'Pods are replaced, one at a time.'],
      HandingOver: ['True', 'The primary hands over to a replica.'],
      ReplicasSyncing: ['True', 'A replica does not follow the primary yet.'],
      RestartPending: [
        'False',
        'Something waits for a restart that ends sessions, or logins for some seconds: the message has the command.',
      ],
      RedisRefused: ['True', refused],
      Paused: ['False', '`spec.maintenance.paused` is true.'],
      NameTaken: ['False', nameTaken],
      Rejected: ['False', rejected],
      CertificateUnusable: ['False', certificate],
    },
  },
  Degraded: {
    says: 'It does not work, or works with less than it should have.',
    reasons: {
      AsExpected: ['False', 'Nothing is missing.'],
      Fenced: ['True', 'A flush holds writes back: nobody can log in until it ends.'],
      ReplicasMissing: ['True', 'A replica has not followed the primary for half a minute.'],
      RedisUnreachable: ['True', unreachable[1]],
      WriteFailed: ['True', writeFailed],
      OutOfMemory: ['True', outOfMemory],
      RedisRefused: ['True', refused],
      Starting: ['True', 'There is no primary, where there was one.'],
      PrimaryUnreachable: ['True', silent],
      NoCandidate: ['True', `${noCandidate} It stops and asks.`],
      WaitingForData: ['True', waitingForData],
      VolumeBehindFlush: ['True', behind],
      VolumeRefused: ['True', volumeRefused],
      Unschedulable: ['True', unschedulable],
      Evicted: ['True', evicted],
      NameTaken: ['True', nameTaken],
      Rejected: ['True', rejected],
    },
  },
  MemorySafe: {
    says: 'What `spec.memory` asks for is in force.',
    reasons: {
      WithinLimit: ['True', "`maxmemory` fits the container's limit."],
      BelowUsedMemory: ['False', 'A smaller `maxmemory` would evict sessions: it waits until what is used fits.'],
      UsedMemoryUnknown: ['False', 'A smaller `maxmemory` waits until Redis can be asked what it uses.'],
      LimitNotChanged: ['False', "The container's limit cannot be changed in place: the pod must be recreated."],
    },
  },
  Persisted: {
    says: 'What the store keeps on disks is written. Not there with `persistence.mode: None`.',
    reasons: {
      AppendOnly: ['True', 'As it says.'],
      Snapshot: ['True', 'As it says.'],
      ClaimResizing: ['True', 'A volume is growing.'],
      ClaimNotResized: ['False', "A claim cannot grow: the message has the API server's reason."],
      VolumeLost: ['False', 'The volume of a claim is gone: delete the claim and its pod.'],
      VolumeRefused: ['False', volumeRefused],
      WriteFailing: ['False', 'A file cannot be written; most likely the disk is full.'],
    },
  },
  CredentialsCurrent: {
    says: 'Nobody can log in with a password of before.',
    reasons: {
      Current: ['True', 'As it says.'],
      Retiring: ['False', 'The user of before is taken away when nobody has used it for a while.'],
      OldCredentialInUse: [
        'False',
        'Applications are connected with the password of before: the message names their pods.',
      ],
      PasswordSecretUnusable: ['False', 'The Secret with your own password is missing, or has none that can be used.'],
    },
  },
  CertificateCurrent: {
    says: 'Every server shows the newest certificate. Not there without TLS.',
    reasons: {
      Current: ['True', 'As it says.'],
      Loading: ['False', 'A server does not show it yet.'],
      AuthorityChanging: ['False', 'Two authorities are trusted, until applications have read `ca.crt` again.'],
      PodsWithoutTLS: ['False', 'Pods that were made before TLS was asked for are to be replaced.'],
      Expiring: ['False', 'Your certificate ends soon.'],
      Expired: ['False', 'The certificate has ended.'],
      CertificateUnusable: ['False', certificate],
    },
  },
  EngineSupported: {
    says: 'Redis is the one that the spec asks for, and has the fixes that it should have.',
    reasons: {
      Known: ['True', 'As far as this operator knows.'],
      FixesBackported: ['True', '`spec.engine.fixesBackported` says so.'],
      BelowFloor: ['False', 'It lacks the fix of a CVE that the message names.'],
      UnknownVersion: ['False', 'The operator does not know the line.'],
      FormatNotReadable: [
        'False',
        'The engine that the spec asks for cannot read the sessions that there are: the store goes on with the one that it has.',
      ],
    },
  },
  UpdateAvailable: {
    says: 'This operator would choose a newer image. Nothing changes by itself.',
    reasons: {
      Newest: ['False', 'What runs is what it would choose.'],
      NewerImage: ['True', 'The message has what to write into the spec.'],
    },
  },
  PolicyMet: {
    says: 'Every session keeps the limits of `spec.sessions.ttl`.',
    reasons: {
      AsExpected: ['True', 'As it says.'],
      Corrected: ['True', 'Because sweeps see to it: the library does not, and the message has its remedy.'],
      ImmortalSessions: ['False', "Sessions without a time to live: the message has the library's remedy."],
      LongerThanMaximum: ['False', 'Sessions with more time to live than `ttl.max`.'],
      SessionsTooOld: ['False', 'Sessions that began longer ago than `ttl.absolute`.'],
      SweepFailed: ['Unknown', "Redis refuses the operator's look."],
      Disabled: ['Unknown', '`spec.sessions.ttl.enforcement` is Disabled.'],
    },
  },
  ClientsDeclared: {
    says: 'Nobody is connected whom `spec.clients` does not name.',
    reasons: {
      Declared: ['True', 'As it says.'],
      UndeclaredClients: ['False', 'The message names them.'],
      NotAllKnown: ['Unknown', 'The operator cannot see which pod a connection comes from.'],
      Disabled: ['Unknown', '`spec.network.enforcement` is Disabled.'],
    },
  },
} as const satisfies Readonly<Record<string, Explained>>

export type StoreConditionType = keyof typeof storeConditions
/** A reason that a condition of a SessionStore may have. */
export type StoreReason<T extends StoreConditionType> = Extract<keyof (typeof storeConditions)[T]['reasons'], string>

const beginAnew = ['False', 'Another process runs, or rights were given: it is done again, with a full drain.'] as const

const guardBroken = [
  'False',
  'Another process runs, or Redis has lost names that it was to remember: what is in scope is looked for anew.',
] as const

/** Steps of a FlushSessions. A step that was not come to has no condition. */
export const flushConditions = {
  Planned: {
    says: 'Sessions were counted.',
    reasons: {
      Counted: ['True', 'As it says.'],
      Queued: ['False', 'Another flush of this store goes first.'],
    },
  },
  Approved: {
    says: 'A second person agrees. Not there where the store asks for none.',
    reasons: {
      Approved: ['True', 'As it says.'],
      AwaitingApproval: ['False', 'The message has the command.'],
      PlanChanged: [
        'False',
        'What was approved is not the plan any more: the message has the command for the new one.',
      ],
      ApproverNotAllowed: ['False', 'Whoever approved is who asked, or is in no group that the store names.'],
    },
  },
  Recorded: { says: 'The intent is on record.', reasons: { IntentRecorded: ['True', 'In a signed AuditRecord.'] } },
  Fenced: {
    says: 'No client can write a session.',
    reasons: {
      WritesRefused: ['True', 'As it says.'],
      FenceTaken: ['False', 'Another flush has the fence.'],
      FenceBroken: beginAnew,
    },
  },
  Deleted: {
    says: 'Every session in scope was deleted.',
    reasons: {
      Flushed: ['True', 'All at once, with the fence.'],
      Unlinked: ['True', 'One after the other.'],
      SetAside: ['True', 'All at once, with nobody held up.'],
      FenceBroken: beginAnew,
      GuardBroken: guardBroken,
    },
  },
  Guarded: {
    says: 'What came back meanwhile was deleted again.',
    reasons: { Watched: ['True', 'For `limits.drain`.'], GuardBroken: guardBroken },
  },
  Scrubbed: {
    says: 'No file of the primary has a deleted session.',
    reasons: {
      NoFile: ['True', 'Nothing is kept on disk.'],
      Rewritten: ['True', 'Files were written anew.'],
      FenceBroken: beginAnew,
      GuardBroken: guardBroken,
    },
  },
  Drained: {
    says: 'Requests that were under way have ended.',
    reasons: { Waited: ['True', 'For `limits.drain`.'], FenceBroken: beginAnew },
  },
  Rotated: {
    says: 'Nobody is let in with a password of before.',
    reasons: { CredentialsReplaced: ['True', 'Every client has a new user, and its Secret names it.'] },
  },
  Verified: {
    says: 'An independent count found none.',
    reasons: { Empty: ['True', 'As it says.'], GuardBroken: guardBroken },
  },
  Unfenced: { says: 'Clients can write again.', reasons: { WritesAllowed: ['True', 'As it says.'] } },
  Replicated: {
    says: 'No node has a deleted session, nor has a file of its.',
    reasons: {
      Acknowledged: ['True', 'Every node has the deletion, or is proven gone.'],
      NodeAway: [
        'False',
        'A node that may hold deleted sessions cannot be reached: people can log in, the flush does not complete.',
      ],
    },
  },
} as const satisfies Readonly<Record<string, Explained>>

export type FlushConditionType = keyof typeof flushConditions

/** A reason that a step may have; one that a flush ended in has the flush's. */
export type FlushReason<T extends FlushConditionType> =
  Extract<keyof (typeof flushConditions)[T]['reasons'], string> | FlushOutcome

/** How a flush ends: `status.outcome`, and the reason of the step that it ended in. */
export const flushOutcomes = {
  Verified: ['Completed', 'Nothing in scope is left.'],
  DryRun: ['Completed', 'Planned and counted; nothing was changed.'],
  Aborted: ['Aborted', '`spec.abort` was set.'],
  Deleted: ['Aborted', 'The FlushSessions was deleted before it had finished.'],
  Refused: ['Failed', 'It is not proven who asks, or who approved, or the store is not there.'],
  FenceTimeout: ['Failed', 'It did not finish within `limits.maxFence`; the fence is down.'],
  NotEmpty: ['Failed', 'Sessions in scope were there after the second pass: something writes.'],
  NamesLost: ['Failed', 'Redis has lost names of deleted sessions: create it again, `Fenced`.'],
  TooMany: ['Failed', 'More sessions are in scope than `limits` allows.'],
  TooSlow: ['Failed', 'At `limits.keysPerSecond` the fence would be up for longer than `limits.maxFence`.'],
  Undecodable: ['Failed', 'Of some sessions it cannot be read whether they are in scope: `onUndecodable` decides.'],
  CoolingDown: ['Failed', 'Everybody was logged out a short while ago: `limits.ignoreCooldown`.'],
  IdsAreReused: ['Failed', 'The library takes over the ids of old cookies, so it cannot be guarded: `Fenced`.'],
  NotConfined: ['Failed', 'Somebody could write beside the prefix, so not everything may be put aside: `Fenced`.'],
  NoDatabaseAside: ['Failed', 'A Redis was started with one database: restart its pod, or `Fenced`.'],
  DataBehindFlush: [
    'Failed',
    'The data is from before an earlier flush: `all` ends what is there, or bring back the volume.',
  ],
  ApprovalTimedOut: ['Failed', "Nobody approved it within the store's `flushes.approval.timeout`."],
  ListMissing: ['Failed', 'The Secret of the scope is not there, or has no list.'],
  NoClock: ['Failed', 'The sessions do not say how old they are.'],
  NoIndex: ['Failed', "The library keeps no index of a person's sessions: without `exhaustive: false`."],
  NoPrincipal: ['Failed', 'The store does not say where a session says whose it is.'],
  NoReader: ['Failed', 'Nothing reads sessions of this client.'],
  PasswordBrought: ['Failed', 'A client brings its password, so the operator cannot give it another: `Fenced`.'],
  OutsideThePrefix: ['Failed', 'The pattern reaches beyond the keys of this store.'],
  ScopeChanged: ['Failed', 'The Secret of the scope has changed since the plan.'],
} as const satisfies Readonly<Record<string, readonly [phase: string, means: string]>>

/** Why a flush ended as it did. */
export type FlushOutcome = keyof typeof flushOutcomes
