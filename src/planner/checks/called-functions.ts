// Finds the functions that SQL calls, by its text alone. It may find more: words before a parenthesis, and parts of strings. Pure.

export interface CalledFunction {
  /** Null if the name is not qualified. */
  readonly schema: string | null
  readonly name: string
}

const name = String.raw`"(?:[^"]|"")+"|[a-z_\u{80}-\u{10FFFF}][\w$\u{80}-\u{10FFFF}]*`
const call = new RegExp(String.raw`(?:(${name})\s*\.\s*)?(${name})\s*\(`, 'giu')

export function calledFunctions(texts: Iterable<string>): readonly CalledFunction[] {
  const found = new Map<string, CalledFunction>()
  for (const text of texts) {
    for (const [key, schema, called = ''] of text.matchAll(call))
      found.set(key, { schema: schema === undefined ? null : unquoted(schema), name: unquoted(called) })
  }
  return [...found.values()]
}

function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text.toLowerCase()
}
