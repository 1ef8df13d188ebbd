// JSON that can be printed anywhere and still means the same.

import { escapeUnprintable, withoutRunnerCommands } from '../../core/printable.ts'

/** JSON is printable outside of strings. So whatever has to be escaped is inside a string, where these escapes mean the same. */
export function jsonText(document: unknown): string {
  return printed(JSON.stringify(document, undefined, 2))
}

/** On one line, for a log. */
export function jsonLine(document: unknown): string {
  return printed(JSON.stringify(document))
}

function printed(json: string): string {
  return `${withoutRunnerCommands(escapeUnprintable(json, escaped), escaped)}\n`
}

/** A character outside the basic plane takes two escapes. */
function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, at) => {
    return `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`
  }).join('')
}
