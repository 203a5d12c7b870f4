import { request } from 'node:https'
import { setTimeout as delay } from 'node:timers/promises'
import { apiRequest, type ApiAccess } from '../../api-request.ts'

interface KubernetesObject {
  readonly metadata: { readonly uid: string; readonly resourceVersion: string }
}

interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  readonly object: KubernetesObject
}

/** One watch request: calls `onEvent` for each event, resolves when the server ends it, rejects when it breaks. */
const watchOnce = (access: ApiAccess, path: string, onEvent: (event: WatchEvent) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    const outgoing = request(
      new URL(path, access.url),
      { ca: access.ca, agent: false, headers: { authorization: `Bearer ${access.token}` } },
      (response) => {
        let rest = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          const lines = (rest + chunk).split('\n')
          rest = lines.pop() ?? ''
          for (const line of lines) onEvent(JSON.parse(line) as WatchEvent)
        })
        response.on('end', resolve)
        response.on('error', reject)
      },
    )
    outgoing.on('error', reject)
    outgoing.end()
  })

/**
 * Keeps `onChange` told of all objects of a resource, for ever. While the API server is away the last known ones hold,
 * as a network plugin must not open the gates then.
 */
export const watchAll = async (
  access: ApiAccess,
  path: string,
  onChange: (objects: readonly unknown[]) => void,
): Promise<never> => {
  for (;;) {
    try {
      const answer = await apiRequest(access, path)
      if (answer.status !== 200) throw new Error(`${path}: ${answer.status}`)
      const list = JSON.parse(answer.body) as { metadata: { resourceVersion: string }; items: KubernetesObject[] }
      const known = new Map(list.items.map((item) => [item.metadata.uid, item]))
      onChange([...known.values()])
      const query = `watch=1&resourceVersion=${list.metadata.resourceVersion}&timeoutSeconds=3600`
      await watchOnce(access, `${path}?${query}`, ({ type, object }) => {
        if (type === 'DELETED') known.delete(object.metadata.uid)
        else if (type === 'ADDED' || type === 'MODIFIED') known.set(object.metadata.uid, object)
        else return
        onChange([...known.values()])
      })
    } catch (error) {
      console.error(`${path}: ${error instanceof Error ? error.message : String(error)}; again in 200 ms`)
    }
    await delay(200)
  }
}
