/** Entry `openclaw/config`: read, check and watch a configuration file. */
export { lineOf, nodeAt, parseJson5, type Tree } from './locate.js'
export { type LoadedFile, loadConfig, type Variables } from './load.js'
export { validateConfig } from '../../core/validate.js'
export { watchConfig } from './watch.js'
