/** Who may import whom. `core` knows nobody, plugins know only the public door, one file knows every plugin. */
const ours = '^(core|plugins|cli|test|examples)/'
const publicEntries = ['^core/(index|plugin)[.]ts$', '^cli/config/index[.]ts$', '^test/kit/index[.]ts$', '^plugins/[^/]+/index[.]ts$']

module.exports = {
  forbidden: [
    {
      name: 'core-imports-no-plugin',
      severity: 'error',
      from: { path: '^core/' },
      to: { path: '^(plugins|cli|test|examples)/' },
    },
    {
      name: 'embedding-stays-light',
      comment: 'createGateway takes values: nothing that reads files or parses arguments is reachable from it.',
      severity: 'error',
      from: { path: '^core/(index|plugin)[.]ts$' },
      to: {
        path: 'node_modules/(cosmiconfig|cac|tsx|chokidar|@humanwhocodes/momoa)/|^(node:)?fs(/promises)?$',
        reachable: true,
      },
    },
    {
      name: 'plugins-use-the-public-door',
      severity: 'error',
      from: { path: '^plugins/(?!contracts/)([^/]+)/' },
      to: { path: ours, pathNot: ['^core/plugin[.]ts$', '^plugins/contracts/', '^plugins/$1/'] },
    },
    {
      name: 'contracts-know-the-public-door',
      severity: 'error',
      from: { path: '^plugins/contracts/' },
      to: { path: ours, pathNot: ['^core/plugin[.]ts$', '^plugins/contracts/'] },
    },
    {
      name: 'contracts-bring-no-library',
      comment: 'Tokens and interfaces: types may come from a library, code may not.',
      severity: 'error',
      from: { path: '^plugins/contracts/' },
      to: { pathNot: ours, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'egress-is-the-one-door',
      comment:
        'Clients of the network: a URL from outside goes through the service Egress. The others here have configured addresses, or serve.',
      severity: 'error',
      from: {
        path: '^(core|plugins)/',
        pathNot: ['^plugins/egress/', '^plugins/provider-openai/origin[.]ts$', '^plugins/ws-protocol/', '^core/port[.]ts$'],
      },
      to: { path: '^(node:)?(https|http2|tls|dgram)$|node_modules/(undici|ws)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'sockets-are-imported-by-name',
      comment: 'What is imported dynamically has no names that the linter could look at.',
      severity: 'error',
      from: { path: '^(core|plugins)/', pathNot: '^plugins/egress/' },
      to: { path: '^(node:)?(http|net)$', dynamic: true },
    },
    {
      name: 'cli-names-plugins-in-one-file',
      severity: 'error',
      from: { path: '^cli/', pathNot: '^cli/standard[.]ts$' },
      to: { path: '^plugins/(?!contracts/)' },
    },
    {
      name: 'standard-takes-light-files',
      comment: 'The list of bundled plugins reads their wiring, manifests and schemas; the work behind them is loaded by them.',
      severity: 'error',
      from: { path: '^cli/standard[.]ts$' },
      to: { path: '^plugins/(?!contracts/)', pathNot: '^plugins/[^/]+/(index|manifest|schema)[.]ts$' },
    },
    {
      name: 'examples-use-public-entries',
      severity: 'error',
      from: { path: '^examples/([^/]+)/' },
      to: { path: ours, pathNot: [...publicEntries, '^examples/$1/'] },
    },
    {
      name: 'kit-uses-public-entries',
      severity: 'error',
      from: { path: '^test/kit/' },
      to: { path: ours, pathNot: [...publicEntries, '^test/kit/'] },
    },
    {
      name: 'product-imports-no-test',
      severity: 'error',
      from: { path: '^(core|plugins|cli)/' },
      to: { path: '^(test|examples)/' },
    },
    {
      name: 'no-cycles',
      comment: 'A cycle of types alone disappears in the build; any other one makes the load order matter.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'everything-resolves', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'packages-are-listed',
      severity: 'error',
      from: { path: ours },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|test/fixtures)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['openclaw-source', 'import', 'node', 'default', 'types'],
    },
  },
}
