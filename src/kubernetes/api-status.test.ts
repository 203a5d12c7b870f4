import { expect, test } from 'vitest'
import { errorFromStatus } from './api-status.ts'

const status = (reason: string, message = '') => ({ kind: 'Status', reason, message })

test.each([
  [400, status('BadRequest'), 'invalid'],
  [401, status('Unauthorized'), 'retryable'],
  [403, status('Forbidden'), 'forbidden'],
  [404, status('NotFound'), 'notFound'],
  [405, status('MethodNotAllowed'), 'terminal'],
  [409, status('AlreadyExists'), 'exists'],
  [409, status('Conflict'), 'conflict'],
  [410, status('Expired'), 'retryable'],
  [415, status('UnsupportedMediaType'), 'terminal'],
  [422, status('Invalid'), 'invalid'],
  [429, status('TooManyRequests'), 'retryable'],
  [500, status('InternalError'), 'retryable'],
  [500, status('', 'failed to create typed patch object (a/b; v1, Kind=C): .x: field not declared'), 'invalid'],
  [503, undefined, 'retryable'],
  [504, 'a proxy said so', 'retryable'],
])('%i %j is %s', (code, body, kind) => {
  expect(errorFromStatus('get pods a/b', code, body)).toMatchObject({ kind, status: code })
})

test('says what was asked and what the server answered, shortened', () => {
  const error = errorFromStatus('apply pods a/b', 422, status('Invalid', 'x'.repeat(5000)))
  expect(error.message).toMatch(/^apply pods a\/b: 422 x+$/)
  expect(error.message.length).toBeLessThan(1100)
})

test('says only the reason about what may quote a secret', () => {
  const error = errorFromStatus('apply secrets a/b', 422, status('Invalid', 'hunter2'), { secretive: true })
  expect(error.message).toBe('apply secrets a/b: 422 Invalid')
})

test('keeps how long the server asks to wait, from the header or the body', () => {
  const body = { ...status('TooManyRequests'), details: { retryAfterSeconds: 3 } }
  expect(errorFromStatus('x', 429, body).retryAfterMs).toBe(3000)
  expect(errorFromStatus('x', 429, body, { retryAfter: '7' }).retryAfterMs).toBe(7000)
  expect(errorFromStatus('x', 429, status('')).retryAfterMs).toBeUndefined()
  expect(errorFromStatus('x', 503, '', { retryAfter: 'Wed, 21 Oct 2026 07:28:00 GMT' }).retryAfterMs).toBeUndefined()
})
