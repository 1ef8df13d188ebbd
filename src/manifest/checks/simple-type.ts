// Recognizes common types without loading the SQL parser.

import { reservedWords } from '../../core/reserved-words.ts'

const withoutModifier = 'bigint|boolean|double precision|int|integer|real|smallint'
const withLength = '(?:bit|char|character)(?: varying)?|varchar|nchar|float|interval|time|timestamp'
const withPrecision = 'dec|decimal|numeric'

const spelling = new RegExp(
  `^(?:(?:${withoutModifier})|(?:${withLength})(?:\\(\\d+\\))?|(?:time|timestamp)(?:\\(\\d+\\))? with(?:out)? time zone` +
    `|(?:${withPrecision}|(?<word>[a-z_][a-z0-9_]*))(?:\\(\\d+(?:, ?\\d+)?\\))?)(?:\\[\\])*$`,
  'i',
)

/**
 * Whether a text is certainly a type; false if only the parser can decide. Nearly every type in a manifest is simple, and
 * loading the parser takes as long as everything else together.
 */
export function isSimpleType(text: string): boolean {
  const match = spelling.exec(text)
  return match !== null && !reservedWords.has(match.groups?.word?.toLowerCase() ?? '')
}
