import type { Middleware } from 'koa'
import type { Access, Kernel, Row } from 'openclaw/plugin'
import type { KoaBuilder, KoaRoutes, Route, Upgrade } from '../contracts/http.js'
import { type ProxyRules, proxyRules } from './peer.js'
import { compileRoutes, type RouteTable } from './routes.js'
import { type HostRules, hostRules } from './rules.js'
import type { HttpConfig } from './schema.js'

type Tables = {
  routes: ReadonlyMap<string, Row<Route>>
  upgrades: ReadonlyMap<string, Row<Upgrade>>
  middleware: ReadonlyMap<string, Row<Middleware>>
}

/** What does not change with the tables. */
export interface Surroundings extends Pick<Kernel, 'emit' | 'log' | 'redact'> {
  /** The gateway is shutting down. */
  closing(): boolean
}

/** Everything a request is answered from, compiled once per generation. */
export interface Site extends Surroundings {
  readonly access: Access
  readonly routes: RouteTable
  readonly upgrades: ReadonlyMap<string, Row<Upgrade>>
  readonly hosts: HostRules
  readonly origins: ReadonlySet<string>
  /** Headers of every answer but its request id. */
  readonly common: readonly (readonly [name: string, value: string])[]
  readonly limits: Pick<HttpConfig, 'headerLines' | 'targetBytes'>
  readonly proxies: ProxyRules
  readonly disabled: ReadonlySet<string>
  /** Built on first use; undefined where no route needs it. */
  readonly koa: (() => Promise<KoaRoutes>) | undefined
}

const securityHeaders = [
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
  ['permissions-policy', 'camera=(), microphone=(), geolocation=()'],
] as const

export function compileSite(
  config: HttpConfig,
  access: Access,
  tables: Tables,
  builder: KoaBuilder | undefined,
  surroundings: Surroundings,
): Site {
  const routes = compileRoutes(tables.routes)
  const {
    allowedHosts,
    cors,
    securityHeaders: { strictTransportSecurity: hsts },
    headerLines,
    targetBytes,
    disabledPaths,
  } = config
  let koa: Promise<KoaRoutes> | undefined
  const build = builder && (() => (koa ??= builder.build(routes.patterned, [...tables.middleware.values()])))
  return {
    ...surroundings,
    access,
    routes,
    upgrades: tables.upgrades,
    hosts: hostRules(allowedHosts),
    origins: new Set(cors.allowedOrigins.map((origin) => origin.toLowerCase())),
    common: [...securityHeaders, ...(hsts && hsts.trim() ? [['strict-transport-security', hsts.trim()] as const] : [])],
    limits: { headerLines, targetBytes },
    proxies: proxyRules(access.trustedProxies, access.allowRealIpFallback),
    disabled: new Set(disabledPaths),
    koa: routes.patterned.length > 0 ? build : undefined,
  }
}
