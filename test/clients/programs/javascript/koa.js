// Koa with koa-session and koa-redis, which takes ioredis.
import Koa from 'koa'
import redisStore from 'koa-redis'
import session from 'koa-session'
import { address, binding, ioredis, lifetimeSeconds, log } from './binding.js'

const store = redisStore(ioredis())
store.on('error', (error) => log('redis error', error))

const app = new Koa()
app.on('error', (error) => log('request failed', error))
// Not signed: the id in it is long and random.
app.use(
  session({ key: 'sid', signed: false, prefix: binding('key-prefix'), maxAge: lifetimeSeconds * 1000, store }, app),
)
app.use((context) => {
  const { path, method } = context.request
  if (path === '/healthz') context.body = 'ok'
  else if (method === 'POST' && path === '/login') {
    context.session.user = context.query.user ?? 'somebody'
    context.session.changes = 0
    context.body = { user: context.session.user }
  } else if (method === 'POST' && path === '/logout') {
    context.session = null
    context.body = { user: null }
  } else if (!context.session.user) context.status = 401
  else if (path === '/change') context.body = { changes: (context.session.changes += 1) }
  else if (path === '/me') context.body = { user: context.session.user }
})
app.listen(address.port, address.host)
