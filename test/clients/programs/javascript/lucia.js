// Lucia 2 with its Redis session adapter, on node:http. Its users are kept in memory.
import { createServer } from 'node:http'
import { ioredis as ioredisAdapter } from '@lucia-auth/adapter-session-redis'
import { Redis } from 'ioredis'
import { lucia } from 'lucia'
import { node } from 'lucia/middleware'
import { address, binding, ioredis, lifetimeSeconds, log } from './binding.js'

const redis = new Redis(ioredis())
redis.on('error', (error) => log('redis error', error))

const prefix = binding('key-prefix')
const users = new Map()
const inMemory = () => ({
  getUser: (id) => Promise.resolve(users.get(id) ?? null),
  setUser: (user) => Promise.resolve(void users.set(user.id, user)),
  updateUser: () => Promise.resolve(),
  deleteUser: () => Promise.resolve(),
  getKey: () => Promise.resolve(null),
  getKeysByUserId: () => Promise.resolve([]),
  setKey: () => Promise.resolve(),
  updateKey: () => Promise.resolve(),
  deleteKey: () => Promise.resolve(),
  deleteKeysByUserId: () => Promise.resolve(),
})
const auth = lucia({
  env: 'DEV',
  middleware: node(),
  csrfProtection: false,
  sessionCookie: { name: 'sid' },
  sessionExpiresIn: { activePeriod: lifetimeSeconds * 1000, idlePeriod: 1 },
  adapter: {
    user: inMemory,
    session: ioredisAdapter(redis, { session: `${prefix}session`, userSessions: `${prefix}user_sessions` }),
  },
})

const answer = (response, status, body) => {
  response.statusCode = status
  response.end(JSON.stringify(body))
}
const serve = async (request, response) => {
  const url = new URL(request.url, 'http://application')
  if (url.pathname === '/healthz') return answer(response, 200, 'ok')
  const handled = auth.handleRequest(request, response)
  if (url.pathname === '/login') {
    const userId = url.searchParams.get('user') ?? 'somebody'
    if (!users.has(userId)) await auth.createUser({ userId, key: null, attributes: {} })
    const session = await auth.createSession({ userId, attributes: {} })
    handled.setSession(session)
    return answer(response, 200, { user: userId })
  }
  const session = await handled.validate()
  if (session === null) return answer(response, 401, 'log in first')
  if (url.pathname === '/logout') {
    await auth.invalidateSession(session.sessionId)
    handled.setSession(null)
  } else if (url.pathname === '/change') await auth.updateSessionAttributes(session.sessionId, { changes: 1 })
  return answer(response, 200, { user: session.user.userId })
}
createServer((request, response) => {
  serve(request, response).catch((error) => {
    log('request failed', error)
    answer(response, 500, 'failed')
  })
}).listen(address.port, address.host)
