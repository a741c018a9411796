import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import { chmod, link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { GatewayError, messageOf } from 'openclaw/plugin'

/** This machine's key pair towards gateways. */
export interface Identity {
  /** Lower-case hex SHA-256 of the raw public key. */
  readonly deviceId: string
  /** base64url of the raw Ed25519 public key. */
  readonly publicKey: string
  /** base64url signature of a text. */
  sign(text: string): string
}

/**
 * The key in `<state>/identity/device.json`, made on first use. Of two first uses at once one wins, and both have its key.
 * Throws `rpc_setup` when the file cannot be read, is damaged, or cannot be made.
 */
export async function loadIdentity(state: string): Promise<Identity> {
  const file = join(state, 'identity', 'device.json')
  const text = (await read(file)) ?? (await create(file))
  try {
    const { privateKeyPem } = JSON.parse(text) as { privateKeyPem: string }
    return identityOf(createPrivateKey(privateKeyPem))
  } catch (error) {
    throw new GatewayError(
      'rpc_setup',
      `${file} is damaged (${messageOf(error)}). Move it away to get a new device key; gateways will have to pair it again.`,
    )
  }
}

function identityOf(key: KeyObject): Identity {
  if (key.asymmetricKeyType !== 'ed25519') throw new Error(`not an Ed25519 key but ${key.asymmetricKeyType}`)
  const { x = '' } = createPublicKey(key).export({ format: 'jwk' })
  const deviceId = createHash('sha256').update(Buffer.from(x, 'base64url')).digest('hex')
  return { deviceId, publicKey: x, sign: (text) => sign(null, Buffer.from(text), key).toString('base64url') }
}

async function read(file: string): Promise<string | undefined> {
  try {
    const text = await readFile(file, 'utf8')
    if (process.platform !== 'win32' && ((await stat(file)).mode & 0o077) !== 0) await chmod(file, 0o600)
    return text
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new GatewayError('rpc_setup', `Cannot read the device key: ${messageOf(error)}`)
  }
}

/** Written whole under another name, then given its own unless somebody was first. */
async function create(file: string): Promise<string> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const text = `${JSON.stringify(
    {
      version: 1,
      deviceId: identityOf(privateKey).deviceId,
      publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }),
      privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      createdAtMs: Date.now(),
    },
    null,
    2,
  )}\n`
  const draft = `${file}.${randomUUID()}.tmp`
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    await writeFile(draft, text, { mode: 0o600, flag: 'wx', flush: true })
    await link(draft, file)
    return text
  } catch (error) {
    const winner = (error as NodeJS.ErrnoException).code === 'EEXIST' ? await read(file) : undefined
    if (winner !== undefined) return winner
    throw new GatewayError('rpc_setup', `Cannot make a device key in ${dirname(file)}: ${messageOf(error)}. Make the folder writable.`)
  } finally {
    await rm(draft, { force: true })
  }
}
