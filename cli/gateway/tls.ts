import { execFile } from 'node:child_process'
import { chmod, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { GatewayConfig } from 'openclaw'
import { GatewayError, messageOf } from 'openclaw/plugin'
import { expandHome, type Paths } from '../paths.js'

type Tls = NonNullable<GatewayConfig['tls']>

/**
 * Read the certificate files that `gateway.tls` names into the texts the kernel takes. Without any, a self-signed pair is
 * made once and kept in the state directory. Throws `tls`.
 */
export async function loadTls(tls: Tls, paths: Paths): Promise<Tls> {
  if (!tls.enabled) return tls
  const directory = join(paths.state, 'gateway', 'tls')
  const place = (path: string | undefined, name: string) => (path === undefined ? join(directory, name) : expandHome(path, paths.home))
  const files = { cert: place(tls.certPath, 'gateway-cert.pem'), key: place(tls.keyPath, 'gateway-key.pem') }
  const own = tls.certPath === undefined && tls.keyPath === undefined
  const missing = own && (await read(files.cert).catch(() => undefined)) === undefined
  if (missing && tls.autoGenerate !== false) await generate(directory, files)
  try {
    const [cert, key] = await Promise.all([read(files.cert), read(files.key)])
    const ca = tls.caPath === undefined ? undefined : await read(expandHome(tls.caPath, paths.home))
    return { ...tls, cert, key, ...(ca !== undefined && { ca }) }
  } catch (error) {
    const absent = (error as NodeJS.ErrnoException).code === 'ENOENT'
    throw new GatewayError(
      'tls',
      absent ? `gateway tls: cert/key missing (${messageOf(error)})` : `gateway tls: failed to load cert (${messageOf(error)})`,
    )
  }
}

const read = (path: string) => readFile(path, 'utf8')

async function generate(directory: string, { cert, key }: { cert: string; key: string }) {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1'
  const what = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-sha256', '-days', '3650', '-subj', '/CN=openclaw-gateway']
  const args = [...what, '-addext', names, '-keyout', key, '-out', cert]
  await new Promise<void>((resolve, reject) => {
    execFile('openssl', args, { timeout: 30_000 }, (error) =>
      error ? reject(new GatewayError('tls', `gateway tls: failed to generate cert (${messageOf(error)})`)) : resolve(),
    )
  })
  await chmod(key, 0o600)
}
