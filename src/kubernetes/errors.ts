/**
 * What a caller should do about a failed call:
 * `conflict`: read again and decide again; `exists`: the name is taken; `notFound`: there is no such object;
 * `invalid`: the API server refused the content (a person must act); `forbidden`: RBAC or admission said no;
 * `retryable`: try later (429, 5xx, network); `terminal`: trying again will not help.
 */
export type ApiErrorKind = 'conflict' | 'exists' | 'notFound' | 'invalid' | 'forbidden' | 'retryable' | 'terminal'

/** A call to the API server that failed. Holds the server's `message` and `reason`, never a request or response body. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly kind: ApiErrorKind
  /** HTTP status, or 0 when no answer came. */
  readonly status: number
  /** `reason` of the API server's Status, such as `AlreadyExists`. */
  readonly reason: string
  /** What the server asked us to wait, in ms. */
  readonly retryAfterMs: number | undefined

  constructor(
    message: string,
    details: { kind: ApiErrorKind; status: number; reason?: string; retryAfterMs?: number; cause?: unknown },
  ) {
    super(message, { cause: details.cause })
    this.kind = details.kind
    this.status = details.status
    this.reason = details.reason ?? ''
    this.retryAfterMs = details.retryAfterMs
  }
}

/** True when `error` is an {@link ApiError} of one of these kinds. */
export const isApiError = (error: unknown, ...kinds: readonly ApiErrorKind[]): error is ApiError =>
  error instanceof ApiError && (kinds.length === 0 || kinds.includes(error.kind))

/** This process may no longer be the leader, so it must not write. The process ends soon after. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError'
}

/** Trying again will not help until the object changes: the workqueue forgets the key instead of backing off. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError'
}
