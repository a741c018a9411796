import { Readable } from 'node:stream'
import { definePlugin } from 'openclaw/plugin'
import { Routes, Upgrades } from '../../plugins/contracts/http.js'

/** Text in the shape of a provider's key, that must not be seen anywhere. */
export const canary = 'sk-canary0123456789abcdef'
export const scope = 'operator.read'
export const open = { auth: 'gateway', scope, raw: true } as const

/** Fails in every way a handler can. Never more than four times a test, as the fifth fault quarantines. */
export const trouble = (name: string, error: () => unknown = () => new Error(`boom at /srv/secret/place with ${canary}`)) =>
  definePlugin({
    api: 1,
    name,
    apply(kernel) {
      kernel.surface(Routes).tap((routes) => {
        routes.get(`/v1/${name}/throw`, open, () => {
          throw error()
        })
        routes.get(`/v1/${name}/reject`, open, async () => {
          await new Promise((resolve) => setImmediate(resolve))
          throw error()
        })
        routes.get(`/v1/${name}/late`, open, async (_req, _res, call) => {
          call.replyJson(200, { ok: true })
          await new Promise((resolve) => setTimeout(resolve, 30))
          throw error()
        })
        routes.get(`/v1/${name}/at-once`, open, (_req, _res, call) => {
          call.replyJson(200, { ok: true })
          throw error()
        })
        routes.get(`/v1/${name}/stream`, open, async (_req, _res, call) => {
          await call.openEventStream().write('data: 1\n\n')
          throw error()
        })
        routes.get(`/v1/${name}/koa`, { auth: 'gateway', scope }, () => {
          throw error()
        })
        routes.get(`/v1/${name}/koa-stream`, { auth: 'gateway', scope }, (ctx) => {
          ctx.body = new Readable({
            read() {
              this.push('some')
              setImmediate(() => this.destroy(new Error('boom')))
            },
          })
        })
        routes.get(`/v1/${name}/koa-answer`, { auth: 'gateway', scope }, (ctx) => ctx.throw(409, 'Somebody else has it.'))
      })
      kernel.surface(Upgrades).tap((upgrades) =>
        upgrades.add(`/${name}`, {
          auth: 'gateway',
          scope,
          handler: () => {
            throw error()
          },
        }),
      )
    },
  })
