// PostgreSQL's own parser: SQL text to a raw parse tree.

/** A node of the raw parse tree, as JSON. */
export type SqlNode = Readonly<Record<string, unknown>>

export type ParseResult =
  | { readonly tree: SqlNode }
  /** A syntax error. `offset` is a string index. */
  | { readonly message: string; readonly offset: number }

type Parser = typeof import('libpg-query')
let parser: Promise<Parser> | undefined

/** Parses SQL with the grammar of PostgreSQL 18. The parser is a large WebAssembly module, loaded on first use. */
export async function parseSql(text: string): Promise<ParseResult> {
  if (text.split('/*').length > maxComments) return { message: 'too many comments', offset: 0 }
  parser ??= load()
  const { parseSync, hasSqlDetails } = await parser
  try {
    return { tree: parseSync(text) as unknown as SqlNode } // untyped nodes, which callers check one by one
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const position = (hasSqlDetails(error) ? error.sqlDetails?.cursorPosition : undefined) ?? 0
    // The position counts code points, and some of them are two UTF-16 units of a string.
    return { message: shortened(error.message), offset: [...text].slice(0, Math.max(position, 0)).join('').length }
  }
}

/** PostgreSQL takes quadratic time to find that nested comments have no end. */
const maxComments = 2000

/** If a quoted text has no end, the message quotes all that is left of the statement, and more. */
function shortened(message: string): string {
  const [line = '', ...others] = message.split('\n')
  if (line.length > 300) return `${line.slice(0, 300)}…`
  return others.length > 0 ? `${line}…"` : line
}

async function load(): Promise<Parser> {
  const module = await import('libpg-query')
  await module.loadModule()
  return module
}

/** The statements of a parse tree. */
export function statementsOf({ stmts }: SqlNode): readonly SqlNode[] {
  return Array.isArray(stmts) ? stmts.map((entry: { readonly stmt?: SqlNode }) => entry.stmt ?? {}) : []
}

export function isSqlNode(value: unknown): value is SqlNode {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

/** The parts of a name in a parse tree, `{ String: … }` each, with the schema first if there is one. */
export function nameParts(names: unknown): readonly string[] {
  if (!Array.isArray(names)) return []
  return names.flatMap((part: unknown) =>
    isSqlNode(part) && isSqlNode(part.String) && typeof part.String.sval === 'string' ? [part.String.sval] : [],
  )
}
