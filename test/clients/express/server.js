// A small application as it would run in production: express 5, express-session, connect-redis, node-redis.
//   BINDING_DIR  where the client Secret is mounted (default /bindings/sessions)
//   PORT         default 3000
//   RESAVE       `false` switches express-session's `resave` off; its own default, and the worst case for a flush, is true
//   TTL          `false` makes connect-redis write sessions that never expire (its `disableTTL`)
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { RedisStore } from 'connect-redis'
import express from 'express'
import session from 'express-session'
import { createClient } from 'redis'
import { Gate } from './gate.js'

const bindingDir = process.env.BINDING_DIR ?? '/bindings/sessions'
const binding = (file) => readFileSync(join(bindingDir, file), 'utf8').trim()
// With TLS the Secret has the authority to trust.
const encryption = () => (existsSync(join(bindingDir, 'ca.crt')) ? { tls: true, ca: binding('ca.crt') } : {})
const log = (event, fields = {}) =>
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), event, ...fields })}\n`)
// Only the kind of an error: its text may hold a key name, and that is a credential.
const kindOf = (error) =>
  error?.code ?? String(error?.message ?? error).match(/^[A-Z]{3,}/)?.[0] ?? error?.name ?? 'unknown'

const redis = createClient({
  name: 'express',
  socket: {
    host: binding('host'),
    port: Number(binding('port')),
    ...encryption(),
    connectTimeout: 3_000,
    reconnectStrategy: (retries) => Math.min(25 * 2 ** retries, 1_000) + Math.floor(Math.random() * 25),
  },
  // Read for each new connection, so that a rotated password is found without a restart.
  credentialsProvider: {
    type: 'async-credentials-provider',
    credentials: () => Promise.resolve({ username: binding('username'), password: binding('password') }),
  },
  // A command waits in the queue through a reconnect, but not for ever: then the request fails.
  commandOptions: { timeout: 2_000 },
  commandsQueueMaxLength: 10_000,
})
redis.on('error', (error) => log('redis error', { kind: kindOf(error) }))
redis.on('ready', () => log('redis ready'))

const app = express()
app.disable('x-powered-by')
app.get('/healthz', (_request, response) => {
  response.status(redis.isReady ? 200 : 503).send(redis.isReady ? 'ok' : 'no Redis')
})

const gate = new Gate()
app.post('/release', (_request, response) => response.json({ released: gate.open() }))
app.get('/held', (_request, response) => response.json({ held: gate.waiting }))

app.use(
  session({
    name: 'sid',
    secret: 'only-for-tests',
    store: new RedisStore({ client: redis, prefix: binding('key-prefix'), disableTTL: process.env.TTL === 'false' }),
    resave: process.env.RESAVE !== 'false',
    saveUninitialized: false,
    cookie: { maxAge: 30 * 60 * 1000, httpOnly: true, sameSite: 'lax' },
  }),
)

const loggedIn = (request, response, next) => {
  if (request.session.user) next()
  else response.status(401).send('log in first')
}
const call = (run) => new Promise((resolve, reject) => run((error) => (error ? reject(error) : resolve())))

app.post('/login', async (request, response) => {
  await call((done) => request.session.regenerate(done))
  request.session.user = String(request.query.user ?? 'somebody')
  request.session.changes = 0
  // Saved before the answer: who is told "logged in" is logged in.
  await call((done) => request.session.save(done))
  response.json({ user: request.session.user })
})
app.get('/me', loggedIn, (request, response) => {
  response.json({ user: request.session.user, changes: request.session.changes })
})
app.get('/change', loggedIn, (request, response) => {
  request.session.changes += 1
  response.json({ changes: request.session.changes })
})
app.get('/hold', loggedIn, async (request, response) => {
  const { user } = request.session
  if (request.query.change !== undefined) request.session.changes += 1
  if (request.query.ms === undefined) await gate.wait()
  else await delay(Math.min(Number(request.query.ms), 120_000))
  response.json({ user })
})
app.post('/logout', async (request, response) => {
  await call((done) => request.session.destroy(done))
  response.json({ user: null })
})
// Four parameters make it an error handler. That a save failed is reported when the answer is already made.
app.use((error, request, response, _next) => {
  log('request failed', { path: request.path, kind: kindOf(error), answered: response.headersSent })
  if (response.headersSent) return
  // express-session would try to save once more, and have the connection closed when that fails too.
  request.session = null
  response.status(503).send('sessions are not available')
})

// Answers /healthz before Redis does, so that readiness and not a crash loop says what is missing.
const server = app.listen(Number(process.env.PORT ?? 3000), () => log('listening', { port: server.address().port }))
await redis.connect()
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => {
    gate.open()
    server.close(() => redis.close().finally(() => process.exit(0)))
    server.closeIdleConnections()
  })
}
