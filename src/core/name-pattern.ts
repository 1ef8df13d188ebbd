import type { ObjectId } from './object.ts'

/**
 * A test for the names that a pattern means, as psql's `\d` takes it: `*` is any text, `?` any character, a dot stands
 * between schema and name, letters fold to lower case but between double quotes. Without a dot any schema will do. A user
 * mapping goes by the name of its server.
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

/** Regular expressions of what stands between the dots. */
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
