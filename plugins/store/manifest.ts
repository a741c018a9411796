import type { OfflineManifest } from '../contracts/offline.js'

export const manifest: OfflineManifest = { readDatabase: () => import('./read-only.js') }
