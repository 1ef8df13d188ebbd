// The primary key that a table declares. Its name is one of the names of its schema.

export interface PrimaryKey {
  /** The name of the constraint, and of its index. */
  readonly name: string
  readonly columns: readonly string[]
  readonly include: readonly string[]
  /** Of a live key only. A merge cannot use a deferrable one. */
  readonly isDeferrable?: boolean
  /** Of a live key only: whether its index is not valid, so that no query uses it. */
  readonly isInvalid?: boolean
}

/** The same as a manifest would declare it. */
export interface PrimaryKeyStanza {
  readonly name: string
  readonly columns: string[]
  readonly include?: string[]
}

type Declared =
  | readonly string[]
  | { readonly name?: string; readonly columns: readonly string[]; readonly include?: readonly string[] }

/** Without a name, the one that PostgreSQL would choose: `orders_pkey`, from a shortened name of the table if necessary. */
export function declaredPrimaryKey(table: string, declared: Declared | undefined): PrimaryKey | null {
  if (declared === undefined) return null
  if (isList(declared)) return { name: defaultKeyName(table), columns: declared, include: [] }
  return { name: declared.name ?? defaultKeyName(table), columns: declared.columns, include: declared.include ?? [] }
}

/** A declared key, with its name. */
export function namedPrimaryKey(table: string, declared: Declared | undefined): PrimaryKeyStanza | undefined {
  const key = declaredPrimaryKey(table, declared)
  return key ? stanzaOfKey(key) : undefined
}

export function stanzaOfKey({ name, columns, include }: PrimaryKey): PrimaryKeyStanza {
  return { name, columns: [...columns], ...(include.length === 0 ? {} : { include: [...include] }) }
}

function isList(declared: Declared): declared is Extract<Declared, readonly unknown[]> {
  return Array.isArray(declared)
}

/** The name that PostgreSQL would choose. */
export function defaultKeyName(table: string): string {
  const suffix = '_pkey'
  const characters = [...table]
  while (Buffer.byteLength(characters.join('')) + suffix.length > 63) characters.pop()
  return `${characters.join('')}${suffix}`
}
