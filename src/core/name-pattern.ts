// Name patterns as in psql's `\d`.

import { exitCode, FdwsyncError } from './errors.ts'
import type { ObjectId } from './object.ts'

/**
 * A test for objects whose names match a pattern. `*` is any text, `?` any character, `[0-9]` one of some characters, and `(a|b)` one
 * of some texts; a dot separates schema and name. Outside double quotes, letters fold to lower case; within them no character is
 * special. A pattern without a dot matches in any schema. A user mapping matches by the name of its server.
 * @throws FdwsyncError if it is empty, or a bracket is not closed
 */
export function namePattern(pattern: string): (id: ObjectId) => boolean {
  if (pattern.trim() === '') throw emptyPattern()
  const parts = partsOf(pattern)
  const [schema, name] = parts.length > 1 ? [parts[0], parts.slice(1).join('\\.')] : [undefined, parts[0] ?? '']
  const schemaTest = schema === undefined ? undefined : wholeName(schema, pattern)
  const nameTest = wholeName(name, pattern)
  return (id) => {
    if (schemaTest && !('schema' in id && schemaTest.test(id.schema))) return false
    return nameTest.test('name' in id ? id.name : id.server)
  }
}

function wholeName(expression: string, pattern: string): RegExp {
  try {
    return new RegExp(`^(?:${expression})$`, 'su')
  } catch {
    const message = `the pattern ${pattern} is not valid`
    const hint = 'A ( or [ needs its end, without a dot in between. Put names with such characters in double quotes.'
    throw new FdwsyncError({ code: 'usage/invalid-argument', message, hint }, exitCode.usage)
  }
}

function emptyPattern(): FdwsyncError {
  const message = 'the pattern of a name is empty'
  const hint = 'Names are matched as in psql: shop.orders, shop.*, or * for all of them.'
  return new FdwsyncError({ code: 'usage/invalid-argument', message, hint }, exitCode.usage)
}

/** The pattern, without a schema, that only this name matches. */
export function exactPattern(name: string): string {
  return /^[\p{Ll}\p{N}_$-]+$/u.test(name) ? name : `"${name.replaceAll('"', '""')}"`
}

/** A regular expression for each part between dots. */
function partsOf(pattern: string): readonly string[] {
  const parts = ['']
  let isQuoted = false
  let isInClass = false
  const add = (text: string) => parts.push((parts.pop() ?? '') + text)
  const characters = [...pattern]
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? ''
    if (character === '"') {
      if (isQuoted && characters[at + 1] === '"') {
        add('"')
        at += 1
      } else isQuoted = !isQuoted
    } else if (isQuoted) add(escaped(character))
    else if (isInClass && character !== ']') add(character === '\\' ? '\\\\' : character.toLowerCase())
    else if ('[]'.includes(character)) {
      isInClass = character === '['
      add(character)
    } else if ('(|)'.includes(character)) add(character)
    else if (character === '.') parts.push('')
    else if (character === '*') add('.*')
    else if (character === '?') add('.')
    else add(escaped(character.toLowerCase()))
  }
  return parts
}

function escaped(character: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(character) ? `\\${character}` : character
}
