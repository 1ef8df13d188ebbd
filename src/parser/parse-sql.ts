/** A node of PostgreSQL's raw parse tree, as JSON. */
export type SqlNode = Readonly<Record<string, unknown>>

export type ParseResult =
  | { readonly tree: SqlNode }
  /** `offset` in characters from the start of the text. */
  | { readonly message: string; readonly offset: number }

type Parser = typeof import('libpg-query')
let parser: Promise<Parser> | undefined

/** Parses SQL with PostgreSQL's own grammar (of 18). Loaded at the first use: it is a large WebAssembly module. */
export async function parseSql(text: string): Promise<ParseResult> {
  parser ??= load()
  const { parseSync, hasSqlDetails } = await parser
  try {
    return { tree: parseSync(text) as unknown as SqlNode } // a tree of nodes that we look into one by one
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const position = (hasSqlDetails(error) ? error.sqlDetails?.cursorPosition : undefined) ?? 0
    // The position counts characters, a string of JavaScript has two units for many of them.
    return { message: error.message, offset: [...text].slice(0, Math.max(position, 0)).join('').length }
  }
}

async function load(): Promise<Parser> {
  const module = await import('libpg-query')
  await module.loadModule()
  return module
}

/** The statements of a parsed text. */
export function statementsOf({ stmts }: SqlNode): readonly SqlNode[] {
  return Array.isArray(stmts) ? stmts.map((entry: { readonly stmt?: SqlNode }) => entry.stmt ?? {}) : []
}

export function isSqlNode(value: unknown): value is SqlNode {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
