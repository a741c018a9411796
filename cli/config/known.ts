/**
 * Keys of existing configuration files that this version does not act on: a warning for each area, so that such a file
 * works as it is. `*` is any key or index. A path listed here counts only where no schema has it, so that a plugin which
 * takes a key over needs no change here.
 */
const areas: Readonly<Record<string, string>> = {
  gateway: 'tailscale controlUi tools push nodes channelHealthCheckMinutes channelStaleEventThresholdMinutes channelMaxRestartsPerHour',
  'gateway.auth': 'allowTailscale',
  'gateway.http.endpoints': 'responses',
  'gateway.http.endpoints.*': 'enabled maxBodyBytes maxImageParts maxTotalImageBytes maxUrlParts images files',
  'agents.defaults':
    'workspace repoRoot model imageModel imageGenerationModel pdfModel pdfMaxBytesMb pdfMaxPages models skipBootstrap ' +
    'bootstrapMaxChars bootstrapTotalMaxChars bootstrapPromptTruncationWarning userTimezone timeFormat envelopeTimezone ' +
    'envelopeTimestamp envelopeElapsed contextTokens thinkingDefault verboseDefault elevatedDefault timeoutSeconds ' +
    'mediaMaxMb imageMaxDimensionPx typingIntervalSeconds typingMode blockStreamingDefault blockStreamingBreak ' +
    'blockStreamingChunk blockStreamingCoalesce humanDelay maxConcurrent subagents heartbeat compaction contextPruning ' +
    'cliBackends memorySearch sandbox embeddedPi params',
  'agents.defaults.models.*': 'alias params streaming',
  'agents.list.*':
    'default name workspace agentDir model models thinkingDefault reasoningDefault fastModeDefault skills memorySearch ' +
    'humanDelay heartbeat identity groupChat subagents sandbox params tools runtime',
  'agents.list.*.tools': 'elevated exec fs loopDetection sandbox',
  tools: 'elevated exec fs loopDetection web media links message sandbox sessions_spawn',
  models: 'mode bedrockDiscovery',
  'models.providers.*': 'baseUrl apiKey auth api headers authHeader injectNumCtxForOpenAICompat models',
  'models.providers.*.models.*': 'id name api reasoning input cost contextWindow maxTokens headers compat',
  logging: 'level file maxFileBytes consoleLevel consoleStyle redactSensitive redactPatterns',
  session:
    'dmScope identityLinks reset resetByType resetByChannel resetTriggers idleMinutes store typingIntervalSeconds typingMode ' +
    'parentForkMaxTokens sendPolicy agentToAgent threadBindings maintenance',
  env: 'shellEnv',
  secrets: 'resolution',
  'secrets.providers.*': 'noOutputTimeoutMs maxOutputBytes',
  plugins: 'slots',
  'plugins.entries.*': 'hooks subagent',
  commands:
    'native nativeSkills text bash bashForegroundMs config mcp plugins debug restart useAccessGroups ownerAllowFrom ' +
    'ownerDisplay ownerDisplaySecret allowFrom',
}

/** Whole roots. */
const roots = new Set(
  (
    'channels messages session hooks cron tools skills approvals bindings broadcast auth diagnostics update browser ' +
    'discovery canvasHost talk ui media memory mcp acp nodeHost audio cli web commands identity agent routing'
  ).split(' '),
)

/** Notes that programs leave in the file; nothing acts on them, so nothing is said. */
const notes = new Set(['$schema', 'meta', 'wizard'])

/** Misplaced keys, with where they belong. */
const misplaced: Readonly<Record<string, string>> = {
  'gateway.token': 'Config uses "gateway.token". This key is ignored; use "gateway.auth.token" instead.',
}

/** Kinds of model provider that exist elsewhere, for which no plugin is here yet. */
export const absentProviderKinds: readonly string[] = [
  'openai-responses',
  'openai-codex-responses',
  'anthropic-messages',
  'google-generative-ai',
  'github-copilot',
  'bedrock-converse-stream',
  'ollama',
]

const patterns = Object.entries(areas).map(([area, keys]) => ({ area: area.split('.'), keys: new Set(keys.split(' ')) }))

/**
 * What a key is that no schema has: `absent` here and known elsewhere, a `note` to leave alone, misplaced (the text says
 * where it belongs), or undefined: nobody knows it.
 */
export function classifyKey(path: readonly string[]): 'absent' | 'note' | { text: string } | undefined {
  const [root = '', ...rest] = path
  const text = misplaced[path.join('.')]
  if (text !== undefined) return { text }
  if (rest.length === 0 && notes.has(root)) return 'note'
  if (rest.length === 0 && roots.has(root)) return 'absent'
  return knownKeys(path.slice(0, -1)).includes(path.at(-1) as string) ? 'absent' : undefined
}

/** Known keys directly below a path. */
export const knownKeys = (path: readonly string[]): string[] =>
  path.length === 0
    ? [...roots, ...notes]
    : patterns.flatMap(({ area, keys }) =>
        area.length === path.length && area.every((part, at) => part === '*' || part === path[at]) ? [...keys] : [],
      )
