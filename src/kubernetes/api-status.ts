import { ApiError, type ApiErrorKind } from './errors.ts'

/** `metav1.Status`, as far as we read it. */
interface Status {
  readonly message?: unknown
  readonly reason?: unknown
  readonly details?: { readonly retryAfterSeconds?: unknown }
}

/** Longest message that we pass on, in characters: an invalid object of many fields fills pages. */
const longestMessage = 1024

/**
 * What a status code asks of the caller. 401 is retryable because a rotated token cures it. A server-side apply that
 * does not fit the schema answers 500 (kubernetes/kubernetes#96351), but trying again will not cure that.
 */
const kindOf = (status: number, reason: string, message: string): ApiErrorKind => {
  switch (status) {
    case 400:
    case 422:
      return 'invalid'
    case 401:
    case 410:
    case 429:
      return 'retryable'
    case 403:
      return 'forbidden'
    case 404:
      return 'notFound'
    case 409:
      return reason === 'AlreadyExists' ? 'exists' : 'conflict'
    default:
      if (status === 500 && message.includes('failed to create typed patch object')) return 'invalid'
      return status >= 500 ? 'retryable' : 'terminal'
  }
}

/**
 * Makes the error of an answer. `subject` says what was asked, such as `apply statefulsets.apps shop/web`.
 * @param secretive leaves the server's message out: about a Secret it may quote what the Secret holds.
 */
export const errorFromStatus = (
  subject: string,
  code: number,
  body: unknown,
  options: { readonly retryAfter?: string | undefined; readonly secretive?: boolean } = {},
): ApiError => {
  const status: Status = typeof body === 'object' && body !== null ? body : {}
  const reason = typeof status.reason === 'string' ? status.reason : ''
  const message = typeof status.message === 'string' ? status.message : ''
  const seconds = Number(options.retryAfter ?? status.details?.retryAfterSeconds)
  const told = options.secretive ? reason : message.slice(0, longestMessage)
  return new ApiError(`${subject}: ${code}${told === '' ? '' : ` ${told}`}`, {
    kind: kindOf(code, reason, message),
    status: code,
    reason,
    ...(Number.isFinite(seconds) && seconds >= 0 ? { retryAfterMs: seconds * 1000 } : {}),
  })
}
