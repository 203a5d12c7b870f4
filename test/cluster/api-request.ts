import { request } from 'node:https'

export interface ApiAccess {
  readonly url: string
  /** PEM. */
  readonly ca: string
  readonly token: string
}

export interface ApiAnswer {
  readonly status: number
  readonly body: string
}

/** One request to an API server, with no retry. Rejects when there is no answer within `timeoutMs`. */
export const apiRequest = (
  { url, ca, token }: ApiAccess,
  path: string,
  { method = 'GET', body, timeoutMs = 5_000 }: { method?: string; body?: unknown; timeoutMs?: number } = {},
): Promise<ApiAnswer> =>
  new Promise((resolve, reject) => {
    const outgoing = request(
      new URL(path, url),
      {
        method,
        ca,
        agent: false,
        signal: AbortSignal.timeout(timeoutMs),
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
        },
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (text += chunk))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }))
        response.on('error', reject)
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body === undefined ? undefined : JSON.stringify(body))
  })

/** Whether the server says it is ready for work. */
export const isReady = async (access: ApiAccess): Promise<boolean> =>
  (await apiRequest(access, '/readyz', { timeoutMs: 2_000 })).status === 200
