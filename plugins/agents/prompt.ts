import type { Agent } from '../contracts/agents.js'

/** The prompt of an agent: who it is, then what its workspace says. */
export function promptOf({ id, name, identity }: Agent, workspace: string): string {
  const called = identity.name ?? name ?? (id === 'main' ? undefined : id)
  const persona = [
    called === undefined ? 'You are a personal assistant.' : `You are ${called}, a personal assistant.`,
    ...(identity.theme === undefined ? [] : [`Your character: ${identity.theme}.`]),
    'Answer clearly and to the point. Say so when you do not know or cannot do something.',
  ].join(' ')
  if (workspace === '') return persona
  return `${persona}\n\n# Your workspace\n\nThese files are yours. Follow what they say about who you are and how you work.\n\n${workspace}`
}
