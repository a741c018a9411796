import { refusal } from '../contracts/methods.js'

/** Control characters other than tab, line feed and carriage return. */
const controls = /[\u0001-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g

/** A message as it is kept: composed, trimmed, without control characters. Error: `INVALID_REQUEST`. */
export function cleanText(message: string): string {
  if (message.includes('\0')) throw refusal('INVALID_REQUEST', 'message must not contain null bytes')
  return message.normalize('NFC').replace(controls, '').trim()
}

/** A reply that is meant for nobody. */
const silent = 'NO_REPLY'
export const isSilent = (text: string): boolean => text.trim() === silent
/** Whether what was said so far may still become a silent reply. */
export function mayBeSilent(text: string): boolean {
  const trimmed = text.trim()
  return silent.startsWith(trimmed)
}

const stops = new Set(
  (
    'stop abort esc wait exit interrupt halt stopp anhalten abbrechen arrête arrete stoppe detente para pare parar ' +
    'ferma fermati basta стоп остановись durdur dur zatrzymaj توقف قف रुको 停止 停 停下 停一下 止めて やめて ストップ 중지 멈춰 그만'
  ).split(' '),
)

/** A message that means: end what runs. */
export const isStop = (text: string): boolean =>
  stops.has(
    text
      .toLowerCase()
      .replace(/[\s.!?…,;:。！？、]+$/u, '')
      .replace(/^\//, ''),
  )
