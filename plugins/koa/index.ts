import { definePlugin } from 'openclaw/plugin'
import { KoaBuilder } from '../contracts/http.js'

/** Routes with patterns and Koa handlers. Koa is loaded when the first generation has such a route. */
export default definePlugin({
  api: 1,
  name: 'koa',
  provides: [KoaBuilder],
  apply(kernel) {
    kernel.provide(KoaBuilder, {
      build: async (routes, middleware) => (await import('./app.js')).buildKoa(routes, middleware),
    })
  },
})
