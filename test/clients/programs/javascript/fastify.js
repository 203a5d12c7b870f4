// Fastify with @fastify/session and connect-redis.
import cookie from '@fastify/cookie'
import session from '@fastify/session'
import { RedisStore } from 'connect-redis'
import fastify from 'fastify'
import { createClient } from 'redis'
import { address, binding, lifetimeSeconds, log, nodeRedis } from './binding.js'

const redis = createClient(nodeRedis())
redis.on('error', (error) => log('redis error', error))
await redis.connect()

const app = fastify()
app.get('/healthz', () => 'ok')
await app.register(cookie)
await app.register(session, {
  cookieName: 'sid',
  secret: 'only-for-tests'.repeat(5),
  store: new RedisStore({ client: redis, prefix: binding('key-prefix') }),
  saveUninitialized: false,
  cookie: { maxAge: lifetimeSeconds * 1000, secure: false },
})
const loggedIn = (request, reply, done) => {
  if (request.session.user) done()
  else reply.code(401).send('log in first')
}
app.post('/login', async (request) => {
  await request.session.regenerate()
  request.session.user = request.query.user ?? 'somebody'
  request.session.changes = 0
  await request.session.save()
  return { user: request.session.user }
})
app.get('/me', { preHandler: loggedIn }, (request) => ({ user: request.session.user }))
app.get('/change', { preHandler: loggedIn }, (request) => ({ changes: (request.session.changes += 1) }))
app.post('/logout', async (request) => {
  await request.session.destroy()
  return { user: null }
})
await app.listen(address)
