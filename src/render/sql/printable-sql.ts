// SQL that can be printed and still means the same: characters that a terminal or a CI runner would obey become escapes of SQL.

import { isPrintable, oneLine, printable, printableText, withoutRunnerCommands } from '../../core/printable.ts'

const token =
  /--[^\n]*|\/\*[\s\S]*?\*\/|(?<![\w$"])[eE]'(?:[^'\\]|''|\\[\s\S])*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|(?<![\w$])\$(\w*)\$[\s\S]*?\$\1\$|[^-/eE'"$]+|[\s\S]/g

/** Text outside of quotes and comments is returned as it is, except for blanks. The caller checks that the whole can be printed. */
export function printableSql(sql: string): string {
  return sql.replace(token, (part, tag?: string) => (isPrintable(part) ? part : escapedToken(part, tag)))
}

function escapedToken(part: string, tag: string | undefined): string {
  if (part.startsWith('--')) return `--${printable(oneLine(part.slice(2)))}`
  if (part.startsWith('/*')) return part.includes('/*', 2) ? part : ' '
  if (part.startsWith("'")) return constant(part.slice(1, -1).replaceAll('\\', '\\\\'))
  if (/^[eE]'/.test(part)) return constant(part.slice(2, -1))
  if (part.startsWith('"')) return identifier(part.slice(1, -1))
  if (tag !== undefined) {
    const body = part.slice(tag.length + 2, -tag.length - 2)
    return constant(body.replaceAll('\\', '\\\\').replaceAll("'", "''"))
  }
  return part.replace(/[\t\r\f\v]/g, ' ')
}

/** The content of an `E''` constant. Its escapes are those of {@link printableText}. */
function constant(content: string): string {
  return `E'${withoutRunnerCommands(printableText(content), (character) => `\\u${hex(character, 4)}`)}'`
}

function identifier(content: string): string {
  const escapeOf = (character: string) =>
    hex(character, 4).length > 4 ? `\\+${hex(character, 6)}` : `\\${hex(character, 4)}`
  const escaped = Array.from(content.replaceAll('\\', '\\\\'), (character) =>
    character === '\n' || printableText(character) === character ? character : escapeOf(character),
  ).join('')
  return `U&"${withoutRunnerCommands(escaped, escapeOf)}"`
}

function hex(character: string, digits: number): string {
  return (character.codePointAt(0) ?? 0).toString(16).padStart(digits, '0')
}
