// Finds the names in SQL that can refer to something in the catalog, by words and quotes alone, without a parser. It finds too many
// names rather than too few.

/** Operators that syntax looks up without naming them: IN, CASE, BETWEEN, JOIN USING, LIKE, SIMILAR TO. */
const impliedOperators = ['=', '<>', '<', '<=', '>', '>=', '~~', '!~~', '~~*', '!~~*', '~', '!~']

/** The maximal length of a name in bytes. PostgreSQL cuts off the rest. */
const maxNameLength = 63

/** Everything in the SQL that could be a name, sorted. Undefined if it has names in U&"…" escapes. */
export function namesInSql(texts: Iterable<string>): readonly string[] | undefined {
  const names = new Set<string>(impliedOperators)
  for (const text of new Set(texts)) {
    if (/u&['"]/i.test(text)) return undefined
    for (const name of possibleNames(text)) names.add(name.slice(0, maxNameLength))
  }
  return [...names].sort()
}

function* possibleNames(text: string): Iterable<string> {
  yield* quotedNames(text)
  for (const [word] of text.matchAll(/[a-z_\u{80}-\u{10FFFF}][\w$\u{80}-\u{10FFFF}]*/giu)) {
    // PostgreSQL folds letters beyond ASCII only in single-byte encodings.
    yield word.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
    yield word.toLowerCase()
  }
  for (const [characters] of text.matchAll(/[-+*/<>=~!@#%^&|`?]+/g)) yield* partsOf(characters)
}

/** The texts between any two double quotes. Which of them open a name is not known, since strings and comments may contain some, too. */
function* quotedNames(text: string): Iterable<string> {
  const [, ...parts] = text.split('"')
  for (const [at, part] of parts.entries()) {
    let name = part
    yield name
    // A quote in a name is doubled.
    for (let next = at + 1; parts[next] === '' && next + 1 < parts.length; next += 2) {
      name += `"${parts[next + 1]}`
      yield name
    }
  }
}

/** Characters in a row can be several operators. */
function* partsOf(characters: string): Iterable<string> {
  for (let from = 0; from < characters.length; from++) {
    const end = Math.min(characters.length, from + maxNameLength)
    for (let to = from + 1; to <= end; to++) yield characters.slice(from, to)
  }
}
