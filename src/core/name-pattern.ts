// Name patterns as in psql's `\d`.

import type { ObjectId } from './object.ts'

/**
 * A test for objects whose names match a pattern. `*` is any text and `?` any character; a dot separates schema and name;
 * letters outside double quotes fold to lower case. A pattern without a dot matches in any schema. A user mapping matches
 * by the name of its server.
 */
export function namePattern(pattern: string): (id: ObjectId) => boolean {
  const parts = partsOf(pattern)
  const [schema, name] = parts.length > 1 ? [parts[0], parts.slice(1).join('\\.')] : [undefined, parts[0] ?? '']
  const schemaTest = schema === undefined ? undefined : new RegExp(`^${schema}$`, 'su')
  const nameTest = new RegExp(`^${name}$`, 'su')
  return (id) => {
    if (schemaTest && !('schema' in id && schemaTest.test(id.schema))) return false
    return nameTest.test('name' in id ? id.name : id.server)
  }
}

/** The pattern, without a schema, that only this name matches. */
export function exactPattern(name: string): string {
  return /^[\p{Ll}\p{N}_$-]+$/u.test(name) ? name : `"${name.replaceAll('"', '""')}"`
}

/** A regular expression for each part between dots. */
function partsOf(pattern: string): readonly string[] {
  const parts = ['']
  let isQuoted = false
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
