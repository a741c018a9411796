import type { OfflineManifest } from '../contracts/offline.js'

export const manifest: OfflineManifest = { databases: () => import('./beside.js') }
